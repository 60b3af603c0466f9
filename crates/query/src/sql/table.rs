//! A table of one tenant as the planner sees it: files of the snapshot and rows in memory.
//!
//! In: projection and filters. Out: a scan of the files that may have rows, with what is known of each, beside the rows in memory. The
//! partition columns stand first; no file has them.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, RecordBatch, RecordBatchOptions, StringViewArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{
    ColumnStatistics, DataFusionError, Result, ScalarValue, Statistics, stats::Precision,
};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use model::schema::spans::Column;
use model::schema::{DATE, TENANT};
use model::{TenantId, TraceId};
use segment::SpanIndex;
use segment::read::Table;

use super::reader::{Readers, Source};
use super::stream::Counters;
use super::traces::{buffer_parts, take_rows};
use super::wanted::Wanted;
use crate::engine::View;

/// Rows of the batches that the rows of repeated traces become.
const DISTINCT_BATCH_ROWS: usize = 8_192;

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Spans as they lie in files and buffer.
    Spans,
    /// Parts of traces.
    TraceParts,
    /// The account.
    Ingest,
}

/// A table of one tenant at one moment.
#[derive(Debug)]
pub(crate) struct SnapshotTable {
    rows: Rows,
    view: View,
    tenant: TenantId,
    url: ObjectStoreUrl,
    counters: Arc<Counters>,
    shape: Table,
    /// Columns of the files, then the partition columns, as scans have them.
    columns: TableSchema,
}

impl SnapshotTable {
    pub(crate) fn new(
        rows: Rows,
        view: View,
        tenant: TenantId,
        url: ObjectStoreUrl,
        counters: Arc<Counters>,
    ) -> Self {
        let shape = match rows {
            Rows::Spans => Table::spans(),
            Rows::TraceParts => Table::traces(),
            Rows::Ingest => store::files::ingest_table(),
        };
        let partition = vec![
            Arc::new(Field::new(TENANT, DataType::Utf8View, false)),
            Arc::new(Field::new(DATE, DataType::Date32, false)),
        ];
        let columns = TableSchema::builder(SchemaRef::clone(&shape.schema))
            .with_table_partition_cols(partition)
            .build();
        Self { rows, view, tenant, url, counters, shape, columns }
    }

    /// Files that may have wanted rows, as scans take them.
    fn files(&self, wanted: &Wanted) -> Vec<PartitionedFile> {
        let snapshot = &self.view.snapshot;
        let mut found = Vec::new();
        let mut total = 0;
        match self.rows {
            Rows::Spans => {
                for file in snapshot.spans_of(&self.tenant) {
                    total += 1;
                    if let Some(access) = wanted.access(&file.index) {
                        let groups = access.row_group_indexes().len() as u64;
                        Counters::add(&self.counters.row_groups_asked, groups);
                        let source = Source::Spans(Arc::clone(file));
                        found.push(self.file(source, Some(&file.index)).with_extension(access));
                    }
                }
            }
            Rows::TraceParts => {
                let files = snapshot.traces_of(&self.tenant).map(|file| Source::Other(Arc::clone(file)));
                found.extend(files.map(|file| self.file(file, None)));
                total = found.len();
            }
            Rows::Ingest => {
                let files = snapshot.ingest_of(&self.tenant).map(|file| Source::Other(Arc::clone(file)));
                found.extend(files.map(|file| self.file(file, None)));
                total = found.len();
            }
        }
        Counters::add(&self.counters.files_total, total as u64);
        Counters::add(&self.counters.files_asked, found.len() as u64);
        found
    }

    fn file(&self, source: Source, index: Option<&SpanIndex>) -> PartitionedFile {
        let entry = &source.file().entry;
        let statistics = statistics(&self.shape.schema, entry.rows, &entry.stats_json, index);
        let partition = vec![
            ScalarValue::Utf8View(Some(self.tenant.to_string())),
            ScalarValue::Date32(Some(entry.date_days)),
        ];
        let mut file = PartitionedFile::new(String::new(), entry.size);
        file.object_meta.location = source.file().location.clone();
        file.with_partition_values(partition).with_statistics(Arc::new(statistics)).with_extension(source)
    }

