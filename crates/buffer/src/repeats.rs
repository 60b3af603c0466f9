//! Which traces of the buffer may hold a span twice.
//!
//! In: the rows of each request as it enters, and the ends of rounds. Out: traces with a row whose trace and span id a row
//! before had. It keeps 64 bits of each pair of ids, so it may name a trace that has no copy; readers compare contents. A
//! pair is remembered until the round after the one that stored it, so that a copy is noticed, too, which comes shortly
//! after its original has left the buffer.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use hashbrown::HashSet;
use model::schema::spans::Column;
use model::{TenantId, TraceId};

/// Traces that may hold a span twice.
pub type RepeatedTraces = BTreeSet<(TenantId, TraceId)>;

/// What entered since the last round ended, and in the round before.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    pairs: HashSet<u64>,
    pairs_before: HashSet<u64>,
    traces: Arc<RepeatedTraces>,
    traces_before: Arc<RepeatedTraces>,
}

impl Repeats {
    /// Notes the rows of a request.
    pub(crate) fn enter(&mut self, tenant: &TenantId, batch: &RecordBatch) {
        let seed = tenant.as_str().bytes().fold(0, |seed, byte| mix(seed ^ u64::from(byte)));
        let traces = batch.column(Column::TraceId.at()).as_binary_view();
        let spans = batch.column(Column::SpanId.at()).as_binary_view();
        for row in 0..batch.num_rows() {
            let trace = traces.value(row);
            let pair = number(spans.value(row)) ^ mix(number(trace) ^ mix(seed ^ number(tail(trace))));
            let is_new = self.pairs.insert(pair) && !self.pairs_before.contains(&pair);
            if !is_new && let Some(trace) = TraceId::from_slice(trace) {
                Arc::make_mut(&mut self.traces).insert((tenant.clone(), trace));
            }
        }
    }

    /// A round has ended. What entered while it ran is stored by the next one, which ends when this is called again.
    pub(crate) fn end_round(&mut self) {
        self.pairs_before = std::mem::take(&mut self.pairs);
        self.traces_before = std::mem::take(&mut self.traces);
    }

    /// The traces to look at, in two sets that may overlap; cheap, nothing is copied.
    pub(crate) fn traces(&self) -> [Arc<RepeatedTraces>; 2] {
        [Arc::clone(&self.traces), Arc::clone(&self.traces_before)]
    }
}

/// The last eight bytes of an id.
fn tail(id: &[u8]) -> &[u8] {
    &id[id.len().saturating_sub(8)..]
}

/// The first eight bytes of an id.
fn number(id: &[u8]) -> u64 {
    id.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// SplitMix64's finisher: ids that differ in one bit must not fall together.
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::span_rows::batch_of;
    use model::{Span, SpanId};

    fn rows(ids: &[(u8, u8)]) -> RecordBatch {
        let span = |(trace, span): &(u8, u8)| Span {
            trace_id: TraceId([*trace; 16]),
            span_id: SpanId([*span; 8]),
            ..Span::default()
        };
        batch_of(&ids.iter().map(span).collect::<Vec<_>>())
    }

    #[test]
    fn a_copy_is_noticed_in_its_own_round_and_in_the_next() {
        let (one, other) = (TenantId::single(), "other".parse::<TenantId>().expect("a name"));
        let mut repeats = Repeats::default();
        let mut check = |tenant: &TenantId, ids: &[(u8, u8)], ends: bool, want: &[u8]| {
            repeats.enter(tenant, &rows(ids));
            let sets = repeats.traces();
            let found: BTreeSet<u8> = sets.iter().flat_map(|set| set.iter()).map(|(_, t)| t.0[0]).collect();
            let found: Vec<u8> = found.into_iter().collect();
            assert_eq!(found, want);
            if ends {
                repeats.end_round();
            }
        };
        check(&one, &[(1, 1), (1, 2), (2, 1)], false, &[]);
        check(&other, &[(1, 1)], false, &[]);
        check(&one, &[(2, 2), (2, 1)], true, &[2]);
        check(&one, &[(1, 2)], true, &[1, 2]);
        check(&one, &[(2, 1)], true, &[1]);
        check(&one, &[], true, &[]);
    }
}
