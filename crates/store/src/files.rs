//! The files that the tables hold, with what prunes them. Readers plan with this list alone, never through the Delta log.
//!
//! In: files as the catalog lists them, index files beside the tables. Out: [`FileSet`]. An index that is absent or broken is
//! built again from its Parquet file.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;
use catalog::FileEntry;
use futures::{StreamExt, TryStreamExt};
use model::TraceId;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use segment::read::Table;
use segment::{Footer, Parsed, RowSelection, SpanIndex};
use tokio::sync::OnceCell;

use crate::account::Lines;
use crate::error::Error;
use crate::live::Inner;
use crate::options::Places;

/// So many index files are read at once.
const LOAD_CONCURRENCY: usize = 16;

/// A file of any table.
pub struct TableFile {
    /// Its entry in the table.
    pub entry: Arc<FileEntry>,
    /// Where it lies in the object store.
    pub location: Path,
    footer: OnceCell<Arc<Footer>>,
}

impl std::fmt::Debug for TableFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableFile").field("location", &self.location).finish_non_exhaustive()
    }
}

/// A file of the table `spans`.
#[derive(Debug)]
pub struct SpanFile {
    /// The file.
    pub file: TableFile,
    /// What prunes it.
    pub index: SpanIndex,
}

/// All live files at one instant.
#[derive(Debug, Default, Clone)]
pub struct FileSet {
    /// Files of `spans`, those with the latest starts first.
    pub spans: Vec<Arc<SpanFile>>,
    /// Files of `traces`.
    pub traces: Vec<Arc<TableFile>>,
    /// Files of `ingest`.
    pub ingest: Vec<Arc<TableFile>>,
}

impl TableFile {
    pub(crate) fn new(places: &Places, table: &str, entry: Arc<FileEntry>) -> Self {
        let location = location(places, table, &entry.path);
        Self { entry, location, footer: OnceCell::new() }
    }

    /// The parsed footer, read once and kept while the file is live.
    pub async fn footer(&self, objects: &dyn ObjectStore, table: &Table) -> Result<Arc<Footer>, Error> {
        let read = || read_footer(objects, &self.location, self.entry.size, table);
        self.footer.get_or_try_init(read).await.cloned()
    }

    /// Reads all rows; for small files.
    pub async fn read_all(
        &self,
        objects: &dyn ObjectStore,
        table: &Table,
    ) -> Result<Vec<RecordBatch>, Error> {
        let footer = self.footer(objects, table).await?;
        let groups: Vec<usize> = (0..footer.row_groups()).collect();
        let plan = segment::plan(&footer, &groups, None, None)?;
        let bytes = self.read(objects, plan.ranges()).await?;
        Ok(segment::decode(&footer, &plan, &bytes)?)
    }

