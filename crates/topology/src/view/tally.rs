//! Calls counted together, with their outcomes by protocol.
//!
//! In: sums of rows. Out: numbers of the API. Not here: what the outcomes mean for health.

use std::collections::BTreeMap;

use api::traffic::{CodeCalls, Traffic};

use crate::Histogram;
use crate::call_fact::{Flags, Outcome, Protocol};
use crate::rollup::{EdgeSums, Exemplar};

/// One call in weights.
pub const ONE: f64 = 65_536.0;

/// Sums of calls of any protocols.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls.
    pub calls: i64,
    /// Failed ones.
    pub errors: i64,
    /// Weights in 65536ths.
    pub weighted: i64,
    /// Squared weights in 65536ths.
    pub weighted_squared: i64,
    /// Durations as the observer saw them.
    pub duration: Histogram,
    /// Calls and errors by protocol.
    pub protocols: BTreeMap<Protocol, (i64, i64)>,
    /// Calls by outcome.
    pub codes: BTreeMap<(Protocol, u16, Flags), i64>,
    /// Bytes of requests, of responses, and the calls that told them.
    pub bytes: (i64, i64, i64),
    /// Repeated attempts.
    pub retries: i64,
    /// Calls whose spans say that they stand for several.
    pub sampled: i64,
    /// A call.
    pub exemplar: Option<Exemplar>,
    /// A failed call.
    pub error_exemplar: Option<Exemplar>,
}

impl Tally {
    /// Adds sums of one protocol.
    pub fn add(&mut self, protocol: Protocol, sums: &EdgeSums) {
        self.calls += sums.calls;
        self.errors += sums.errors;
        self.weighted += sums.calls_weighted;
        self.weighted_squared += sums.calls_weighted_squared;
        self.duration.merge(&sums.duration);
        let (calls, errors) = self.protocols.entry(protocol).or_default();
        *calls += sums.calls;
        *errors += sums.errors;
        for code in &sums.codes {
            *self.codes.entry((protocol, code.code, code.flags)).or_default() += code.calls;
        }
        self.bytes.0 += sums.request_bytes;
        self.bytes.1 += sums.response_bytes;
        self.bytes.2 += sums.sized;
        self.retries += sums.retries;
        if sums.calls_weighted != sums.calls.saturating_mul(65_536) {
            self.sampled += sums.calls;
        }
        self.exemplar = Exemplar::least(self.exemplar, sums.exemplar);
        self.error_exemplar = Exemplar::least(self.error_exemplar, sums.error_exemplar);
    }

    /// Adds another tally.
    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.weighted += other.weighted;
        self.weighted_squared += other.weighted_squared;
        self.duration.merge(&other.duration);
        for (protocol, (calls, errors)) in &other.protocols {
            let own = self.protocols.entry(*protocol).or_default();
            own.0 += calls;
            own.1 += errors;
        }
        for (key, calls) in &other.codes {
            *self.codes.entry(*key).or_default() += calls;
        }
        self.bytes.0 += other.bytes.0;
        self.bytes.1 += other.bytes.1;
        self.bytes.2 += other.bytes.2;
        self.retries += other.retries;
        self.sampled += other.sampled;
        self.exemplar = Exemplar::least(self.exemplar, other.exemplar);
        self.error_exemplar = Exemplar::least(self.error_exemplar, other.error_exemplar);
    }

    /// Calls a second over a range, weighted.
    pub fn rate(&self, seconds: f64) -> f64 {
        if seconds > 0.0 { self.weighted as f64 / ONE / seconds } else { 0.0 }
    }

    /// Standard error of the rate.
    pub fn rate_error(&self, seconds: f64) -> f64 {
        let variance = self.weighted_squared.saturating_sub(self.weighted).max(0) as f64 / ONE;
        if seconds > 0.0 { variance.sqrt() / seconds } else { 0.0 }
    }

    /// Share of failed calls.
    pub fn error_ratio(&self) -> Option<f64> {
        (self.calls > 0).then(|| self.errors as f64 / self.calls as f64)
    }

    /// The numbers of the API.
    pub fn traffic(&self, seconds: f64) -> Traffic {
        Traffic {
            calls: self.calls,
            errors: self.errors,
            rate_per_second: self.rate(seconds),
            error_ratio: self.error_ratio(),
            avg_ns: whole(self.duration.mean_ns()),
            p50_ns: quantile(&self.duration, 0.5),
            p95_ns: quantile(&self.duration, 0.95),
            p99_ns: quantile(&self.duration, 0.99),
        }
    }

    /// Calls by outcome, the most frequent first.
    pub fn code_calls(&self) -> Vec<CodeCalls> {
        let mut list = self
            .codes
            .iter()
            .filter(|(_, calls)| **calls > 0)
            .map(|((protocol, code, flags), calls)| {
                // gRPC codes are stored one higher, so that 0 is free for "no answer"; here they stand as gRPC has them,
                // and no answer is -1 for it.
                let (protocol, code) = match protocol {
                    Protocol::Http => ("http", i32::from(*code)),
                    Protocol::Grpc if *code <= 17 => ("grpc", i32::from(*code) - 1),
                    Protocol::Grpc => ("http", i32::from(*code)),
                    _ => ("status", i32::from(*code)),
                };
                CodeCalls { protocol: protocol.to_owned(), code, flag: flags.to_string(), calls: *calls }
            })
            .collect::<Vec<_>>();
        list.sort_by(|a, b| {
            (b.calls, &a.protocol, a.code, &a.flag).cmp(&(a.calls, &b.protocol, b.code, &b.flag))
        });
        list
    }
}

/// A quantile as the API tells it.
pub fn quantile(histogram: &Histogram, q: f64) -> Option<i64> {
    whole(histogram.quantile_ns(q))
}

/// Rounded to whole nanoseconds.
pub fn whole(value: Option<f64>) -> Option<i64> {
    value.map(|value| value.round() as i64)
}

/// How exports write a code.
pub fn code_text(protocol: Protocol, code: u16) -> String {
    Outcome::code_text(code, protocol)
}
