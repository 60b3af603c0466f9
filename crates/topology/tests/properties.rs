//! The sums of the stream equal those of a naive self-join over distinct spans, whatever the order, the copies, the
//! partition, the restarts and, after repair, the losses.

#[path = "properties/naive.rs"]
mod naive;
#[path = "properties/world.rs"]
mod world;

use std::collections::BTreeSet;

use model::Span;
use model::span_rows::batch_of;
use proptest::prelude::*;
use topology::aggregate::{Books, Delta};
use topology::repair::{Exact, corrections};
use topology::rollup::{EdgeBag, OperationBag, bucket_of};
use topology::{Aggregator, EdgeRow, OperationRow, Options, Resolution};

type Rows = (Vec<EdgeRow>, Vec<OperationRow>);

/// The rows of several deltas added up.
fn total(deltas: &[Delta]) -> Rows {
    (
        EdgeBag::sum(deltas.iter().flat_map(|delta| &delta.edges), Resolution::TenSeconds),
        OperationBag::sum(deltas.iter().flat_map(|delta| &delta.operations), Resolution::TenSeconds),
    )
}

fn same(ours: &Rows, wanted: &Rows) -> Result<(), TestCaseError> {
    for row in &wanted.0 {
        let found = ours.0.iter().find(|ours| (ours.bucket_ns, &ours.key) == (row.bucket_ns, &row.key));
        prop_assert_eq!(found, Some(row));
    }
    for row in &ours.0 {
        let known = wanted.0.iter().any(|wanted| (wanted.bucket_ns, &wanted.key) == (row.bucket_ns, &row.key));
        prop_assert!(known, "not wanted: {:?}", row);
    }
    prop_assert_eq!(&ours.1, &wanted.1);
    Ok(())
}

/// Spans in another order and some of them twice or more, in batches.
fn stream(spans: &[Span], seed: u64, copies: bool) -> Vec<Vec<Span>> {
    let mut random = world::Random(seed | 1);
    let mut stream: Vec<Span> = spans.to_vec();
    if copies {
        for span in spans {
            while random.below(5) == 0 {
                stream.push(span.clone());
            }
        }
    }
    for at in (1..stream.len()).rev() {
        stream.swap(at, random.below(at as u64 + 1) as usize);
    }
    let mut batches = Vec::new();
    let mut rest = stream.as_slice();
    while !rest.is_empty() {
        let (batch, others) = rest.split_at((1 + random.below(9) as usize).min(rest.len()));
        batches.push(batch.to_vec());
        rest = others;
    }
    batches
}

fn ingest(aggregator: &mut Aggregator, spans: &[Span]) {
    aggregator.ingest(&batch_of(spans), world::NOW_NS).expect("a batch of spans");
}