    /// Reads byte ranges of the file.
    pub async fn read(&self, objects: &dyn ObjectStore, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, Error> {
        objects.get_ranges(&self.location, ranges).await.map_err(Error::objects("reading", &self.location))
    }
}

impl SpanFile {
    /// Reads the rows that the index names for some traces, with some columns (`None`: all). The index keeps 32 bits of an
    /// id, so rows of another trace may be among them.
    pub async fn rows_of_traces(
        &self,
        objects: &dyn ObjectStore,
        ids: &BTreeSet<TraceId>,
        columns: Option<&[usize]>,
    ) -> Result<Vec<RecordBatch>, Error> {
        let mut by_group: BTreeMap<usize, Vec<Range<usize>>> = BTreeMap::new();
        for rows in ids.iter().flat_map(|id| self.index.trace_rows(id)) {
            by_group.entry(rows.row_group).or_default().push(rows.rows);
        }
        if by_group.is_empty() {
            return Ok(Vec::new());
        }
        let footer = self.file.footer(objects, &Table::spans()).await?;
        let mut found = Vec::new();
        for (group, mut ranges) in by_group {
            ranges.sort_by_key(|range| range.start);
            ranges.dedup();
            let selection = RowSelection::from_consecutive_ranges(ranges.into_iter(), footer.rows_of(group));
            let plan = segment::plan(&footer, &[group], columns, Some(&selection))?;
            let bytes = self.file.read(objects, plan.ranges()).await?;
            found.extend(segment::decode(&footer, &plan, &bytes)?);
        }
        Ok(found)
    }
}

/// Reads and parses a footer: its fixed tail first, then as much as it asks for.
async fn read_footer(
    objects: &dyn ObjectStore,
    location: &Path,
    size: u64,
    table: &Table,
) -> Result<Arc<Footer>, Error> {
    let mut range = Footer::range_to_read(size);
    loop {
        let bytes = objects
            .get_range(location, range.clone())
            .await
            .map_err(Error::objects("reading the footer of", location))?;
        match Footer::parse(table, size, &bytes)? {
            Parsed::Footer(footer) => return Ok(Arc::new(footer)),
            Parsed::Needs(more) => range = more,
        }
    }
}

pub(crate) fn location(places: &Places, table: &str, path: &str) -> Path {
    let mut location = places.tables.clone().join(table);
    for piece in path.split('/') {
        location = location.join(piece);
    }
    location
}

/// Name of the index file of a Parquet file: its own file name with another ending.
pub(crate) fn index_name(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    format!("{}.idx", name.strip_suffix(".parquet").unwrap_or(name))
}

/// Position of the log up to which a flushed file's rows reach, and from which, as its name says; `None` for
/// files of other programs.
pub(crate) fn log_range(path: &str) -> Option<(u64, u64)> {
    let name = path.rsplit('/').next()?;
    let mut parts = name.split('-');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Writes an index file so that a crash leaves the whole file or none.
pub(crate) fn write_index(places: &Places, path: &str, index: &SpanIndex) -> Result<(), Error> {
    let name = index_name(path);
    let bytes = index.encode()?;
    let fail = |source| Error::Folder { what: "writing the index", path: name.clone(), source };
    let temporary = format!("{name}.tmp");
    let _ = places.index.remove(&temporary);
    let mut file = places.index.create(&temporary).map_err(fail)?;
    file.append(&bytes).and_then(|()| file.sync_data()).map_err(fail)?;
    places.index.rename(&temporary, &name).map_err(fail)
}

fn read_index(places: &Places, path: &str, rows: Option<u64>) -> Option<SpanIndex> {
    let bytes = places.index.read(&index_name(path)).ok()?;
    let index = SpanIndex::decode(&Bytes::from(bytes)).ok()?;
    rows.is_none_or(|rows| rows == index.rows).then_some(index)
}

/// Opens a file of spans, with its index from the folder or built anew.
pub(crate) async fn open_spans(places: &Places, entry: Arc<FileEntry>) -> Result<SpanFile, Error> {
    let file = TableFile::new(places, "spans", entry);
    if let Some(index) = read_index(places, &file.entry.path, file.entry.rows) {
        return Ok(SpanFile { file, index });
    }
    let footer = file.footer(&*places.objects, &Table::spans()).await?;
    let bytes = places
        .objects
        .get(&file.location)
        .await
        .map_err(Error::objects("reading", &file.location))?
        .bytes()
        .await
        .map_err(Error::objects("reading", &file.location))?;
    let index = segment::build_index(&footer, |range| {
        let range = range.start as usize..range.end as usize;
        if range.end > bytes.len() {
            return Err(segment::Error::Io(std::io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(bytes.slice(range))
    })?;
    tracing::info!(file = %file.location, "built the index of a file anew");
    if let Err(error) = write_index(places, &file.entry.path, &index) {
        tracing::warn!(error = %error.chain(), "the index is kept in memory only");
    }
    Ok(SpanFile { file, index })
}

/// Opens all files of the tables.
pub(crate) async fn load(inner: &Inner) -> Result<FileSet, Error> {
    let places = &inner.places;
    let spans = futures::stream::iter(inner.spans.files())
        .map(|entry| async move { open_spans(places, entry).await.map(Arc::new) })
        .buffer_unordered(LOAD_CONCURRENCY)
        .try_collect::<Vec<_>>()
        .await?;
    let open = |name: &str, files: Vec<Arc<FileEntry>>| {
        files.into_iter().map(|e| Arc::new(TableFile::new(places, name, e))).collect()
    };
    let mut set = FileSet {
        spans,
        traces: open("traces", inner.traces.files()),
        ingest: open("ingest", inner.ingest.files()),
    };
    set.sort();
    Ok(set)
}

/// The table `ingest` as files of it are read.
pub fn ingest_table() -> Table {
    use model::schema::ingest;
    Table { name: "ingest", schema: ingest::schema(), version: ingest::VERSION }
}

/// The account that the table `ingest` tells.
pub(crate) async fn sum_ingest(inner: &Inner, set: &FileSet) -> Result<Lines, Error> {
    let mut lines = Lines::default();
    for file in &set.ingest {
        for batch in file.read_all(&*inner.places.objects, &ingest_table()).await? {
            lines.add_batch(&file.entry.tenant, &batch);
        }
    }
    Ok(lines)
}

impl FileSet {
    /// Puts the newest files of spans first.
    pub(crate) fn sort(&mut self) {
        self.spans.sort_by(|a, b| {
            let key = |f: &SpanFile| (f.index.times.max_start, f.index.times.min_start);
            key(b).cmp(&key(a)).then_with(|| a.file.entry.path.cmp(&b.file.entry.path))
        });
    }

    /// The same set without some files of one table and with others. Files of a round have the same path in each table, but
    /// tables are merged at times of their own.
    pub(crate) fn replaced(&self, table: &str, removed: &[String], added: Added) -> Self {
        let gone: std::collections::HashSet<&str> = removed.iter().map(String::as_str).collect();
        let keep = |entry: &FileEntry| !gone.contains(entry.path.as_str());
        let mut set = self.clone();
        match table {
            "spans" => set.spans.retain(|f| keep(&f.file.entry)),
            "traces" => set.traces.retain(|f| keep(&f.entry)),
            _ => set.ingest.retain(|f| keep(&f.entry)),
        }
        set.spans.extend(added.spans);
        set.traces.extend(added.traces);
        set.ingest.extend(added.ingest);
        set.sort();
        set
    }
}

/// Files that a commit added.
#[derive(Debug, Default)]
pub(crate) struct Added {
    pub(crate) spans: Vec<Arc<SpanFile>>,
    pub(crate) traces: Vec<Arc<TableFile>>,
    pub(crate) ingest: Vec<Arc<TableFile>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> TableFile {
        let entry = FileEntry {
            path: path.to_owned(),
            size: 1,
            tenant: model::TenantId::single(),
            date_days: 0,
            rows: Some(1),
            stats_json: String::new(),
            modified_unix_ms: 0,
        };
        TableFile { entry: Arc::new(entry), location: Path::from(path), footer: OnceCell::new() }
    }

    /// A round writes files of one path into several tables; they are merged at different times.
    #[test]
    fn a_merge_of_one_table_leaves_files_of_the_same_path_in_the_others() {
        let set = FileSet {
            spans: vec![Arc::new(SpanFile { file: file("a"), index: SpanIndex::default() })],
            traces: vec![Arc::new(file("a"))],
            ingest: vec![Arc::new(file("a"))],
        };
        let left = |table| {
            let set = set.replaced(table, &["a".to_owned()], Added::default());
            (set.spans.len(), set.traces.len(), set.ingest.len())
        };
        assert_eq!(left("spans"), (0, 1, 1));
        assert_eq!(left("traces"), (1, 0, 1));
        assert_eq!(left("ingest"), (1, 1, 0));
    }
}
