//! One request in, one receipt out, after its promise holds (I5).
//!
//! In: a request as received. It is decompressed, recognised if it is a retry, decoded, handed to the log's thread, and
//! acknowledged when its record is durable and its rows are visible. Nothing is kept of a refused request.

use std::sync::Arc;

use bytes::Bytes;
use decode::request::Format;
use decode::{BodyError, Malformed, Rejected};
use model::{DropReason, Signal, TenantId, TimeNs};
use stdx::Kind;
use tokio::sync::oneshot;
use xxhash_rust::xxh3::Xxh3;

use crate::Store;
use crate::live::Inner;
use crate::log_writer::{Entry, Job};
use crate::retries::Known;

/// A request as received.
#[derive(Debug, Clone)]
pub struct Request {
    /// Whose.
    pub tenant: TenantId,
    /// What it carries.
    pub signal: Signal,
    /// How the body is written.
    pub format: Format,
    /// `Content-Encoding` as sent, empty for none.
    pub encoding: String,
    /// The body as received.
    pub body: Bytes,
    /// When it was received.
    pub received: TimeNs,
}

/// The promise that a request is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its position in the log; zero when there was nothing to keep.
    pub sequence: u64,
    /// Items kept.
    pub accepted: u64,
    /// Items refused, by reason.
    pub rejected: Vec<Rejected>,
    /// Whether the same request had been acknowledged before.
    pub duplicate: bool,
}

/// Why a request was refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The content encoding is unknown or broken, or the body too large.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The body is no message of its format.
    #[error("{0}")]
    Malformed(Malformed),
    /// The signal is not taken yet.
    #[error("{0} are not available in this version; traces are")]
    SignalNotAvailable(Signal),
    /// A memory budget is exhausted.
    #[error("the buffer is full ({used_bytes} of {limit_bytes} bytes); come again in {retry_after_s} s")]
    Overloaded {
        /// Bytes in use.
        used_bytes: u64,
        /// The limit `buffer_bytes_max`.
        limit_bytes: u64,
        /// When to come again.
        retry_after_s: u32,
    },
    /// Too little disk is free.
    #[error("only {free_bytes} bytes of the disk are free; free some or lower the retention")]
    DiskFull {
        /// Free bytes.
        free_bytes: u64,
    },
    /// The log could not be written.
    #[error("the log could not be written: {0}")]
    Unavailable(String),
    /// The store is shutting down.
    #[error("the server is stopping")]
    Stopping,
}

impl AppendError {
    /// The reason under which the refusal is counted.
    pub fn reason(&self) -> DropReason {
        match self {
            Self::Body(BodyError::TooLarge { .. }) => DropReason::BodyTooLarge,
            Self::Body(_) => DropReason::ContentEncoding,
            Self::Malformed(_) => DropReason::Malformed,
            Self::SignalNotAvailable(_) => DropReason::SignalNotAvailable,
            Self::Overloaded { .. } => DropReason::Overloaded,
            Self::DiskFull { .. } => DropReason::DiskFull,
            Self::Unavailable(_) | Self::Stopping => DropReason::Unavailable,
        }
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Body(BodyError::TooLarge { .. }) => Kind::LimitExceeded,
            Self::Body(_) | Self::Malformed(_) => Kind::InvalidInput,
            Self::SignalNotAvailable(_) => Kind::Unsupported,
            Self::Overloaded { .. } => Kind::Overloaded,
            Self::DiskFull { .. } | Self::Unavailable(_) | Self::Stopping => Kind::Unavailable,
        }
    }
}

impl Store {
    /// Keeps a request. A receipt means that every accepted item survives what the configured durability promises and
    /// is visible to every later snapshot.
    ///
    /// # Errors
    /// Refusals are counted by reason; nothing of the request is kept, and sending it again is safe.
    pub async fn append(&self, request: Request) -> Result<Receipt, AppendError> {
        let signal = request.signal;
        let result = append(&self.inner, request).await;
        if let Err(error) = &result {
            self.inner.count_refused(signal, error.reason());
        }
        result
    }
}

