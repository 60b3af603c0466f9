//! Rows of spans by name: the tables `operations_*`. Every span of every kind counts in one of them once.

use std::sync::Arc;

use model::{SpanKind, StatusCode};

use super::edges::Exemplar;
use crate::call_fact::Class;
use crate::entity::EntityId;
use crate::histogram::Histogram;

/// What tells rows of one bucket apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct OperationKey {
    /// Who made the spans.
    pub entity: EntityId,
    /// Their name; `(other)` beyond the cap of a service.
    pub name: Arc<str>,
    /// Their kind.
    pub kind: SpanKind,
    /// Their status.
    pub status: StatusCode,
    /// Traffic, probe, setup or poll; spans that are no half of a call are traffic.
    pub class: Class,
}

/// What is summed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OperationSums {
    /// Spans.
    pub calls: i64,
    /// Sum of weights in 65536ths.
    pub calls_weighted: i64,
    /// Spans that failed: of halves by the rule at write time, of others by status.
    pub errors: i64,
    /// Their weights in 65536ths.
    pub errors_weighted: i64,
    /// Durations.
    pub duration: Histogram,
    /// The span that stands for all.
    pub exemplar: Option<Exemplar>,
}

impl OperationSums {
    /// Whether every sum is zero, whatever the exemplar.
    pub fn is_zero(&self) -> bool {
        [self.calls, self.calls_weighted, self.errors, self.errors_weighted] == [0; 4]
            && self.duration.is_empty()
    }

    /// Adds `other` `sign` times: 1 merges, -1 subtracts. The exemplar takes the least when merging and stays when
    /// subtracting.
    pub fn add(&mut self, other: &Self, sign: i64) {
        self.calls += sign * other.calls;
        self.calls_weighted = self.calls_weighted.wrapping_add(sign * other.calls_weighted);
        self.errors += sign * other.errors;
        self.errors_weighted = self.errors_weighted.wrapping_add(sign * other.errors_weighted);
        self.duration.add(&other.duration, sign);
        if sign > 0 {
            self.exemplar = Exemplar::least(self.exemplar, other.exemplar);
        }
    }

    /// Adds `other`.
    pub fn merge(&mut self, other: &Self) {
        self.add(other, 1);
    }

    /// Takes `other` away; the exemplar stays.
    pub fn subtract(&mut self, other: &Self) {
        self.add(other, -1);
    }
}

/// A row of `operations_*`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OperationRow {
    /// Start of the bucket in nanoseconds since the epoch.
    pub bucket_ns: i64,
    /// What it is about.
    pub key: OperationKey,
    /// The sums.
    pub sums: OperationSums,
}
