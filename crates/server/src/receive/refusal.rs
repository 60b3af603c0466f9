//! A refusal in the words of both protocols: `google.rpc.Code`, HTTP status, when to come again, and a text that names cause
//! and remedy.
//!
//! Overload is 503 and UNAVAILABLE, never 429: senders try these again. What will stay wrong is 4xx and a code that senders
//! drop at once, also where another code would be nearer: several SDKs try every 5xx and RESOURCE_EXHAUSTED again.

use decode::response::Code;
use http::StatusCode;
use model::Signal;
use store::AppendError;

use super::append::NotKept;
use super::body::ReadError;
use crate::selfmon::Phase;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// For HTTP.
    pub status: StatusCode,
    /// For gRPC, and in the body of HTTP.
    pub code: Code,
    /// Cause and remedy.
    pub message: String,
    /// Seconds after which the sender may come again; `None` means that it need not.
    pub retry_after_s: Option<u32>,
}

impl Refusal {
    /// The request is wrong and will stay so.
    pub fn wrong(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, code: Code::InvalidArgument, message: message.into(), retry_after_s: None }
    }

    /// The sender should come again.
    pub fn later(message: impl Into<String>, retry_after_s: u32) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: Code::Unavailable,
            message: message.into(),
            retry_after_s: Some(retry_after_s),
        }
    }

    /// The server is opening its store, or stopping.
    pub fn not_open(phase: Phase) -> Self {
        match phase {
            Phase::Stopping => {
                Self::later("the server is stopping; another one or the next start takes this", 2)
            }
            _ => Self::later("the server is starting and reads its log; come again", 1),
        }
    }

    /// The signal is not taken yet. 404 is what an address without this signal says; senders drop the batch and go on.
    pub fn not_available(signal: Signal) -> Self {
        let variable = signal.as_str().to_ascii_uppercase();
        Self {
            status: StatusCode::NOT_FOUND,
            code: Code::Unimplemented,
            message: format!(
                "{signal} are not available in this version; traces are. Set OTEL_{variable}_EXPORTER=none to stop sending them"
            ),
            retry_after_s: None,
        }
    }
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        let message = error.to_string();
        match error {
            ReadError::TooLarge { .. } => Self::wrong(StatusCode::PAYLOAD_TOO_LARGE, message),
            ReadError::Idle(_) | ReadError::TooLong(_) => Self::wrong(StatusCode::REQUEST_TIMEOUT, message),
            ReadError::Incomplete => Self::wrong(StatusCode::BAD_REQUEST, message),
            ReadError::Exhausted(_) => Self::later(message, 1),
        }
    }
}

impl From<NotKept> for Refusal {
    fn from(error: NotKept) -> Self {
        match error {
            NotKept::NotOpen(phase) => Self::not_open(phase),
            NotKept::NoRoom(exhausted) => Self::later(
                format!(
                    "no room to decode this: {} of {} bytes are in use; come again",
                    exhausted.used_bytes, exhausted.limit_bytes
                ),
                1,
            ),
            NotKept::Refused(AppendError::SignalNotAvailable(signal)) => Self::not_available(signal),
            NotKept::Refused(error) => {
                let message = error.to_string();
                match error {
                    AppendError::Body(decode::BodyError::TooLarge { .. }) => {
                        Self::wrong(StatusCode::PAYLOAD_TOO_LARGE, message)
                    }
                    AppendError::Body(_) | AppendError::Malformed(_) | AppendError::SignalNotAvailable(_) => {
                        Self::wrong(StatusCode::BAD_REQUEST, message)
                    }
                    AppendError::Overloaded { retry_after_s, .. } => Self::later(message, retry_after_s),
                    AppendError::DiskFull { .. } => Self::later(message, 10),
                    AppendError::Unavailable(_) | AppendError::Stopping => Self::later(message, 2),
                }
            }
        }
    }
}
