//! Files of the tables as the Parquet scan reads them: footers out of the store's cache, bytes through its object store.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetFileReaderFactory;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::{ParquetError, Result as ParquetResult};
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::ObjectStore;
use segment::read::Table;
use store::{SpanFile, TableFile};

use super::stream::Counters;

/// A file of any table, kept alive while it is read.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Spans(Arc<SpanFile>),
    Other(Arc<TableFile>),
}

impl Source {
    pub(crate) fn file(&self) -> &TableFile {
        match self {
            Self::Spans(file) => &file.file,
            Self::Other(file) => file,
        }
    }
}

/// Makes readers of the files of one table.
#[derive(Debug)]
pub(crate) struct Readers {
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) table: Table,
    pub(crate) counters: Arc<Counters>,
}

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        _partition: usize,
        file: PartitionedFile,
        _metadata_size_hint: Option<usize>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let source = file
            .extension::<Source>()
            .cloned()
            .ok_or_else(|| DataFusionError::Internal("a file without its table".to_owned()))?;
        Ok(Box::new(Reader {
            source,
            objects: Arc::clone(&self.objects),
            table: self.table.clone(),
            counters: Arc::clone(&self.counters),
        }))
    }
}

struct Reader {
    source: Source,
    objects: Arc<dyn ObjectStore>,
    table: Table,
    counters: Arc<Counters>,
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        async move {
            let mut read = self.get_byte_ranges(vec![range]).await?;
            read.pop().ok_or_else(|| ParquetError::EOF("nothing was read".to_owned()))
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        let bytes = ranges.iter().map(|range| range.end - range.start).sum();
        Counters::add(&self.counters.bytes_read, bytes);
        async move { self.source.file().read(&*self.objects, &ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move {
            let footer = self.source.file().footer(&*self.objects, &self.table).await.map_err(external)?;
            Ok(Arc::clone(footer.metadata()))
        }
        .boxed()
    }
}

fn external(error: store::Error) -> ParquetError {
    ParquetError::External(error.chain().into())
}
