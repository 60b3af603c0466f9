//! The map's tables: their columns, how long they are kept, how rows are added up, and rows of sums as rows of tables.
//!
//! Every round writes its sums at all four resolutions. Rows with one key add up, so no job has to roll anything up later, and merging
//! files only makes fewer rows of many.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use model::{TenantId, TimeNs};
use store::{DerivedRows, DerivedTable};
use topology::aggregate::Delta;
use topology::rollup::batches;
use topology::rollup::schema;
use topology::rollup::tables::{ENTITIES, PEERS};
use topology::rollup::{EdgeBag, EntityRow, OperationBag, PeerRow, Resolution};

const DAY_NS: u64 = 86_400_000_000_000;

/// Version of the columns of all tables of the map.
pub const VERSION: u32 = 1;

/// How long rows of a resolution are kept; zero means for ever (topology design 13.6).
pub const fn keep_ns(resolution: Resolution) -> u64 {
    match resolution {
        Resolution::TenSeconds => 2 * DAY_NS,
        Resolution::Minute => 30 * DAY_NS,
        Resolution::Hour => 400 * DAY_NS,
        Resolution::Day => 0,
    }
}

/// Every table of the map.
pub fn all() -> Vec<DerivedTable> {
    let mut tables = Vec::new();
    for resolution in Resolution::ALL {
        tables.push(DerivedTable {
            name: resolution.edges_table(),
            schema: schema::edges(),
            version: VERSION,
            order: "bucket_unix_nano",
            keep_ns: keep_ns(resolution),
            merge: merge_edges,
        });
        tables.push(DerivedTable {
            name: resolution.operations_table(),
            schema: schema::operations(),
            version: VERSION,
            order: "bucket_unix_nano",
            keep_ns: keep_ns(resolution),
            merge: merge_operations,
        });
    }
    let facts = |name, schema, merge| DerivedTable {
        name,
        schema,
        version: VERSION,
        order: "last_seen_unix_nano",
        keep_ns: keep_ns(Resolution::Hour),
        merge,
    };
    tables.push(facts(ENTITIES, schema::entities(), merge_entities));
    tables.push(facts(PEERS, schema::peers(), merge_peers));
    tables
}

/// Any of the four tables of edges: merging keeps the buckets, whatever their length.
fn merge_edges(found: &[RecordBatch]) -> Result<RecordBatch, String> {
    let mut rows = Vec::new();
    for batch in found {
        rows.extend(batches::edges_from_batch(batch).map_err(text)?);
    }
    // Buckets of coarser tables start on bounds of ten seconds too, so that this moves no row.
    let sums = EdgeBag::sum(&rows, Resolution::TenSeconds);
    batches::edges_to_batch(&sums).map_err(text)
}

fn merge_operations(found: &[RecordBatch]) -> Result<RecordBatch, String> {
    let mut rows = Vec::new();
    for batch in found {
        rows.extend(batches::operations_from_batch(batch).map_err(text)?);
    }
    let sums = OperationBag::sum(&rows, Resolution::TenSeconds);
    batches::operations_to_batch(&sums).map_err(text)
}

fn merge_entities(found: &[RecordBatch]) -> Result<RecordBatch, String> {
    let mut rows = Vec::new();
    for batch in found {
        rows.extend(batches::entities_from_batch(batch).map_err(text)?);
    }
    batches::entities_to_batch(&merged_entities(rows)).map_err(text)
}

fn merge_peers(found: &[RecordBatch]) -> Result<RecordBatch, String> {
    let mut rows = Vec::new();
    for batch in found {
        rows.extend(batches::peers_from_batch(batch).map_err(text)?);
    }
    batches::peers_to_batch(&merged_peers(rows)).map_err(text)
}

/// One row an entity and instance, by the time it was last seen.
pub fn merged_entities(rows: Vec<EntityRow>) -> Vec<EntityRow> {
    let mut merged: BTreeMap<_, EntityRow> = BTreeMap::new();
    for row in rows {
        match merged.entry((row.id, row.instance.clone())) {
            std::collections::btree_map::Entry::Occupied(mut known) => known.get_mut().merge(&row),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(row);
            }
        }
    }
    let mut rows: Vec<EntityRow> = merged.into_values().collect();
    rows.sort_by_key(|row| row.last_seen_ns);
    rows
}

/// One row a peer, by the time it was last seen.
pub fn merged_peers(rows: Vec<PeerRow>) -> Vec<PeerRow> {
    let mut merged: BTreeMap<_, PeerRow> = BTreeMap::new();
    for row in rows {
        match merged.entry(row.id) {
            std::collections::btree_map::Entry::Occupied(mut known) => known.get_mut().merge(&row),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(row);
            }
        }
    }
    let mut rows: Vec<PeerRow> = merged.into_values().collect();
    rows.sort_by_key(|row| row.last_seen_ns);
    rows
}

/// The rows that a round's sums of one tenant add to each table.
pub fn rows_of(tenant: &TenantId, delta: &Delta) -> Result<Vec<DerivedRows>, String> {
    let mut found = Vec::new();
    let mut push = |table, date_days, batch| {
        found.push(DerivedRows { table, tenant: tenant.clone(), date_days, batch });
    };
    for resolution in Resolution::ALL {
        for (day, rows) in by_day(EdgeBag::sum(&delta.edges, resolution), |row| row.bucket_ns) {
            push(resolution.edges_table(), day, batches::edges_to_batch(&rows).map_err(text)?);
        }
        for (day, rows) in by_day(OperationBag::sum(&delta.operations, resolution), |row| row.bucket_ns) {
            push(resolution.operations_table(), day, batches::operations_to_batch(&rows).map_err(text)?);
        }
    }
    for (day, rows) in by_day(merged_entities(delta.entities.clone()), |row| row.last_seen_ns) {
        push(ENTITIES, day, batches::entities_to_batch(&rows).map_err(text)?);
    }
    for (day, rows) in by_day(merged_peers(delta.peers.clone()), |row| row.last_seen_ns) {
        push(PEERS, day, batches::peers_to_batch(&rows).map_err(text)?);
    }
    Ok(found)
}

fn by_day<T>(rows: Vec<T>, at_ns: impl Fn(&T) -> i64) -> BTreeMap<i32, Vec<T>> {
    let mut days: BTreeMap<i32, Vec<T>> = BTreeMap::new();
    for row in rows {
        days.entry(TimeNs(at_ns(&row)).days()).or_default().push(row);
    }
    days
}

fn text(error: topology::Error) -> String {
    error.to_string()
}
