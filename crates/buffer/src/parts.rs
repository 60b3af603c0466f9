//! The list of parts: growing at its end, cut by flush rounds at its beginning.

use std::sync::Arc;

use arrow::array::RecordBatch;
use model::TenantId;

use crate::part::Part;
use crate::repeats::{RepeatedTraces, Repeats};

/// A part of at least this many rows is sealed and never joined again. Readers pay a few microseconds a part; joining copies
/// every column of every row, which senders of large requests need not pay for.
const SEALED_ROWS: usize = 256;

/// So many small parts in a row of one tenant are joined.
const JOIN_FAN_IN: usize = 16;

/// All batches that are in no table yet, in the order of the log.
#[derive(Debug, Default)]
pub struct Buffer {
    parts: Vec<Arc<Part>>,
    bytes: u64,
    rows: u64,
    repeats: Repeats,
}

/// What a flush round takes: everything up to and with a position.
#[derive(Debug, Clone)]
pub struct Frozen {
    /// The parts in the order of the log.
    pub parts: Vec<Arc<Part>>,
    /// Sequence number of the last request in them.
    pub last_sequence: u64,
}

impl Buffer {
    /// Adds a request's rows. Its sequence number must be above all before it, and the request durable.
    ///
    /// # Panics
    /// When the order is broken: readers and rounds rely on it.
    pub fn push(&mut self, tenant: TenantId, sequence: u64, batch: RecordBatch) {
        assert!(sequence > self.last_sequence(), "requests enter the buffer in the order of the log");
        self.repeats.enter(&tenant, &batch);
        let part = Arc::new(Part::of_request(tenant, sequence, batch));
        self.bytes += part.bytes;
        self.rows += part.batch.num_rows() as u64;
        self.parts.push(part);
        self.join_small();
    }

    /// Joins the last small parts of one tenant when there are many, so that a thousand tiny requests do not
    /// become a thousand batches for each reader. Sizes grow by the fan-in, so a row is copied a few times at most.
    fn join_small(&mut self) {
        loop {
            let Some(last) = self.parts.last() else { return };
            let (tenant, size_class) = (last.tenant.clone(), class(last));
            let run =
                self.parts.iter().rev().take_while(|p| p.tenant == tenant && class(p) == size_class).count();
            if size_class.is_none() || run < JOIN_FAN_IN {
                return;
            }
            let tail = self.parts.split_off(self.parts.len() - run);
            match Part::joined(&tail) {
                Some(joined) => {
                    let before: u64 = tail.iter().map(|part| part.bytes).sum();
                    self.bytes = self.bytes - before + joined.bytes;
                    self.parts.push(Arc::new(joined));
                }
                None => {
                    self.parts.extend(tail);
                    return;
                }
            }
        }
    }

    /// The parts for a reader; cheap, nothing is copied.
    pub fn parts(&self) -> Vec<Arc<Part>> {
        self.parts.clone()
    }

    /// Traces of which a row may have its copy before it, here or in the files of the last round: two sets that may
    /// overlap.
    pub fn repeated_traces(&self) -> [Arc<RepeatedTraces>; 2] {
        self.repeats.traces()
    }

    /// Everything up to now, for a flush round. The parts stay visible until [`Buffer::drop_through`].
    pub fn freeze(&self) -> Option<Frozen> {
        let last_sequence = self.parts.last()?.last_sequence();
        Some(Frozen { parts: self.parts.clone(), last_sequence })
    }

    /// Forgets what the tables hold now: all requests up to and with `sequence`, which must be the end of a round.
    pub fn drop_through(&mut self, sequence: u64) {
        let keep = self.parts.iter().position(|p| p.last_sequence() > sequence);
        let gone: Vec<_> = match keep {
            // A part made by joining while the round ran may hold both sides of the cut.
            Some(at) if self.parts[at].first_sequence() <= sequence => {
                self.split_part(at, sequence);
                self.parts.drain(..at).collect()
            }
            Some(at) => self.parts.drain(..at).collect(),
            None => self.parts.drain(..).collect(),
        };
        drop(gone);
        self.repeats.end_round();
        self.bytes = self.parts.iter().map(|part| part.bytes).sum();
        self.rows = self.parts.iter().map(|part| part.batch.num_rows() as u64).sum();
    }

