//! Log queries: the first entries in the order of time, by labels.

use std::collections::BTreeMap;

use super::plan::{Plan, open};
use super::{Evaluation, StreamEntry, StreamResult};
use crate::error::Error;
use crate::labels::LabelSet;
use crate::pipeline::Shown;
use crate::pipeline::names::Names;
use crate::pipeline::row::{Category, Row};
use crate::source::{Direction, LineNeed};
use crate::syntax::ast::LogExpr;

/// An entry with its place in the source's order, which decides among equal times.
struct Found {
    sequence: u64,
    labels: LabelSet,
    entry: StreamEntry,
    bytes: usize,
}

pub(super) fn evaluate(evaluation: &mut Evaluation<'_>, log: &LogExpr) -> Result<Vec<StreamResult>, Error> {
    let params = evaluation.params;
    if params.limit == 0 || params.end_ns <= params.start_ns {
        return Ok(Vec::new());
    }
    let interval_ns = params.interval_ns.max(0);
    let plan = Plan {
        log,
        unwrap: None,
        start_ns: params.start_ns,
        end_ns: params.end_ns,
        shown: Shown::All,
        order: Some(params.direction),
        limit: (interval_ns == 0).then_some(params.limit),
        lines: LineNeed::Text,
    };
    let mut reader = open(evaluation, &plan)?;
    let is_ordered = reader.is_ordered();
    let mut found: Vec<Found> = Vec::new();
    let mut last_ns = None;
    let mut sequence = 0;
    loop {
        let goes_on = reader.next(
            evaluation,
            |_| {},
            |evaluation, kept| {
                sequence += 1;
                if is_ordered && !is_spaced(&mut last_ns, kept.row.time_ns, params.direction, interval_ns) {
                    return Ok(true);
                }
                let (labels, entry) = collect(kept.row, kept.pipeline.names());
                let bytes = entry.line.len() + labels.heap_bytes() + size_of::<Found>();
                evaluation.charge(bytes)?;
                found.push(Found { sequence, labels, entry, bytes });
                Ok(!(is_ordered && found.len() >= params.limit))
            },
        )?;
        if !goes_on {
            break;
        }
        // Out of order: keep twice what is wanted before cutting, so that cutting is cheap per entry.
        if !is_ordered && interval_ns == 0 && found.len() >= params.limit.saturating_mul(2).max(1024) {
            cut(&mut found, params.direction, params.limit, evaluation);
        }
    }
    if !is_ordered {
        if interval_ns == 0 {
            cut(&mut found, params.direction, params.limit, evaluation);
        } else {
            sort(&mut found, params.direction);
            let mut last_ns = None;
            found.retain(|item| is_spaced(&mut last_ns, item.entry.time_ns, params.direction, interval_ns));
            found.truncate(params.limit);
        }
    }
    let mut streams: BTreeMap<LabelSet, Vec<StreamEntry>> = BTreeMap::new();
    for item in found {
        streams.entry(item.labels).or_default().push(item.entry);
    }
    Ok(streams.into_iter().map(|(labels, entries)| StreamResult { labels, entries }).collect())
}

/// Whether an entry is far enough from the last one that was.
fn is_spaced(last_ns: &mut Option<i64>, time_ns: i64, direction: Direction, interval_ns: i64) -> bool {
    let is_spaced = interval_ns == 0
        || last_ns.is_none_or(|last: i64| match direction {
            Direction::Forward => time_ns >= last.saturating_add(interval_ns),
            Direction::Backward => time_ns <= last.saturating_sub(interval_ns),
        });
    if is_spaced {
        *last_ns = Some(time_ns);
    }
    is_spaced
}

fn sort(found: &mut [Found], direction: Direction) {
    found.sort_by(|a, b| {
        let by_time = a.entry.time_ns.cmp(&b.entry.time_ns);
        let by_time = if direction == Direction::Forward { by_time } else { by_time.reverse() };
        by_time.then(a.sequence.cmp(&b.sequence))
    });
}

/// Keeps the first entries.
fn cut(found: &mut Vec<Found>, direction: Direction, limit: usize, evaluation: &mut Evaluation<'_>) {
    sort(found, direction);
    for item in found.drain(limit.min(found.len())..) {
        evaluation.memory_bytes = evaluation.memory_bytes.saturating_sub(item.bytes);
    }
}

/// The entry as it is shown.
fn collect(row: &mut Row<'_>, names: &Names) -> (LabelSet, StreamEntry) {
    let (mut stream, mut metadata, mut parsed) = (Vec::new(), Vec::new(), Vec::new());
    row.each_label(names, |category, name, value| {
        let pair = (name.as_ref().into(), value.into());
        match category {
            Category::Stream => stream.push(pair),
            Category::Metadata => metadata.push(pair),
            Category::Parsed => parsed.push(pair),
        }
    });
    metadata.sort();
    parsed.sort();
    let labels = if metadata.is_empty() && parsed.is_empty() && row.is_untouched() {
        row.stream().clone()
    } else {
        LabelSet::from_shared(stream.iter().chain(&metadata).chain(&parsed).cloned().collect())
    };
    let stream = if row.is_untouched() { row.stream().clone() } else { LabelSet::from_shared(stream) };
    let line = std::mem::take(&mut row.line).into_owned();
    (labels, StreamEntry { time_ns: row.time_ns, line, stream, metadata, parsed })
}
