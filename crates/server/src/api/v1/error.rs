//! The one form of a refusal: `{"error":{"code","message","remedy"}}` with the status of its kind.

pub use api::refusal::{ErrorBody, ErrorEnvelope};
use axum::body::Body;
use axum::response::IntoResponse;
use http::{Response, StatusCode};
use query::source::SourceError;
use query::sql::SqlError;
use serde::Serialize;
use stdx::Kind;

use crate::api::response::{JSON, status_of, with_body};

/// Why a request was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// What sort of failure.
    pub kind: Kind,
    /// The cause.
    pub message: String,
    /// What to do about it; empty when there is nothing to say.
    pub remedy: String,
}

impl ApiError {
    /// A wrong parameter or body.
    pub fn invalid(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { kind: Kind::InvalidInput, message: message.into(), remedy: remedy.into() }
    }

    /// Something that is not there.
    pub fn not_found(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { kind: Kind::NotFound, message: message.into(), remedy: remedy.into() }
    }

    /// The body of the answer.
    pub fn envelope(&self) -> ErrorEnvelope {
        ErrorEnvelope {
            error: ErrorBody {
                code: code(self.kind).to_owned(),
                message: self.message.clone(),
                remedy: self.remedy.clone(),
            },
        }
    }
}

/// The stable word of a kind.
const fn code(kind: Kind) -> &'static str {
    match kind {
        Kind::InvalidInput => "invalid_input",
        Kind::NotFound => "not_found",
        Kind::Unauthorized => "not_allowed",
        Kind::LimitExceeded => "limit_exceeded",
        Kind::Overloaded => "overloaded",
        Kind::Unavailable => "unavailable",
        Kind::Cancelled => "cancelled",
        Kind::Corrupt => "corrupt",
        Kind::Unsupported => "unsupported",
        Kind::Internal => "internal",
    }
}

impl From<SourceError> for ApiError {
    fn from(error: SourceError) -> Self {
        Self { kind: error.kind, message: error.message, remedy: String::new() }
    }
}

impl From<SqlError> for ApiError {
    fn from(error: SqlError) -> Self {
        Self { kind: error.kind, message: error.message, remedy: error.remedy.to_owned() }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response<Body> {
        json(status_of(self.kind), &self.envelope())
    }
}

/// An answer in JSON.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    match serde_json::to_vec(body) {
        Ok(mut bytes) => {
            bytes.push(b'\n');
            with_body(status, JSON, bytes)
        }
        Err(error) => with_body(StatusCode::INTERNAL_SERVER_ERROR, JSON, error.to_string()),
    }
}
