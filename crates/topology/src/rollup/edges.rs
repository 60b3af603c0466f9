//! Rows of calls between nodes: the tables `edges_*` (topology design 13.6, with the changes at the head of section 13).

use std::sync::Arc;

use model::{SpanId, TraceId};

use crate::call_fact::{Class, Flags, Layer, Protocol, Security, words};
use crate::entity::EntityId;
use crate::histogram::Histogram;
use crate::peer::PeerId;

words! {
    /// What a row sums.
    EdgeKind {
        /// All client halves: `src` and `peer` are set. Bucket of the client's start.
        #[default]
        Client = 0, "a";
        /// Client halves of which a server half was found, each once however many servers; same key and columns as
        /// [`EdgeKind::Client`], so that the difference is what no server saw.
        ClientMatched = 1, "am";
        /// All server halves: `dst` is set, and `peer` for consumers (the queue). Bucket of the server's start.
        Server = 2, "b";
        /// Server halves of which a client half was found; same key and columns as [`EdgeKind::Server`].
        ServerMatched = 3, "bm";
        /// Pairs: `src`, `peer` and `dst`; class, protocol, security and operation are the client's. Bucket of the client's
        /// start. One client with three servers is three pairs.
        Pair = 4, "m";
        /// Spans of any kind whose parent span was found in the same trace, for Jaeger's dependencies: `src` is the parent's
        /// entity, `dst` the child's, equal ones included; of the sums only `calls` is used. Bucket of the child's start.
        Parent = 5, "p";
    }
}

/// What tells rows of one bucket apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EdgeKey {
    /// What is summed.
    pub kind: EdgeKind,
    /// Who measured. A gateway's halves stand in both layers; layers are never added up.
    pub layer: Layer,
    /// What was spoken.
    pub protocol: Protocol,
    /// Whether it was encrypted.
    pub security: Security,
    /// Traffic, probe, setup or poll.
    pub class: Class,
    /// The caller.
    pub src: EntityId,
    /// What the caller says that it called.
    pub peer: PeerId,
    /// The called.
    pub dst: EntityId,
    /// Method and route, procedure, database operation or messaging operation; `(other)` beyond the cap of a service.
    pub op: Arc<str>,
}

/// The span that stands for the others: of all that were summed the one with the smallest hash, so that any order of arrival
/// gives the same. For pairs it is the client's span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exemplar {
    /// XXH3-64 of trace id and span id: what is compared.
    pub hash: u64,
    /// Its trace.
    pub trace_id: TraceId,
    /// Its id.
    pub span_id: SpanId,
}

impl Exemplar {
    /// The exemplar that this span would be.
    pub fn of(trace_id: TraceId, span_id: SpanId) -> Self {
        let mut bytes = [0; 24];
        bytes[..16].copy_from_slice(&trace_id.0);
        bytes[16..].copy_from_slice(&span_id.0);
        Self { hash: xxhash_rust::xxh3::xxh3_64(&bytes), trace_id, span_id }
    }

    /// The smaller of two that may be absent.
    pub fn least(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

/// Calls that ended alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CodeCount {
    /// Code of the half that the row is about (of a pair the client's), as [`crate::Outcome::code`] has it.
    pub code: u16,
    /// Its response flags.
    pub flags: Flags,
    /// Of a pair the server's code, else 0.
    pub server_code: u16,
    /// Of a pair the server's flags.
    pub server_flags: Flags,
    /// How many.
    pub calls: i64,
}

impl CodeCount {
    fn key(&self) -> (u16, Flags, u16, Flags) {
        (self.code, self.flags, self.server_code, self.server_flags)
    }
}

/// What is summed. Every number is signed and adds up; exemplars take the least.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EdgeSums {
    /// Calls.
    pub calls: i64,
    /// Sum of weights in 65536ths: what was there before sampling. A pair weighs as much as the heavier half.
    pub calls_weighted: i64,
    /// Sum of squared weights in 65536ths, for the standard error: the variance of `calls_weighted` is about this minus
    /// `calls_weighted`, both divided by 65536.
    pub calls_weighted_squared: i64,
    /// Calls that failed by the rule at write time; of a pair by the client's outcome.
    pub errors: i64,
    /// Their weights in 65536ths.
    pub errors_weighted: i64,
    /// Calls by code, ordered, none zero; to judge anew by another rule.
    pub codes: Vec<CodeCount>,
    /// Durations of the half that the row is about (of a pair the client's).
    pub duration: Histogram,
    /// Of pairs the server's durations.
    pub server_duration: Histogram,
    /// Of pairs the client's duration minus the server's, at least 0; of messages the time from the end of the sending to the
    /// start of the receiving, at least 0.
    pub network: Histogram,
    /// Bytes of requests of the calls in `sized`.
    pub request_bytes: i64,
    /// Bytes of responses of the calls in `sized`.
    pub response_bytes: i64,
    /// Calls that said a size.
    pub sized: i64,
    /// Calls that repeat an earlier attempt.
    pub retries: i64,
    /// Of pairs those whose server half lasted longer than the client's.
    pub asynchronous: i64,
    /// Of pairs the sum of server start minus client start in microseconds, each between minus and plus 10^12.
    pub skew_us: i64,
    /// Of pairs those whose server half starts before the client's or ends after it by the clocks as sent.
    pub skewed: i64,
    /// The span that stands for all; pairs found through a proxy have none.
    pub exemplar: Option<Exemplar>,
    /// The span that stands for the failed.
    pub error_exemplar: Option<Exemplar>,
}

