//! One request to the store: waits for room to decode, appends, counts.

use bytes::Bytes;
use decode::request::Format;
use model::{DropReason, Signal, TenantId, TimeNs};
use store::{AppendError, Receipt, Request};

use super::budget::Exhausted;
use crate::selfmon::{Phase, Transport};
use crate::shared::Shared;

/// A request after its frame was taken off.
#[derive(Debug)]
pub struct Framed {
    /// Whose.
    pub tenant: TenantId,
    /// What it carries.
    pub signal: Signal,
    /// How the body is written.
    pub format: Format,
    /// The content encoding as sent.
    pub encoding: String,
    /// The body as received.
    pub body: Bytes,
    /// How it came.
    pub transport: Transport,
}

/// Why a request was not kept.
#[derive(Debug)]
pub enum NotKept {
    /// The store is not open, or not any more.
    NotOpen(Phase),
    /// No room to decode it in time.
    NoRoom(Exhausted),
    /// The store's own word.
    Refused(AppendError),
}

/// Keeps a request and counts what became of it.
///
/// # Errors
/// Nothing of the request is kept, and sending it again is safe.
pub async fn append(shared: &Shared, framed: Framed) -> Result<Receipt, NotKept> {
    let Framed { tenant, signal, format, encoding, body, transport } = framed;
    let Some(store) = open_store(shared) else {
        shared.monitor.count_refused(Some(signal), DropReason::Unavailable);
        return Err(NotKept::NotOpen(shared.monitor.phase()));
    };
    let max = shared.config.limits.body_bytes_max;
    let room = shared.budget.decoding(&encoding, body.len(), max).await.map_err(|exhausted| {
        shared.monitor.count_refused(Some(signal), DropReason::Overloaded);
        NotKept::NoRoom(exhausted)
    })?;
    let len = body.len() as u64;
    let received = TimeNs(shared.clock.now_unix_nano());
    let request = Request { tenant, signal, format, encoding, body, received };
    let kept = store.append(request).await;
    drop(room);
    let receipt = kept.map_err(NotKept::Refused)?;
    shared.monitor.count_taken(transport, signal, len);
    Ok(receipt)
}

/// The store while it takes requests.
pub fn open_store(shared: &Shared) -> Option<&store::Store> {
    if shared.monitor.phase() == Phase::Ready { shared.store() } else { None }
}