    fn scan_files(
        &self,
        files: Vec<PartitionedFile>,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
        groups: usize,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let readers = Readers {
            objects: Arc::clone(&self.view.objects),
            table: self.shape.clone(),
            counters: Arc::clone(&self.counters),
        };
        let source = ParquetSource::new(self.columns.clone())
            .with_pushdown_filters(true)
            .with_reorder_filters(true)
            .with_enable_page_index(true)
            .with_bloom_filter_on_read(true)
            .with_parquet_file_reader_factory(Arc::new(readers));
        let known = files.iter().filter_map(|file| file.statistics.as_deref());
        let statistics = Statistics::try_merge_iter(known, self.columns.table_schema())?;
        let config = FileScanConfigBuilder::new(self.url.clone(), Arc::new(source))
            .with_file_groups(FileGroup::new(files).split_files(groups))
            .with_statistics(statistics)
            .with_limit(limit)
            .with_projection_indices(projection.cloned())?
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    /// Rows that are in no file.
    async fn memory(&self, wanted: &Wanted) -> Result<Vec<RecordBatch>> {
        let batches = match self.rows {
            Rows::Spans => self.buffer(wanted).await?,
            Rows::TraceParts => buffer_parts(&self.view, &self.tenant, wanted).await?.into_iter().collect(),
            Rows::Ingest => Vec::new(),
        };
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        Counters::add(&self.counters.buffer_rows, rows as u64);
        Ok(batches)
    }

    async fn buffer(&self, wanted: &Wanted) -> Result<Vec<RecordBatch>> {
        let mut repeated = self.view.snapshot.repeated_of(&self.tenant);
        if let Some(ids) = &wanted.traces {
            repeated.retain(|id| ids.contains(id));
        }
        let mut batches = Vec::new();
        for part in self.view.snapshot.parts_of(&self.tenant) {
            if !wanted.overlaps(part.start_min, part.start_max) {
                continue;
            }
            match &wanted.traces {
                None if repeated.is_empty() => batches.push(part.batch.clone()),
                None => {
                    let ids = part.batch.column(Column::TraceId.at()).as_binary_view();
                    let is_repeated = |id| TraceId::from_slice(id).is_some_and(|id| repeated.contains(&id));
                    let rows: Vec<usize> =
                        (0..ids.len()).filter(|row| !is_repeated(ids.value(*row))).collect();
                    batches.push(take_rows(&part.batch, rows)?);
                }
                Some(ids) => {
                    let once = ids.iter().filter(|id| !repeated.contains(id));
                    let rows: Vec<usize> = once.flat_map(|id| part.rows_of(*id)).collect();
                    if !rows.is_empty() {
                        batches.push(take_rows(&part.batch, rows)?);
                    }
                }
            }
        }
        if !repeated.is_empty() {
            batches.extend(self.distinct(&repeated).await?);
        }
        Ok(batches)
    }

    /// The buffer's rows of traces that may hold a span twice, each span once and none that a file has.
    async fn distinct(&self, ids: &BTreeSet<TraceId>) -> Result<Vec<RecordBatch>> {
        let external = |error: store::Error| DataFusionError::External(error.chain().into());
        let mut waiting = Vec::new();
        for part in self.view.snapshot.parts_of(&self.tenant) {
            let rows: Vec<usize> = ids.iter().flat_map(|id| part.rows_of(*id)).collect();
            if !rows.is_empty() {
                waiting.push(take_rows(&part.batch, rows)?);
            }
        }
        let mut stored = Vec::new();
        for file in self.view.snapshot.spans_of(&self.tenant) {
            stored.extend(file.rows_of_traces(&*self.view.objects, ids, None).await.map_err(external)?);
        }
        let failed = |error: segment::Error| DataFusionError::External(error.into());
        let order = segment::sort::SpanOrder::without(&waiting, &stored).map_err(failed)?;
        order.batches(&waiting, DISTINCT_BATCH_ROWS).collect::<Result<_, _>>().map_err(failed)
    }

    fn scan_memory(
        &self,
        batches: Vec<RecordBatch>,
        projection: Option<&Vec<usize>>,
        groups: usize,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = self.columns.table_schema();
        let columns: Vec<usize> = match projection {
            Some(columns) => columns.clone(),
            None => (0..schema.fields().len()).collect(),
        };
        let schema = Arc::new(schema.project(&columns)?);
        let mut partitions = vec![Vec::new(); groups.min(batches.len()).max(1)];
        let count = partitions.len();
        for (at, batch) in batches.iter().enumerate() {
            partitions[at % count].push(self.project(batch, &columns, &schema)?);
        }
        Ok(MemorySourceConfig::try_new_exec(&partitions, schema, None)?)
    }

    fn project(&self, batch: &RecordBatch, columns: &[usize], schema: &SchemaRef) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let first_partition = self.shape.schema.fields().len();
        let column = |at: &usize| -> ArrayRef {
            match at.checked_sub(first_partition) {
                None => Arc::clone(batch.column(*at)),
                Some(0) => Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n(
                    self.tenant.as_str(),
                    rows,
                ))),
                Some(_) => Arc::new(dates(batch)),
            }
        };
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let columns = columns.iter().map(column).collect();
        Ok(RecordBatch::try_new_with_options(SchemaRef::clone(schema), columns, &options)?)
    }
}

