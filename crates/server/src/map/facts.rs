//! The rows of a range: from the files that the planner picks and from what is in no table yet.
//!
//! In: a store, a tenant, a range. Out: [`Facts`], of which maps, services and exports are drawn. Decoded rows of files are kept,
//! because files never change; so many at most that they fit into a named number of rows.

use std::collections::HashMap;
use std::sync::Arc;

use api::topology::Completeness;
use model::{TenantId, TimeNs};
use parking_lot::Mutex;
use segment::read::Table;
use store::{DerivedTable, Error, Snapshot, Store, TableFile};
use topology::range_plan::{Holding, Plan, PlanPart, plan};
use topology::rollup::batches;
use topology::rollup::tables::{ENTITIES, PEERS};
use topology::rollup::{EdgeRow, EntityRow, OperationRow, PeerRow, Resolution, bucket_of};
use topology::view::MapFacts;
use topology::view::lookup::Lookup;

use super::{Map, tables};

/// Decoded rows that are kept at most; about 300 bytes each.
const KEPT_ROWS_MAX: usize = 400_000;

/// Rows of one file.
#[derive(Debug, Clone)]
enum Rows {
    Edges(Arc<Vec<EdgeRow>>),
    Operations(Arc<Vec<OperationRow>>),
    Entities(Arc<Vec<EntityRow>>),
    Peers(Arc<Vec<PeerRow>>),
}

/// Decoded files by location.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    files: Mutex<HashMap<String, (usize, Rows)>>,
}

/// What a range holds.
#[derive(Debug)]
pub struct Facts {
    /// Edges of the range.
    pub edges: Vec<EdgeRow>,
    /// Operations of the range; empty unless asked for.
    pub operations: Vec<OperationRow>,
    /// Every entity.
    pub entities: Vec<EntityRow>,
    /// What ids mean.
    pub lookup: Lookup,
    /// Which rows were summed.
    pub plan: Plan,
    /// How whole they are.
    pub completeness: Completeness,
}

impl Facts {
    /// What a map is drawn of.
    pub fn map(&self) -> MapFacts<'_> {
        MapFacts {
            rows: &self.edges,
            lookup: &self.lookup,
            completeness: self.completeness.clone(),
            resolutions_ns: self.plan.resolutions_ns(),
            sql: self.plan.sql(),
        }
    }
}

impl Map {
    /// The rows of `[from_ns, to_ns)`, widened to whole buckets. `finest` asks for ten seconds throughout, for frames.
    pub async fn facts(
        &self,
        store: &Store,
        tenant: &TenantId,
        (from_ns, to_ns): (i64, i64),
        wanted: Wanted,
    ) -> Result<Facts, Error> {
        let (snapshot, waiting) = loop {
            let snapshot = store.snapshot();
            // The rows of a cut stay readable for a few rounds after its commit, so this comes round at most once.
            if let Some(waiting) = self.sums.waiting(tenant, snapshot.flushed) {
                break (snapshot, waiting);
            }
        };
        let objects = store.objects();
        let step = Resolution::TenSeconds;
        let from_ns = bucket_of(from_ns, step);
        let to_ns = bucket_of(to_ns.saturating_sub(1), step).saturating_add(step.bucket_ns());
        let plan = match wanted {
            Wanted::Steps => Plan { parts: vec![PlanPart { resolution: step, from_ns, to_ns }] },
            _ => plan(from_ns, to_ns, &holdings(to_ns)),
        };
        let reader = Reader { map: self, snapshot: &snapshot, objects: &*objects, tenant };
        let mut facts = Facts {
            edges: Vec::new(),
            operations: Vec::new(),
            entities: waiting.entities,
            lookup: Lookup::new(&[], &[], self.book.names(), []),
            completeness: Completeness {
                exact: waiting.dirty.is_empty(),
                pending_repairs: waiting.dirty.len() as u64,
                ..Completeness::default()
            },
            plan,
        };
        let parts = facts.plan.parts.clone();
        for part in &parts {
            let days = TimeNs(part.from_ns).days()..=TimeNs(part.to_ns.saturating_sub(1)).days();
            let within = |bucket_ns: i64| bucket_ns >= part.from_ns && bucket_ns < part.to_ns;
            for rows in reader.edges(part.resolution.edges_table(), days.clone()).await? {
                facts.edges.extend(rows.iter().filter(|row| within(row.bucket_ns)).cloned());
            }
            facts.edges.extend(
                waiting.edges.iter().filter(|row| within(bucket_of(row.bucket_ns, part.resolution))).cloned(),
            );
            if wanted == Wanted::Operations {
                for rows in reader.operations(part.resolution.operations_table(), days).await? {
                    facts.operations.extend(rows.iter().filter(|row| within(row.bucket_ns)).cloned());
                }
                let fresh = waiting.operations.iter();
                facts
                    .operations
                    .extend(fresh.filter(|row| within(bucket_of(row.bucket_ns, part.resolution))).cloned());
            }
        }
        let mut peers = waiting.peers;
        for rows in reader.entities().await? {
            facts.entities.extend(rows.iter().cloned());
        }
        for rows in reader.peers().await? {
            peers.extend(rows.iter().cloned());
        }
        facts.entities = tables::merged_entities(std::mem::take(&mut facts.entities));
        let peers = tables::merged_peers(peers);
        facts.lookup = Lookup::new(&facts.entities, &peers, self.book.names(), &facts.edges);
        let counters = self.sums.counters(tenant);
        facts.completeness.evicted = counters.get("evicted").copied().unwrap_or(0);
        Ok(facts)
    }
}

