//! The pages of one column of one row group, one after the other.
//!
//! In: encoded values, page by page, a dictionary before them if there is one. Out: the chunk's bytes and its entry for the
//! footer. Offsets count from the beginning of the chunk; the file writer moves them.

use std::ops::Range;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, Type};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::{ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

use super::bits::Bits;
use super::hybrid;
use crate::Error;

/// Values that take less stay as they are: a frame of zstd has a head of its own.
const COMPRESS_MIN: usize = 48;

/// Bounds of a page in the bytes of its type, `None` when all is null.
pub(crate) type Bounds = Option<(Vec<u8>, Vec<u8>)>;

/// Compression and memory that all chunks of a file share.
pub(crate) struct Packer {
    compressor: Compressor<'static>,
    codec: Compression,
    packed: Vec<u8>,
    /// Values of the present page before they are packed.
    pub(crate) values: Vec<u8>,
}

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packer").field("codec", &self.codec).finish_non_exhaustive()
    }
}

impl Packer {
    /// Packs with zstd at this level, 1 to 22.
    pub(crate) fn new(level: i32, codec: Compression) -> Result<Self, Error> {
        Ok(Self { compressor: Compressor::new(level)?, codec, packed: Vec::new(), values: Vec::new() })
    }

    /// Packs `values` into `packed`.
    fn pack(&mut self) -> Result<(), Error> {
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(self.values.len()));
        self.compressor.compress_to_buffer(&self.values, &mut self.packed)?;
        Ok(())
    }
}

/// Writes the pages of a chunk.
pub(crate) struct ChunkWriter<'a> {
    packer: &'a mut Packer,
    column: ColumnDescPtr,
    sink: TrackedWrite<Vec<u8>>,
    dictionary: bool,
    data_offset: Option<u64>,
    plain_bytes: usize,
    rows: usize,
    encodings: Vec<Encoding>,
    offsets: OffsetIndexBuilder,
    page_bounds: Option<ColumnIndexBuilder>,
}

impl<'a> ChunkWriter<'a> {
    /// Begins a chunk of the column. `page_bounds`: keep bounds a page.
    pub(crate) fn new(packer: &'a mut Packer, column: ColumnDescPtr, page_bounds: bool) -> Self {
        let page_bounds = page_bounds.then(|| ColumnIndexBuilder::new(column.physical_type()));
        Self {
            packer,
            column,
            sink: TrackedWrite::new(Vec::new()),
            dictionary: false,
            data_offset: None,
            plain_bytes: 0,
            rows: 0,
            encodings: vec![Encoding::RLE],
            offsets: OffsetIndexBuilder::new(),
            page_bounds,
        }
    }

    /// The type of the column's values.
    pub(crate) fn physical_type(&self) -> Type {
        self.column.physical_type()
    }

    /// Where the values of the next page go; empty.
    pub(crate) fn values(&mut self) -> &mut Vec<u8> {
        self.packer.values.clear();
        &mut self.packer.values
    }

    /// Writes the dictionary: `values` of them, plainly encoded.
    pub(crate) fn dictionary(&mut self, values: usize) -> Result<(), Error> {
        self.packer.pack()?;
        let buf = Bytes::copy_from_slice(&self.packer.packed);
        let num_values =
            u32::try_from(values).map_err(|_| Error::damaged("dictionary", "too many values"))?;
        let page = Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, is_sorted: false };
        self.write(page, self.packer.values.len())?;
        self.dictionary = true;
        self.encodings.push(Encoding::PLAIN);
        Ok(())
    }

    /// Writes a page of `rows`, whose values are those of [`Self::values`].
    pub(crate) fn data(
        &mut self,
        valid: &Bits,
        rows: Range<usize>,
        encoding: Encoding,
        bounds: Bounds,
    ) -> Result<(), Error> {
        let count = rows.len();
        let nulls = count - valid.count(rows.clone());
        let mut buf = Vec::new();
        if self.column.max_def_level() > 0 {
            hybrid::levels(&mut buf, valid, rows);
        }
        let levels = buf.len();
        let plain = self.packer.values.len();
        let mut is_compressed = false;
        if plain >= COMPRESS_MIN {
            self.packer.pack()?;
            is_compressed = self.packer.packed.len() < plain;
        }
        let values = if is_compressed { &self.packer.packed } else { &self.packer.values };
        buf.reserve_exact(values.len());
        buf.extend_from_slice(values);
        let too_large = |_| Error::damaged("page", "it has more rows than 32 bits count");
        let page = Page::DataPageV2 {
            buf: buf.into(),
            num_values: u32::try_from(count).map_err(too_large)?,
            encoding,
            num_nulls: u32::try_from(nulls).map_err(too_large)?,
            num_rows: u32::try_from(count).map_err(too_large)?,
            def_levels_byte_len: u32::try_from(levels).map_err(too_large)?,
            rep_levels_byte_len: 0,
            is_compressed,
            statistics: None,
        };
        let (offset, size) = self.write(page, levels + plain)?;
        self.data_offset.get_or_insert(offset);
        self.offsets.append_row_count(count as i64);
        self.offsets.append_offset_and_size(offset as i64, size as i32);
        if let Some(builder) = &mut self.page_bounds {
            let null = bounds.is_none();
            let (min, max) = bounds.unwrap_or_default();
            builder.append(null, min, max, nulls as i64);
        }
        if !self.encodings.contains(&encoding) {
            self.encodings.push(encoding);
        }
        self.rows += count;
        Ok(())
    }

    /// Appends a page; gives its offset and its length with its head.
    fn write(&mut self, page: Page, plain_len: usize) -> Result<(u64, usize), Error> {
        let page = CompressedPage::new(page, plain_len);
        let spec = SerializedPageWriter::new(&mut self.sink).write_page(page)?;
        self.plain_bytes += spec.uncompressed_size;
        Ok((spec.offset, spec.compressed_size))
    }

    /// Ends the chunk.
    pub(crate) fn finish(self, statistics: Option<Statistics>) -> Result<(Bytes, ColumnCloseResult), Error> {
        let bytes = Bytes::from(self.sink.into_inner()?);
        let mut metadata = ColumnChunkMetaData::builder(self.column)
            .set_compression(self.packer.codec)
            .set_encodings(self.encodings)
            .set_num_values(self.rows as i64)
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size(self.plain_bytes as i64)
            .set_data_page_offset(self.data_offset.unwrap_or(0) as i64)
            .set_dictionary_page_offset(self.dictionary.then_some(0));
        if let Some(statistics) = statistics {
            metadata = metadata.set_statistics(statistics);
        }
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: self.rows as u64,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: self.page_bounds.map(ColumnIndexBuilder::build).transpose()?,
            offset_index: Some(self.offsets.build()),
        };
        Ok((bytes, close))
    }
}
