//! The account of every item: `received = accepted + rejected(reason)` and
//! `accepted = stored + waiting + duplicate(reason)`.
//!
//! Amounts are attributed to positions of the log: what a round takes up to a position is written into the table `ingest`
//! by that same round, so the table stays exact through kill -9. Replay derives the same amounts from the same records.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::Int64Type;
use model::schema::ingest::{Column, schema};
use model::{DropReason, Signal, TenantId};
use std::sync::Arc;

/// What became of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// They came in readable requests.
    Received,
    /// They were acknowledged.
    Accepted,
    /// They were refused for the reason.
    Rejected,
    /// They are rows of the tables.
    Stored,
    /// They were recognised as duplicates for the reason.
    Duplicate,
    /// Rows removed by compaction because a copy stays.
    Merged,
    /// Rows dropped by retention.
    Expired,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 7] = [
        Self::Received,
        Self::Accepted,
        Self::Rejected,
        Self::Stored,
        Self::Duplicate,
        Self::Merged,
        Self::Expired,
    ];

    /// The name in counters and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Stored => "stored",
            Self::Duplicate => "duplicate",
            Self::Merged => "merged",
            Self::Expired => "expired",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// Reason of a duplicate: the whole request came before.
pub const DUPLICATE_REQUEST: &str = "duplicate_request";
/// Reason of a duplicate: a span with the same ids and content is stored.
pub const DUPLICATE_SPAN: &str = "duplicate_span";

/// One line of the account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Whose items.
    pub tenant: TenantId,
    /// Their signal.
    pub signal: Signal,
    /// What became of them.
    pub outcome: Outcome,
    /// Why; empty where the outcome needs none.
    pub reason: &'static str,
}

/// Items by line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(pub BTreeMap<Key, u64>);

impl Lines {
    /// Adds items to a line; nothing for zero.
    pub fn add(
        &mut self,
        tenant: &TenantId,
        signal: Signal,
        outcome: Outcome,
        reason: &'static str,
        items: u64,
    ) {
        if items > 0 {
            let key = Key { tenant: tenant.clone(), signal, outcome, reason };
            *self.0.entry(key).or_default() += items;
        }
    }

    /// Adds all lines of another account.
    pub fn merge(&mut self, other: &Self) {
        for (key, items) in &other.0 {
            *self.0.entry(key.clone()).or_default() += items;
        }
    }

    /// Items of an outcome over all tenants and reasons.
    pub fn total(&self, signal: Signal, outcome: Outcome) -> u64 {
        self.0
            .iter()
            .filter(|(key, _)| key.signal == signal && key.outcome == outcome)
            .map(|(_, items)| items)
            .sum()
    }

    /// The lines of one tenant as rows of the table `ingest`.
    pub fn to_batch(&self, tenant: &TenantId, round: u64, time_unix_nano: i64) -> RecordBatch {
        let lines: Vec<_> = self.0.iter().filter(|(key, _)| key.tenant == *tenant).collect();
        let longs = |value: i64| Arc::new(Int64Array::from(vec![value; lines.len()])) as ArrayRef;
        let texts = |text: &dyn Fn(&Key) -> &'static str| {
            let values: Vec<_> = lines.iter().map(|(key, _)| text(key)).collect();
            Arc::new(StringViewArray::from(values)) as ArrayRef
        };
        let items: Vec<i64> =
            lines.iter().map(|(_, items)| i64::try_from(**items).unwrap_or(i64::MAX)).collect();
        let columns = vec![
            longs(i64::try_from(round).unwrap_or(i64::MAX)),
            longs(time_unix_nano),
            texts(&|key| key.signal.as_str()),
            texts(&|key| key.outcome.as_str()),
            texts(&|key| key.reason),
            Arc::new(Int64Array::from(items)) as ArrayRef,
        ];
        RecordBatch::try_new(schema(), columns).unwrap_or_else(|_| RecordBatch::new_empty(schema()))
    }

    /// Adds the rows of the table `ingest` that belong to a tenant.
    pub fn add_batch(&mut self, tenant: &TenantId, batch: &RecordBatch) {
        let text = |column: Column| batch.column(column.at()).as_string_view();
        let (signals, outcomes, reasons) =
            (text(Column::Signal), text(Column::Outcome), text(Column::Reason));
        let items = batch.column(Column::Items.at()).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let signal = Signal::ALL.into_iter().find(|s| s.as_str() == signals.value(row));
            let (Some(signal), Some(outcome)) = (signal, Outcome::from_name(outcomes.value(row))) else {
                continue;
            };
            let reason = match reasons.value(row) {
                DUPLICATE_REQUEST => DUPLICATE_REQUEST,
                DUPLICATE_SPAN => DUPLICATE_SPAN,
                name => DropReason::from_name(name).map_or("", DropReason::as_str),
            };
            self.add(tenant, signal, outcome, reason, u64::try_from(items.value(row)).unwrap_or(0));
        }
    }
}

/// The account as readers see it.
#[derive(Debug, Clone, Default)]
pub struct Amounts {
    /// Items since the store was made.
    pub lines: Lines,
    /// Whole requests refused before the log, since the start of the process.
    pub refused_requests: BTreeMap<(Signal, DropReason), u64>,
}

impl Amounts {
    /// Accepted items that are in no table yet.
    pub fn waiting(&self, signal: Signal) -> u64 {
        let lines = &self.lines;
        lines
            .total(signal, Outcome::Accepted)
            .saturating_sub(lines.total(signal, Outcome::Stored))
            .saturating_sub(lines.total(signal, Outcome::Duplicate))
    }
}
