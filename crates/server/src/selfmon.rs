//! What the server knows of itself: counters, the state of health, what was told to people already.
//!
//! In: events of all parts. Out: numbers for [`metrics`] and `GET /api/v1/stages`. Items are counted by the store, exactly
//! and through crashes; here is what happens before it, since the start of the process.

pub mod connections;
pub mod metrics;
pub mod process;
pub mod told;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::{DropReason, Signal};

use connections::Connections;
use told::Told;

use crate::shared::Shared;

/// Refused requests of a signal, `None` where none could be told, by reason: those that the store refused and those that it
/// did not see.
pub fn refused_requests(shared: &Shared) -> BTreeMap<(Option<Signal>, DropReason), u64> {
    let mut refused = shared.monitor.counters().refused;
    if let Some(store) = shared.store() {
        for ((signal, reason), count) in store.amounts().refused_requests {
            *refused.entry((Some(signal), reason)).or_default() += count;
        }
    }
    refused
}

/// Where a server stands between start and stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The store is being opened.
    Opening,
    /// Everything is served.
    Ready,
    /// It drains and will be gone soon.
    Stopping,
}

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// OTLP/HTTP.
    Http,
    /// OTLP/gRPC.
    Grpc,
}

impl Transport {
    /// The name in counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Grpc => "grpc",
        }
    }
}

/// Counters of the server itself, since the start of the process.
#[derive(Debug)]
pub struct Monitor {
    phase: AtomicU8,
    /// Open connections and what became of the others.
    pub connections: Connections,
    /// What people were told already.
    pub told: Told,
    /// Headers `X-Scope-OrgID` that were ignored because tenancy is off.
    pub tenant_headers_ignored: AtomicU64,
    /// Preflights of browsers that were refused.
    pub preflights_refused: AtomicU64,
    counters: Mutex<Counters>,
}

/// Counters by their labels.
#[derive(Debug, Default, Clone)]
pub struct Counters {
    /// Requests that were acknowledged.
    pub taken: BTreeMap<(Transport, Signal), u64>,
    /// Bytes of their bodies as received.
    pub taken_bytes: BTreeMap<(Transport, Signal), u64>,
    /// Requests refused before the store saw them; no signal where none could be told.
    pub refused: BTreeMap<(Option<Signal>, DropReason), u64>,
    /// Requests whose wrong place was unambiguous, by what was wrong.
    pub healed: BTreeMap<&'static str, u64>,
}

impl Default for Monitor {
    fn default() -> Self {
        Self {
            phase: AtomicU8::new(0),
            connections: Connections::default(),
            told: Told::default(),
            tenant_headers_ignored: AtomicU64::new(0),
            preflights_refused: AtomicU64::new(0),
            counters: Mutex::default(),
        }
    }
}

impl Monitor {
    /// Where the server stands.
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Opening,
            1 => Phase::Ready,
            _ => Phase::Stopping,
        }
    }

    /// Moves on; never back.
    pub fn set_phase(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
    }

    /// Counts an acknowledged request.
    pub fn count_taken(&self, transport: Transport, signal: Signal, body_bytes: u64) {
        let mut counters = self.lock();
        *counters.taken.entry((transport, signal)).or_default() += 1;
        *counters.taken_bytes.entry((transport, signal)).or_default() += body_bytes;
    }

    /// Counts a request that the store did not see.
    pub fn count_refused(&self, signal: Option<Signal>, reason: DropReason) {
        *self.lock().refused.entry((signal, reason)).or_default() += 1;
    }

    /// Counts a request that came to a wrong place and was taken.
    pub fn count_healed(&self, what: &'static str) {
        *self.lock().healed.entry(what).or_default() += 1;
    }

    /// All counters at one moment.
    pub fn counters(&self) -> Counters {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
