//! The JSON envelopes of Jaeger's answers and errors.
//!
//! In: data or an error. Out: the response. Errors are JSON, too, but leave as plain text with a final newline:
//! so does the original, and its clients read them all the same.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use query::source::SourceError;
use serde::Serialize;
use serde_json::json;
use serde_json::ser::PrettyFormatter;

use crate::api::params::Params;
use crate::api::response::{JSON, go_error, status_of, with_body};

/// The envelope of the `/api/*` routes.
#[derive(Debug, Serialize)]
pub struct Envelope<D> {
    /// What was asked for.
    pub data: D,
    /// Number of elements where the original counts them, else zero.
    pub total: usize,
    /// Always zero.
    pub limit: usize,
    /// Always zero.
    pub offset: usize,
    /// What went wrong beside the data.
    pub errors: Option<Vec<TraceError>>,
}

/// An error about one trace or about the request.
#[derive(Debug, Serialize)]
pub struct TraceError {
    /// The HTTP status, absent in errors about one trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// What is wrong.
    pub msg: String,
    /// The trace, absent in errors about the request.
    #[serde(rename = "traceID", skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: StatusCode,
    /// Text for people, in the original's words.
    pub message: String,
}

impl Refusal {
    /// A wrong parameter.
    pub fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    /// Something that is not there.
    pub fn not_found(message: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: message.to_owned() }
    }

    /// As the `/api/*` routes tell it.
    pub fn legacy(&self) -> Response<Body> {
        let error =
            TraceError { code: Some(self.status.as_u16()), msg: self.message.clone(), trace_id: None };
        let envelope = Envelope { data: (), total: 0, limit: 0, offset: 0, errors: Some(vec![error]) };
        go_error(self.status, &serde_json::to_string(&envelope).unwrap_or_default())
    }

    /// As the `/api/v3/*` routes tell it.
    pub fn v3(&self) -> Response<Body> {
        let body = json!({"error": {"httpCode": self.status.as_u16(), "message": self.message}});
        go_error(self.status, &body.to_string())
    }
}

impl From<SourceError> for Refusal {
    fn from(error: SourceError) -> Self {
        Self { status: status_of(error.kind), message: error.message }
    }
}

/// An envelope around data; `total` is what the route counts.
pub fn answer<D: Serialize>(
    params: &Params,
    data: D,
    total: usize,
    errors: Option<Vec<TraceError>>,
) -> Result<Response<Body>, Refusal> {
    print(params, &Envelope { data, total, limit: 0, offset: 0, errors })
}

/// A value as JSON, indented by four blanks when `prettyPrint` asks for it.
pub fn print<T: Serialize>(params: &Params, value: &T) -> Result<Response<Body>, Refusal> {
    let mut body = Vec::new();
    let written = if matches!(params.first("prettyPrint"), "" | "false") {
        serde_json::to_writer(&mut body, value)
    } else {
        let formatter = PrettyFormatter::with_indent(b"    ");
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut body, formatter))
    };
    match written {
        Ok(()) => Ok(with_body(StatusCode::OK, JSON, body)),
        Err(error) => Err(Refusal { status: StatusCode::INTERNAL_SERVER_ERROR, message: error.to_string() }),
    }
}
