//! Reading a body within limits of size, memory and time.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use model::DropReason;

use super::budget::{Exhausted, Reservation};
use crate::config::Limits;

/// Room that a body's announced length gets at once; more comes with the bytes.
const FIRST_ROOM_MAX: u64 = 4 << 20;

/// Why a body was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// More bytes than allowed.
    #[error("the body is larger than {max} bytes; send smaller batches")]
    TooLarge {
        /// The limit.
        max: usize,
    },
    /// The sender paused too long.
    #[error("no byte of the body came for {0:?}")]
    Idle(Duration),
    /// The whole took too long.
    #[error("the body was not complete after {0:?}")]
    TooLong(Duration),
    /// Memory for bodies is used up.
    #[error("{used} bytes of requests are in flight, {limit} are allowed; come again", used = .0.used_bytes, limit = .0.limit_bytes)]
    Exhausted(Exhausted),
    /// The connection ended.
    #[error("the connection ended before the body was complete")]
    Incomplete,
}

impl ReadError {
    /// The reason under which it is counted.
    pub fn reason(&self) -> DropReason {
        match self {
            Self::TooLarge { .. } => DropReason::BodyTooLarge,
            Self::Exhausted(_) => DropReason::Overloaded,
            Self::Idle(_) | Self::TooLong(_) | Self::Incomplete => DropReason::BodyIncomplete,
        }
    }
}

/// Reads all of a body of at most `max` bytes.
///
/// # Errors
/// With the first limit that is hit; the rest of the body is not read.
pub async fn read(
    mut body: Body,
    max: usize,
    limits: &Limits,
    reservation: &mut Reservation,
) -> Result<Bytes, ReadError> {
    let whole = async {
        let announced = body.size_hint().lower();
        if announced > max as u64 {
            return Err(ReadError::TooLarge { max });
        }
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        let mut len = 0usize;
        while let Some(data) = next(&mut body, limits.body_idle_timeout).await? {
            len = len.saturating_add(data.len());
            if len > max {
                return Err(ReadError::TooLarge { max });
            }
            reservation.grow(data.len() as u64).map_err(ReadError::Exhausted)?;
            // Most bodies are one piece, which needs no copy.
            if first.is_empty() && rest.is_empty() {
                first = data;
                continue;
            }
            if rest.is_empty() {
                let room = announced.min(FIRST_ROOM_MAX) as usize;
                rest.reserve(room.max(len));
                rest.extend_from_slice(&first);
                first.clear();
            }
            rest.extend_from_slice(&data);
        }
        Ok(if rest.is_empty() { first } else { rest.freeze() })
    };
    match tokio::time::timeout(limits.body_timeout, whole).await {
        Ok(read) => read,
        Err(_) => Err(ReadError::TooLong(limits.body_timeout)),
    }
}

/// Reads a body to its end and keeps nothing, so that a sender that is refused hears why: many read no answer before they
/// have sent everything. Gives up silently at the limits.
pub async fn discard(mut body: Body, limits: &Limits) {
    let whole = async {
        let mut len = 0usize;
        while let Ok(Some(data)) = next(&mut body, limits.body_idle_timeout).await {
            len = len.saturating_add(data.len());
            if len > limits.body_bytes_max {
                return;
            }
        }
    };
    // Either way the answer goes out.
    let _ = tokio::time::timeout(limits.body_idle_timeout, whole).await;
}

/// The next bytes; `None` at the end.
async fn next(body: &mut Body, idle: Duration) -> Result<Option<Bytes>, ReadError> {
    loop {
        match tokio::time::timeout(idle, body.frame()).await {
            Err(_) => return Err(ReadError::Idle(idle)),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => return Err(ReadError::Incomplete),
            Ok(Some(Ok(frame))) => {
                // Trailers of a request say nothing that is needed.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}