impl EdgeSums {
    /// Whether every sum is zero, whatever the exemplars.
    pub fn is_zero(&self) -> bool {
        let Self {
            calls,
            calls_weighted,
            calls_weighted_squared,
            errors,
            errors_weighted,
            codes,
            duration,
            server_duration,
            network,
            request_bytes,
            response_bytes,
            sized,
            retries,
            asynchronous,
            skew_us,
            skewed,
            exemplar: _,
            error_exemplar: _,
        } = self;
        let numbers = [
            *calls,
            *calls_weighted,
            *calls_weighted_squared,
            *errors,
            *errors_weighted,
            *request_bytes,
            *response_bytes,
            *sized,
            *retries,
            *asynchronous,
            *skew_us,
            *skewed,
        ];
        numbers == [0; 12]
            && codes.is_empty()
            && [duration, server_duration, network].into_iter().all(Histogram::is_empty)
    }

    /// Adds calls that ended alike.
    pub fn add_code(&mut self, code: CodeCount) {
        match self.codes.binary_search_by_key(&code.key(), CodeCount::key) {
            Ok(at) => {
                self.codes[at].calls += code.calls;
                if self.codes[at].calls == 0 {
                    self.codes.remove(at);
                }
            }
            Err(at) if code.calls != 0 => self.codes.insert(at, code),
            Err(_) => {}
        }
    }

    /// Adds `other` `sign` times: 1 merges, -1 subtracts. Exemplars take the least when merging and stay when subtracting.
    pub fn add(&mut self, other: &Self, sign: i64) {
        let pairs = [
            (&mut self.calls, other.calls),
            (&mut self.calls_weighted, other.calls_weighted),
            (&mut self.calls_weighted_squared, other.calls_weighted_squared),
            (&mut self.errors, other.errors),
            (&mut self.errors_weighted, other.errors_weighted),
            (&mut self.request_bytes, other.request_bytes),
            (&mut self.response_bytes, other.response_bytes),
            (&mut self.sized, other.sized),
            (&mut self.retries, other.retries),
            (&mut self.asynchronous, other.asynchronous),
            (&mut self.skew_us, other.skew_us),
            (&mut self.skewed, other.skewed),
        ];
        for (sum, more) in pairs {
            *sum = sum.wrapping_add(more.wrapping_mul(sign));
        }
        for code in &other.codes {
            self.add_code(CodeCount { calls: sign * code.calls, ..*code });
        }
        self.duration.add(&other.duration, sign);
        self.server_duration.add(&other.server_duration, sign);
        self.network.add(&other.network, sign);
        if sign > 0 {
            self.exemplar = Exemplar::least(self.exemplar, other.exemplar);
            self.error_exemplar = Exemplar::least(self.error_exemplar, other.error_exemplar);
        }
    }

    /// Adds `other`.
    pub fn merge(&mut self, other: &Self) {
        self.add(other, 1);
    }

    /// Takes `other` away; exemplars stay.
    pub fn subtract(&mut self, other: &Self) {
        self.add(other, -1);
    }
}

/// A row of `edges_*`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EdgeRow {
    /// Start of the bucket in nanoseconds since the epoch.
    pub bucket_ns: i64,
    /// What it is about.
    pub key: EdgeKey,
    /// The sums.
    pub sums: EdgeSums,
}