/// The days into which a round would put the rows now.
fn dates(batch: &RecordBatch) -> Date32Array {
    let long =
        |name: &str| batch.column_by_name(name).map(|column| column.as_primitive::<Int64Type>().values());
    let starts = long("start_time_unix_nano").map_or(&[][..], |values| values);
    let received = long("received_time_unix_nano").map_or(&[][..], |values| values);
    Date32Array::from_iter_values(
        starts.iter().zip(received).map(|(start, received)| store::day_of(*start, *received).0),
    )
}

/// What is known of a file's columns: bounds from the table's log, starts from the index.
fn statistics(schema: &Schema, rows: Option<u64>, stats_json: &str, index: Option<&SpanIndex>) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    if let Some(rows) = rows.and_then(|rows| usize::try_from(rows).ok()) {
        statistics.num_rows = Precision::Exact(rows);
    }
    let known: serde_json::Value = serde_json::from_str(stats_json).unwrap_or_default();
    let value = |group: &str, field: &Field| {
        let value = known.get(group)?.get(field.name())?;
        match field.data_type() {
            DataType::Int64 => Some(ScalarValue::Int64(Some(value.as_i64()?))),
            DataType::Int32 => Some(ScalarValue::Int32(Some(i32::try_from(value.as_i64()?).ok()?))),
            DataType::Utf8View => Some(ScalarValue::Utf8View(Some(value.as_str()?.to_owned()))),
            _ => None,
        }
    };
    for (field, column) in schema.fields().iter().zip(&mut statistics.column_statistics) {
        let nulls = known.get("nullCount").and_then(|nulls| nulls.get(field.name())?.as_u64());
        let nulls = nulls.and_then(|nulls| usize::try_from(nulls).ok());
        let mut bounds = value("minValues", field).zip(value("maxValues", field));
        if let Some(index) = index.filter(|_| field.name() == "start_time_unix_nano") {
            let long = |value: i64| ScalarValue::Int64(Some(value));
            bounds = Some((long(index.times.min_start), long(index.times.max_start)));
        }
        *column = ColumnStatistics::new_unknown();
        column.null_count = match nulls {
            Some(nulls) => Precision::Exact(nulls),
            None if !field.is_nullable() => Precision::Exact(0),
            None => Precision::Absent,
        };
        if let Some((least, most)) = bounds {
            column.min_value = Precision::Exact(least);
            column.max_value = Precision::Exact(most);
        }
    }
    statistics
}

#[async_trait]
impl TableProvider for SnapshotTable {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(self.columns.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// Filters are told to the scan for what they leave out, and applied to rows by the plan.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let groups = state.config().target_partitions();
        let wanted = Wanted::of(filters);
        let batches = self.memory(&wanted).await?;
        let files = self.files(&wanted);
        match (files.is_empty(), batches.is_empty()) {
            (true, _) => self.scan_memory(batches, projection, groups),
            (false, true) => self.scan_files(files, projection, limit, groups),
            (false, false) => UnionExec::try_new(vec![
                self.scan_memory(batches, projection, groups)?,
                self.scan_files(files, projection, limit, groups)?,
            ]),
        }
    }
}
