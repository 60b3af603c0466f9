//! Tables that another crate makes of the accepted spans, such as the sums of the service map, kept as exactly as the spans.
//!
//! In: a [`Deriver`], which follows the stream and knows how its rows are added up. Out: its tables, committed in the round of the spans
//! that they were made of, at the same position; merged, expired and listed like every table of ours. This file knows nothing of what
//! the rows mean: a row is only ever added, and merging may replace rows by their sum.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use catalog::{AddFile, Table};
use futures::future::BoxFuture;
use model::TenantId;
use segment::WriteOptions;
use segment::read::Table as TableShape;

use crate::error::Error;
use crate::files::location;
use crate::live::Inner;
use crate::partition::Place;
use crate::round::{add_file, file_info, file_name};
use crate::snapshot::Snapshot;
use crate::tail::Tail;
use crate::upload;

/// One table.
#[derive(Debug, Clone)]
pub struct DerivedTable {
    /// Its name.
    pub name: &'static str,
    /// Columns of its files, without the partition columns.
    pub schema: SchemaRef,
    /// Version of the columns.
    pub version: u32,
    /// The column by which its files are sorted.
    pub order: &'static str,
    /// Days older than this go; zero keeps everything.
    pub keep_ns: u64,
    /// One batch with the sums of several, sorted.
    pub merge: fn(&[RecordBatch]) -> Result<RecordBatch, String>,
}

/// Rows for one table.
#[derive(Debug, Clone)]
pub struct DerivedRows {
    /// The table.
    pub table: &'static str,
    /// Whose.
    pub tenant: TenantId,
    /// The day that they belong to, since 1970-01-01.
    pub date_days: i32,
    /// The rows, sorted.
    pub batch: RecordBatch,
}

/// What makes the rows.
pub trait Deriver: Debug + Send + Sync {
    /// Its tables; the same at each start.
    fn tables(&self) -> Vec<DerivedTable>;

    /// Follows the stream until it ends. `stored` is what the tables held at the start, `after` the position that the slowest of them
    /// reaches: spans behind it are to be known, not counted.
    fn follow(self: Arc<Self>, start: Start) -> BoxFuture<'static, ()>;

    /// All rows up to and with the cut at `last` that are in no table yet; waits until the follower is there.
    ///
    /// # Errors
    /// When the follower has ended; the round is tried again.
    fn rows(&self, last: u64) -> BoxFuture<'_, Result<Vec<DerivedRows>, String>>;

    /// Tells that the tables hold everything up to `last`.
    fn committed(&self, last: u64);
}

/// What a follower begins with.
#[derive(Debug)]
pub struct Start {
    /// What the tables hold.
    pub stored: Snapshot,
    /// Where their files lie.
    pub objects: Arc<dyn object_store::ObjectStore>,
    /// Position up to which its own tables reach.
    pub after: u64,
    /// The stream after that.
    pub tail: Tail,
}

/// A deriver with its opened tables.
#[derive(Debug)]
pub(crate) struct Derived {
    pub(crate) deriver: Arc<dyn Deriver>,
    pub(crate) tables: Vec<(DerivedTable, Arc<Table>)>,
}

impl DerivedTable {
    /// How its files are read.
    pub fn shape(&self) -> TableShape {
        TableShape { name: self.name, schema: self.schema.clone(), version: self.version }
    }
}

impl Derived {
    /// The table of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&DerivedTable> {
        self.tables.iter().map(|(table, _)| table).find(|table| table.name == name)
    }
}

/// Writes the files of a round; an entry a table, tenant and day.
pub(crate) async fn write_round(
    inner: &Inner,
    derived: &Derived,
    first: u64,
    last: u64,
) -> Result<Vec<(&'static str, AddFile)>, Error> {
    let rows = derived.deriver.rows(last).await.map_err(Error::Task)?;
    let mut adds = Vec::new();
    for (at, rows) in rows.into_iter().enumerate() {
        let Some(table) = derived.find(rows.table) else {
            return Err(Error::Task(format!("rows for the unknown table `{}`", rows.table)));
        };
        if rows.batch.num_rows() == 0 {
            continue;
        }
        let info = file_info(table.name, table.version, first, last, 0);
        let mut bytes = Vec::new();
        let written = segment::write_table(
            &[rows.batch],
            table.schema.clone(),
            table.order,
            &info,
            &WriteOptions::flush(),
            &mut bytes,
        )?;
        let place = Place { tenant: rows.tenant, date_days: rows.date_days, off_clock: false };
        let name = file_name(inner, &place, first, last, 0, at);
        let add = add_file(inner, &place.tenant, &place.date_days, &name, written.bytes, &written.stats);
        upload::put(&*inner.places.objects, &location(&inner.places, table.name, &add.path), bytes).await?;
        adds.push((table.name, add));
    }
    Ok(adds)
}