/// Which rows are wanted besides entities and peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Edges, by the coarsest rows.
    Edges,
    /// Edges and operations likewise.
    Operations,
    /// Edges at ten seconds throughout.
    Steps,
}

/// What each resolution holds around `now_ns`: every round writes all of them, so that only age tells them apart.
fn holdings(now_ns: i64) -> Vec<Holding> {
    let holding = |resolution| {
        let keep = i64::try_from(tables::keep_ns(resolution)).unwrap_or(i64::MAX);
        let from_ns =
            if keep == 0 { i64::MIN } else { bucket_of(now_ns.saturating_sub(keep), Resolution::Day) };
        Holding { resolution, from_ns, until_ns: i64::MAX }
    };
    Resolution::ALL.map(holding).to_vec()
}

struct Reader<'a> {
    map: &'a Map,
    snapshot: &'a Snapshot,
    objects: &'a dyn object_store::ObjectStore,
    tenant: &'a TenantId,
}

impl Reader<'_> {
    async fn edges(
        &self,
        table: &'static str,
        days: std::ops::RangeInclusive<i32>,
    ) -> Result<Vec<Arc<Vec<EdgeRow>>>, Error> {
        let rows = self.rows(table, Some(days)).await?;
        Ok(rows
            .into_iter()
            .filter_map(|rows| if let Rows::Edges(rows) = rows { Some(rows) } else { None })
            .collect())
    }

    async fn operations(
        &self,
        table: &'static str,
        days: std::ops::RangeInclusive<i32>,
    ) -> Result<Vec<Arc<Vec<OperationRow>>>, Error> {
        let rows = self.rows(table, Some(days)).await?;
        Ok(rows
            .into_iter()
            .filter_map(|rows| if let Rows::Operations(rows) = rows { Some(rows) } else { None })
            .collect())
    }

    async fn entities(&self) -> Result<Vec<Arc<Vec<EntityRow>>>, Error> {
        let rows = self.rows(ENTITIES, None).await?;
        Ok(rows
            .into_iter()
            .filter_map(|rows| if let Rows::Entities(rows) = rows { Some(rows) } else { None })
            .collect())
    }

    async fn peers(&self) -> Result<Vec<Arc<Vec<PeerRow>>>, Error> {
        let rows = self.rows(PEERS, None).await?;
        Ok(rows
            .into_iter()
            .filter_map(|rows| if let Rows::Peers(rows) = rows { Some(rows) } else { None })
            .collect())
    }

    async fn rows(
        &self,
        table: &'static str,
        days: Option<std::ops::RangeInclusive<i32>>,
    ) -> Result<Vec<Rows>, Error> {
        let Some(columns) = tables::all().into_iter().find(|known| known.name == table) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for file in self.snapshot.derived_of(table, self.tenant) {
            if days.as_ref().is_some_and(|days| !days.contains(&file.entry.date_days)) {
                continue;
            }
            found.push(self.file(file, &columns).await?);
        }
        Ok(found)
    }

    async fn file(&self, file: &TableFile, table: &DerivedTable) -> Result<Rows, Error> {
        let key = file.location.to_string();
        if let Some((_, rows)) = self.map.decoded.files.lock().get(&key) {
            return Ok(rows.clone());
        }
        let shape: Table = table.shape();
        let read = file.read_all(self.objects, &shape).await?;
        let broken = |error: topology::Error| Error::Task(format!("`{key}`: {error}"));
        fn all<T>(
            read: &[arrow::array::RecordBatch],
            rows: impl Fn(&arrow::array::RecordBatch) -> Result<Vec<T>, topology::Error>,
        ) -> Result<Arc<Vec<T>>, topology::Error> {
            let mut all = Vec::new();
            for batch in read {
                all.extend(rows(batch)?);
            }
            Ok(Arc::new(all))
        }
        let (count, rows) = match table.name {
            ENTITIES => {
                let rows = all(&read, batches::entities_from_batch).map_err(broken)?;
                (rows.len(), Rows::Entities(rows))
            }
            PEERS => {
                let rows = all(&read, batches::peers_from_batch).map_err(broken)?;
                (rows.len(), Rows::Peers(rows))
            }
            name if name.starts_with("edges_") => {
                let rows = all(&read, batches::edges_from_batch).map_err(broken)?;
                (rows.len(), Rows::Edges(rows))
            }
            _ => {
                let rows = all(&read, batches::operations_from_batch).map_err(broken)?;
                (rows.len(), Rows::Operations(rows))
            }
        };
        let mut kept = self.map.decoded.files.lock();
        let total: usize = kept.values().map(|(count, _)| count).sum();
        if total + count > KEPT_ROWS_MAX {
            kept.clear();
        }
        if count <= KEPT_ROWS_MAX {
            kept.insert(key, (count, rows.clone()));
        }
        Ok(rows)
    }
}
