//! Sums of calls that follow the stream, cut where the store's rounds are cut.
//!
//! In: the store's stream, each batch once and in order, with the cuts of its rounds. Out: for a round, the rows that everything up to
//! its cut adds; for a reader, what is in no table yet. After a start the spans of the last minute before the cut come back as waiting
//! halves ([`super::rebuild`]), without being counted again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use futures::FutureExt;
use futures::future::BoxFuture;
use model::TenantId;
use model::schema::spans::Column;
use parking_lot::Mutex;
use store::{DerivedRows, DerivedTable, Deriver, Start, TailEvent};
use tokio::sync::watch;
use topology::Aggregator;
use topology::aggregate::{Books, Delta};

use super::{rebuild, tables};

/// Cuts of which the rows are kept after their commit, for readers whose view is from before it.
const KEPT_CUTS: usize = 8;

/// What a cut took.
#[derive(Debug)]
struct Frozen {
    last: u64,
    deltas: BTreeMap<TenantId, Delta>,
}

#[derive(Debug, Default)]
struct State {
    tenants: BTreeMap<TenantId, Aggregator>,
    frozen: VecDeque<Frozen>,
    /// Position up to which the tables hold everything.
    committed: u64,
    /// Position of the newest cut of which nothing is kept any more.
    forgotten: u64,
    /// Corrections for the next round.
    corrections: BTreeMap<TenantId, Delta>,
}

/// How far the follower is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Reached {
    cut: u64,
    ended: bool,
}

/// The sums of every tenant.
#[derive(Debug)]
pub struct Sums {
    state: Mutex<State>,
    reached: watch::Sender<Reached>,
}

impl Default for Sums {
    fn default() -> Self {
        Self { state: Mutex::default(), reached: watch::Sender::new(Reached::default()) }
    }
}

impl Sums {
    /// What is in no table of a view that reaches to `flushed`; `None` when the view is too old, and a newer one must be taken.
    pub fn waiting(&self, tenant: &TenantId, flushed: u64) -> Option<Delta> {
        let state = self.state.lock();
        if state.forgotten > flushed {
            return None;
        }
        let mut sum = Delta::default();
        for frozen in state.frozen.iter().filter(|frozen| frozen.last > flushed) {
            if let Some(delta) = frozen.deltas.get(tenant) {
                append(&mut sum, delta.clone());
            }
        }
        if let Some(aggregator) = state.tenants.get(tenant) {
            append(&mut sum, aggregator.snapshot());
        }
        if let Some(delta) = state.corrections.get(tenant) {
            append(&mut sum, delta.clone());
        }
        Some(sum)
    }

    /// Counters of what waits and waited, by name.
    pub fn counters(&self, tenant: &TenantId) -> BTreeMap<&'static str, u64> {
        self.state.lock().tenants.get(tenant).map(Aggregator::counters).unwrap_or_default()
    }

    /// The names that are within the caps, so that a correction decides alike.
    pub fn books(&self, tenant: &TenantId) -> Books {
        let state = self.state.lock();
        let known = state.tenants.get(tenant).map(|aggregator| aggregator.books().clone());
        known.unwrap_or_else(|| Books::new(Default::default()))
    }

    /// Hands in corrections; they become part of the tables with the next round and are seen at once.
    pub fn correct(&self, tenant: &TenantId, delta: Delta) {
        append(self.state.lock().corrections.entry(tenant.clone()).or_default(), delta);
    }

    fn take_in(&self, tenant: &TenantId, batch: &RecordBatch, counting: bool) {
        let mut state = self.state.lock();
        let aggregator =
            state.tenants.entry(tenant.clone()).or_insert_with(|| Aggregator::new(Default::default()));
        let received = batch.column(Column::Received.at()).as_primitive::<Int64Type>();
        let now_ns = received.values().iter().copied().max().unwrap_or(0);
        let taken =
            if counting { aggregator.ingest(batch, now_ns) } else { aggregator.rebuild(batch, now_ns) };
        if let Err(error) = taken {
            // Only a batch that is none of spans can fail, and the store hands over no other.
            tracing::error!(%error, "a batch is missing from the map");
        }
    }

    fn cut(&self, last: u64) {
        let mut state = self.state.lock();
        let mut deltas: BTreeMap<TenantId, Delta> = std::mem::take(&mut state.corrections);
        for (tenant, aggregator) in &mut state.tenants {
            append(deltas.entry(tenant.clone()).or_default(), aggregator.cut());
        }
        state.frozen.push_back(Frozen { last, deltas });
        drop(state);
        self.reached.send_modify(|reached| reached.cut = last);
    }
}

/// Puts the rows of `more` behind those of `sum`.
fn append(sum: &mut Delta, more: Delta) {
    sum.edges.extend(more.edges);
    sum.operations.extend(more.operations);
    sum.entities.extend(more.entities);
    sum.peers.extend(more.peers);
    sum.dirty.extend(more.dirty);
}

impl Deriver for Sums {
    fn tables(&self) -> Vec<DerivedTable> {
        tables::all()
    }

    fn follow(self: Arc<Self>, start: Start) -> BoxFuture<'static, ()> {
        async move {
            let Start { stored, objects, after, mut tail } = start;
            if let Err(error) =
                rebuild::waiting_halves(&stored, &*objects, after, |tenant, batch| self.take_in(tenant, batch, false)).await
            {
                tracing::warn!(error = %error.chain(), "pairs of the moment before the start may be missing from the map");
            }
            loop {
                match tail.next().await {
                    Ok(Some(TailEvent::Batch(batch))) => self.take_in(&batch.tenant, &batch.batch, true),
                    Ok(Some(TailEvent::Cut(last))) => {
                        self.cut(last);
                        tail.acknowledge(last);
                    }
                    Ok(Some(TailEvent::Gap(position))) => {
                        tracing::warn!(position, "the map lost its place in the log: calls of the time before are missing from it");
                    }
                    Ok(None) => break,
                    Err(error) => {
                        tracing::error!(error = %error.chain(), "the map follows no longer");
                        break;
                    }
                }
            }
            self.reached.send_modify(|reached| reached.ended = true);
        }
        .boxed()
    }

    fn rows(&self, last: u64) -> BoxFuture<'_, Result<Vec<DerivedRows>, String>> {
        async move {
            let mut reached = self.reached.subscribe();
            let found = reached.wait_for(|reached| reached.cut >= last || reached.ended).await;
            let there = found.map(|reached| reached.cut >= last).unwrap_or(false);
            if !there {
                return Err("the map's follower has ended".to_owned());
            }
            let deltas: Vec<(TenantId, Delta)> = {
                let state = self.state.lock();
                let mut sums: BTreeMap<TenantId, Delta> = BTreeMap::new();
                let open =
                    state.frozen.iter().filter(|frozen| frozen.last > state.committed && frozen.last <= last);
                for (tenant, delta) in open.flat_map(|frozen| &frozen.deltas) {
                    append(sums.entry(tenant.clone()).or_default(), delta.clone());
                }
                sums.into_iter().collect()
            };
            let work = move || {
                let mut rows = Vec::new();
                for (tenant, delta) in &deltas {
                    rows.extend(tables::rows_of(tenant, delta)?);
                }
                Ok(rows)
            };
            tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())?
        }
        .boxed()
    }

    fn committed(&self, last: u64) {
        let mut state = self.state.lock();
        state.committed = state.committed.max(last);
        while state.frozen.len() > KEPT_CUTS && state.frozen[0].last <= state.committed {
            if let Some(gone) = state.frozen.pop_front() {
                state.forgotten = gone.last;
            }
        }
    }
}