async fn append(inner: &Arc<Inner>, request: Request) -> Result<Receipt, AppendError> {
    if request.signal != Signal::Traces {
        return Err(AppendError::SignalNotAvailable(request.signal));
    }
    inner.check_disk()?;
    inner.check_lease()?;
    let limit = inner.options.limits.body_bytes_max;
    let plain = decode::body::decompress(&request.encoding, request.body.clone(), limit)?;
    let hash = request_hash(&request.tenant, request.signal, &plain);
    loop {
        let known = inner.retries.lock().begin(hash);
        match known {
            Known::New => {
                let guard = HashGuard { inner, hash: Some(hash) };
                return keep(inner, request, plain, guard).await;
            }
            Known::Duplicate => return duplicate(inner, &request, plain).await,
            Known::Wait(outcome) => match outcome.await {
                Ok(true) => return duplicate(inner, &request, plain).await,
                // The one before failed: this one tries for itself.
                Ok(false) | Err(_) => {}
            },
        }
    }
}

async fn keep(
    inner: &Arc<Inner>,
    request: Request,
    plain: Bytes,
    mut guard: HashGuard<'_>,
) -> Result<Receipt, AppendError> {
    let reservation = inner.reserve(plain.len() as u64)?;
    let decoded = decode::request::traces(request.format, plain, request.received, &inner.options.limits)
        .map_err(AppendError::Malformed)?;
    let rejected = decoded.rejected.clone();
    let accepted = decoded.batch.num_rows() as u64;
    if decoded.spans_received == 0 {
        return Ok(Receipt { sequence: 0, accepted: 0, rejected, duplicate: false });
    }
    let (reply, receipt) = oneshot::channel();
    let entry = Entry::Request { request, hash: guard.hand_over(), decoded, reservation };
    // From here on the log's thread settles the hash, also when this future is dropped.
    inner.jobs().send(Job { entry, reply: Some(reply) }).await.map_err(|_| AppendError::Stopping)?;
    let sequence = receipt.await.map_err(|_| AppendError::Stopping)??;
    Ok(Receipt { sequence, accepted, rejected, duplicate: false })
}

/// Acknowledges a request that is kept already, and counts its items.
async fn duplicate(inner: &Arc<Inner>, request: &Request, plain: Bytes) -> Result<Receipt, AppendError> {
    let decoded = decode::request::traces(request.format, plain, request.received, &inner.options.limits)
        .map_err(AppendError::Malformed)?;
    let accepted = decoded.batch.num_rows() as u64;
    let rejected = decoded.rejected.clone();
    let notice = Entry::Duplicate {
        tenant: request.tenant.clone(),
        signal: request.signal,
        received: request.received,
        accepted,
        rejected: decoded.rejected,
    };
    // The notice needs no sync: what it says changes no data, and the kernel keeps it through kill -9.
    inner.jobs().send(Job { entry: notice, reply: None }).await.map_err(|_| AppendError::Stopping)?;
    Ok(Receipt { sequence: 0, accepted, rejected, duplicate: true })
}

fn request_hash(tenant: &TenantId, signal: Signal, plain: &[u8]) -> u128 {
    let mut hasher = Xxh3::new();
    hasher.update(tenant.as_str().as_bytes());
    hasher.update(&[0]);
    hasher.update(signal.as_str().as_bytes());
    hasher.update(&[0]);
    hasher.update(plain);
    hasher.digest128()
}

/// Frees the hash of a request that ends before it reaches the log's thread.
struct HashGuard<'a> {
    inner: &'a Arc<Inner>,
    hash: Option<u128>,
}

impl HashGuard<'_> {
    fn hand_over(&mut self) -> u128 {
        self.hash.take().unwrap_or_default()
    }
}

impl Drop for HashGuard<'_> {
    fn drop(&mut self) {
        if let Some(hash) = self.hash {
            self.inner.retries.lock().fail(hash);
        }
    }
}
