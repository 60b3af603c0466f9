//! How each column is encoded: the choices that decide the size of a file.
//!
//! In: the table's schema, the compression level, the facts for the footer. Out: Parquet writer
//! properties. Only encodings that every common Parquet reader knows are used. What was measured stands
//! in `docs/formats/spans.md`.

use arrow::datatypes::{DataType, Schema};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{
    EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
};
use parquet::schema::types::ColumnPath;

use crate::write::{FileInfo, WriteOptions};

/// Footer key: first and last WAL record in the file, `FIRST-LAST`.
pub const WAL_RANGE: &str = "throughline.wal_range";
/// Footer key: name of the table.
pub const TABLE: &str = "throughline.table";
/// Footer key: version of the table's column list.
pub const SCHEMA_VERSION: &str = "throughline.schema_version";
/// Footer key: the order of the rows.
pub const SORT_ORDER: &str = "throughline.sort_order";
/// Footer key: the software that wrote the file.
pub const WRITER_VERSION: &str = "throughline.writer_version";
/// Footer key: how often the rows were compacted.
pub const LEVEL: &str = "throughline.level";

/// The order of span files as the footer says it.
pub const SPANS_ORDER: &str = "trace_start,trace_id,resource_and_name_mark,start_time_unix_nano,span_id";

/// Longest bound in bytes kept in column statistics.
pub(crate) const STATISTICS_LEN: usize = 64;

/// Columns whose pages carry bounds too, so that a reader can skip pages by time and duration.
const PAGE_STATISTICS: [&str; 2] = ["start_time_unix_nano", "duration_nano"];

/// Columns whose values seldom repeat, so that a dictionary would hold each of them once and cost its
/// positions on top.
const RARELY_REPEATING: [&str; 11] = [
    "span_id",
    "parent_span_id",
    "attributes",
    "events",
    "links",
    "url_full",
    "url_path",
    "http_target",
    "db_query_text",
    "client_address",
    "services",
];

/// Properties of a file of the table with this schema.
pub fn properties(schema: &Schema, order: &str, info: &FileInfo, options: &WriteOptions) -> WriterProperties {
    let text = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    let facts = vec![
        text(TABLE, info.table.to_owned()),
        text(WAL_RANGE, format!("{}-{}", info.wal_first, info.wal_last)),
        text(SCHEMA_VERSION, info.schema_version.to_string()),
        text(SORT_ORDER, order.to_owned()),
        text(WRITER_VERSION, info.writer_version.clone()),
        text(LEVEL, info.level.to_string()),
    ];
    // A level outside 1 to 22 is a mistake of the caller's configuration; the nearest one serves.
    let level = ZstdLevel::try_new(options.compression_level.clamp(1, 22)).unwrap_or_default();
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_created_by(format!("throughline {}", info.writer_version))
        .set_compression(Compression::ZSTD(level))
        .set_key_value_metadata(Some(facts))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_statistics_truncate_length(Some(STATISTICS_LEN))
        .set_column_index_truncate_length(Some(STATISTICS_LEN))
        // Row groups end where the writer says, at the border of a trace.
        .set_max_row_group_row_count(None)
        .set_data_page_row_count_limit(options.page_rows)
        .set_write_batch_size(options.page_rows.min(1024))
        .set_data_page_size_limit(1 << 20)
        .set_dictionary_page_size_limit(4 << 20);
    for field in schema.fields() {
        builder = column(builder, field.name(), field.data_type());
    }
    builder.build()
}

/// How the values of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// As positions in a dictionary.
    Dictionary,
    /// Differences of whole numbers.
    Delta,
    /// One after the other, lengths apart.
    Plain,
}

/// How the column of this name and type is written.
pub(crate) fn way_of(name: &str, data_type: &DataType) -> Way {
    match data_type {
        DataType::Int64 if name.ends_with("_nano") => Way::Delta,
        _ if RARELY_REPEATING.contains(&name) => Way::Plain,
        _ => Way::Dictionary,
    }
}

/// Whether pages of the column carry bounds.
pub(crate) fn has_page_bounds(name: &str) -> bool {
    PAGE_STATISTICS.contains(&name)
}

/// Whether row groups carry bounds of the column: those of random ids and of JSON texts prune nothing.
pub(crate) fn has_bounds(name: &str) -> bool {
    !name.ends_with("_id") && !name.ends_with("attributes") && !["events", "links"].contains(&name)
        || name == "service_instance_id"
}

fn column(builder: WriterPropertiesBuilder, name: &str, data_type: &DataType) -> WriterPropertiesBuilder {
    let path = ColumnPath::from(name);
    let builder = if has_page_bounds(name) {
        builder.set_column_statistics_enabled(path.clone(), EnabledStatistics::Page)
    } else {
        builder
    };
    let encoding = match way_of(name, data_type) {
        Way::Delta => Encoding::DELTA_BINARY_PACKED,
        Way::Plain => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        Way::Dictionary => return builder,
    };
    builder.set_column_dictionary_enabled(path.clone(), false).set_column_encoding(path, encoding)
}