/// What an exact reading gives, with what the tables have.
fn repaired(spans: &[Span], deltas: &[Delta], books: Books, buckets: Option<&BTreeSet<i64>>) -> Vec<Delta> {
    let mut exact = Exact::new(Options::default(), books);
    spans.iter().for_each(|span| exact.read_span(span));
    let exact = exact.rows(buckets);
    let (mut edges, mut operations) = total(deltas);
    if let Some(buckets) = buckets {
        edges.retain(|row| buckets.contains(&row.bucket_ns));
        operations.retain(|row| buckets.contains(&row.bucket_ns));
    }
    let mut all = deltas.to_vec();
    all.push(corrections(&exact, &edges, &operations));
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_copies(spans in world::spans(), seed: u64) {
        let wanted = naive::rows(&spans);
        let mut aggregator = Aggregator::new(Options::default());
        let mut deltas = Vec::new();
        let mut random = world::Random(seed);
        for batch in stream(&spans, seed, true) {
            ingest(&mut aggregator, &batch);
            if random.below(4) == 0 {
                deltas.push(aggregator.cut());
            }
        }
        deltas.push(aggregator.cut());
        prop_assert_eq!(aggregator.spans(), spans.len() as u64);
        prop_assert!(deltas.iter().all(|delta| delta.dirty.is_empty()));
        same(&total(&deltas), &wanted)?;
        // The way of single spans is the way of rows.
        let mut exact = Exact::new(Options::default(), Books::new(Default::default()));
        spans.iter().for_each(|span| exact.read_span(span));
        let exact = exact.rows(None);
        same(&(exact.edges, exact.operations), &wanted)?;
    }

    #[test]
    fn any_partition_after_repair(spans in world::spans(), seed: u64, by_trace: bool) {
        let mut shards: Vec<Aggregator> = (0..3).map(|_| Aggregator::new(Options::default())).collect();
        let mut random = world::Random(seed | 1);
        for batch in stream(&spans, seed, false) {
            for span in batch {
                let shard = if by_trace { u64::from(span.trace_id.0[15]) } else { random.below(3) };
                ingest(&mut shards[shard as usize % 3], &[span]);
            }
        }
        let deltas: Vec<Delta> = shards.iter_mut().map(Aggregator::cut).collect();
        let all = repaired(&spans, &deltas, Books::new(Default::default()), None);
        same(&total(&all), &naive::rows(&spans))?;
    }

    #[test]
    fn restarts_lose_and_double_nothing(spans in world::spans(), seed: u64) {
        let mut aggregator = Aggregator::new(Options::default());
        let (mut deltas, mut before) = (Vec::new(), Vec::new());
        let mut random = world::Random(seed | 1);
        for batch in stream(&spans, seed, true) {
            ingest(&mut aggregator, &batch);
            before.extend(batch);
            if random.below(5) == 0 {
                deltas.push(aggregator.cut());
                aggregator = Aggregator::new(Options::default());
                for old in stream(&before, seed ^ 77, false) {
                    aggregator.rebuild(&batch_of(&old), world::NOW_NS).expect("a batch of spans");
                }
            }
        }
        deltas.push(aggregator.cut());
        same(&total(&deltas), &naive::rows(&spans))?;
    }

    #[test]
    fn what_is_not_marked_is_exact(spans in world::spans(), seed: u64, late: bool) {
        let mut aggregator = Aggregator::new(Options::default());
        let mut deltas = Vec::new();
        for (n, batch) in stream(&spans, seed, true).into_iter().enumerate() {
            // Late: ten minutes lie between two batches, so that nothing meets but what came together.
            let now_ns = world::NOW_NS + if late { 600_000_000_000 * n as i64 } else { 0 };
            aggregator.ingest(&batch_of(&batch), now_ns).expect("a batch of spans");
            if !late && n % 3 == 0 {
                aggregator.evict();
            }
        }
        aggregator.finish();
        deltas.push(aggregator.cut());
        let mut dirty: BTreeSet<i64> = deltas[0].dirty.clone();
        for span in &spans {
            let linked = span.links.iter().any(|link| deltas[0].late_traces.contains(&link.trace_id));
            if deltas[0].late_traces.contains(&span.trace_id) || linked {
                dirty.insert(bucket_of(span.start.0, Resolution::TenSeconds));
            }
        }
        for span in spans.iter().filter(|span| deltas[0].late_traces.contains(&span.trace_id)) {
            for other in spans.iter().filter(|other| span.links.iter().any(|l| l.trace_id == other.trace_id)) {
                dirty.insert(bucket_of(other.start.0, Resolution::TenSeconds));
            }
        }
        let books = aggregator.books().clone();
        let all = repaired(&spans, &deltas, books, Some(&dirty));
        same(&total(&all), &naive::rows(&spans))?;
    }

    #[test]
    fn rows_survive_their_tables(spans in world::spans()) {
        let mut aggregator = Aggregator::new(Options::default());
        ingest(&mut aggregator, &spans);
        let delta = aggregator.cut();
        use topology::rollup::batches::*;
        let edges = edges_from_batch(&edges_to_batch(&delta.edges).expect("rows")).expect("own batch");
        prop_assert_eq!(&edges, &delta.edges);
        let operations = operations_from_batch(&operations_to_batch(&delta.operations).expect("rows"));
        prop_assert_eq!(operations.as_ref(), Ok(&delta.operations));
        let entities = entities_from_batch(&entities_to_batch(&delta.entities).expect("rows"));
        prop_assert_eq!(entities.as_ref(), Ok(&delta.entities));
        let peers = peers_from_batch(&peers_to_batch(&delta.peers).expect("rows"));
        prop_assert_eq!(peers.as_ref(), Ok(&delta.peers));
        // Step by step or at once, a day is the same.
        let step = |rows: &[EdgeRow], to| EdgeBag::sum(rows, to);
        let minutes = step(&delta.edges, Resolution::Minute);
        let days = step(&step(&minutes, Resolution::Hour), Resolution::Day);
        prop_assert_eq!(days, step(&delta.edges, Resolution::Day));
    }
}
