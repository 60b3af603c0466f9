//! Bodies and headers in the forms that the imitated servers share.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Response, StatusCode};
use stdx::Kind;

/// Content type of JSON answers; no character set, as the originals.
pub const JSON: &str = "application/json";
/// Content type of plain texts.
pub const TEXT: &str = "text/plain; charset=utf-8";
/// Content type of pages.
pub const HTML: &str = "text/html; charset=utf-8";

/// A response with a content type and a body.
pub fn with_body(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// What Go's `http.Error` sends: the text and a final newline, not to be sniffed.
pub fn go_error(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = with_body(status, TEXT, format!("{text}\n"));
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// What Go's router answers for a path or method that nobody serves.
pub fn go_not_found() -> Response<Body> {
    go_error(StatusCode::NOT_FOUND, "404 page not found")
}

/// The HTTP status of a failure's kind.
pub const fn status_of(kind: Kind) -> StatusCode {
    match kind {
        Kind::InvalidInput => StatusCode::BAD_REQUEST,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Unauthorized => StatusCode::UNAUTHORIZED,
        Kind::LimitExceeded => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Overloaded | Kind::Unavailable | Kind::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Unsupported => StatusCode::NOT_IMPLEMENTED,
        Kind::Corrupt | Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