    fn split_part(&mut self, at: usize, sequence: u64) {
        let rest = self.parts[at].after(sequence);
        self.parts.splice(at..=at, rest.map(Arc::new));
    }

    /// The rows of one request while the buffer holds it.
    pub fn request(&self, sequence: u64) -> Option<(TenantId, RecordBatch)> {
        let at = self.parts.partition_point(|part| part.last_sequence() < sequence);
        let part = self.parts.get(at)?;
        part.request(sequence).map(|rows| (part.tenant.clone(), rows))
    }

    /// Sequence number of the first request after `sequence` that the buffer holds.
    pub fn next_sequence(&self, sequence: u64) -> Option<u64> {
        let at = self.parts.partition_point(|part| part.last_sequence() <= sequence);
        let part = self.parts.get(at)?;
        part.pieces.iter().map(|piece| piece.sequence).find(|s| *s > sequence)
    }

    /// Sequence number of the first request held.
    pub fn first_sequence(&self) -> Option<u64> {
        self.parts.first().map(|part| part.first_sequence())
    }

    /// Sequence number of the last request held; zero when empty.
    pub fn last_sequence(&self) -> u64 {
        self.parts.last().map_or(0, |part| part.last_sequence())
    }

    /// What the rows hold in memory.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }
}

/// Parts are joined with parts of their own order of magnitude; `None` for sealed ones.
fn class(part: &Part) -> Option<u32> {
    let rows = part.batch.num_rows();
    (rows < SEALED_ROWS).then(|| (rows.max(1)).ilog2() / JOIN_FAN_IN.ilog2())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::span_rows::batch_of;
    use model::{Span, SpanId, TimeNs, TraceId};

    fn request(from: u64, spans: u64) -> RecordBatch {
        let spans: Vec<Span> = (0..spans)
            .map(|at| Span {
                trace_id: TraceId([(from % 251) as u8 + 1; 16]),
                span_id: SpanId((from * 1000 + at).to_be_bytes()),
                start: TimeNs((from * 10 + at) as i64),
                name: "n".into(),
                ..Span::default()
            })
            .collect();
        batch_of(&spans)
    }

    #[test]
    fn small_requests_are_joined_and_stay_apart_for_followers() {
        let tenant = TenantId::single();
        let mut buffer = Buffer::default();
        for sequence in 1..=1000 {
            buffer.push(tenant.clone(), sequence, request(sequence, 1 + sequence % 7));
        }
        assert!(buffer.parts().len() < 100, "{} parts", buffer.parts().len());
        for sequence in 1..=1000 {
            let (_, rows) = buffer.request(sequence).expect("held");
            assert_eq!(rows, request(sequence, 1 + sequence % 7));
        }
        assert_eq!(buffer.next_sequence(0), Some(1));
        assert_eq!(buffer.next_sequence(1000), None);
        let found: usize = buffer.parts().iter().map(|p| p.rows_of(TraceId([8; 16])).len()).sum();
        let want = (1..=1000u64).filter(|s| s % 251 + 1 == 8).map(|s| 1 + s % 7).sum::<u64>();
        assert_eq!(found as u64, want);
    }

    #[test]
    fn a_round_cuts_at_its_position_even_through_a_joined_part() {
        let tenant = TenantId::single();
        let mut buffer = Buffer::default();
        for sequence in 1..=10 {
            buffer.push(tenant.clone(), sequence, request(sequence, 2));
        }
        let frozen = buffer.freeze().expect("not empty");
        for sequence in 11..=40 {
            buffer.push(tenant.clone(), sequence, request(sequence, 2));
        }
        buffer.drop_through(frozen.last_sequence);
        assert_eq!(buffer.first_sequence(), Some(11));
        assert_eq!(buffer.rows(), 60);
        assert!(buffer.request(10).is_none() && buffer.request(11).is_some());
        let whole: u64 = frozen.parts.iter().map(|part| part.bytes).sum();
        assert!(buffer.bytes() < 8 * whole, "what the rest shares is counted once: {} bytes", buffer.bytes());
        buffer.drop_through(40);
        assert_eq!((buffer.rows(), buffer.bytes()), (0, 0));
    }
}
