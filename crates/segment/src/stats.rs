//! Statistics of a file for the table's log, taken from what the Parquet writer gathered.
//!
//! In: the metadata of a finished file. Out: per column the number of nulls and, for integers and short
//! texts, exact bounds. Bounds that Parquet cut short are left out rather than widened.

use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

/// A bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatValue {
    /// Of an integer column.
    Long(i64),
    /// Of a text column.
    Text(String),
}

/// Statistics of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnStats {
    /// Name of the column.
    pub name: String,
    /// Number of nulls; `None` when not counted.
    pub null_count: Option<u64>,
    /// Least value; `None` when all are null, and for bytes and long texts.
    pub min: Option<StatValue>,
    /// Greatest value, likewise.
    pub max: Option<StatValue>,
}

/// Statistics of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileStats {
    /// Number of rows.
    pub rows: u64,
    /// One entry a column in the order of the file.
    pub columns: Vec<ColumnStats>,
}

impl FileStats {
    /// Gathers the statistics of all row groups.
    pub fn of(metadata: &ParquetMetaData) -> Self {
        let schema = metadata.file_metadata().schema_descr();
        let rows = metadata.row_groups().iter().map(|group| group.num_rows() as u64).sum();
        let columns = (0..schema.num_columns())
            .map(|at| {
                let is_text = schema.column(at).converted_type() == parquet::basic::ConvertedType::UTF8;
                let mut stats = ColumnStats {
                    name: schema.column(at).name().to_owned(),
                    null_count: Some(0),
                    min: None,
                    max: None,
                };
                let mut bounded = true;
                for group in metadata.row_groups() {
                    let found = group.column(at).statistics();
                    let nulls = found.and_then(Statistics::null_count_opt);
                    stats.null_count = stats.null_count.zip(nulls).map(|(a, b)| a + b);
                    if nulls == Some(group.num_rows() as u64) {
                        continue;
                    }
                    match found.and_then(|found| bounds(found, is_text)) {
                        Some((min, max)) => {
                            stats.min = Some(match stats.min.take() {
                                Some(old) => least(old, min),
                                None => min,
                            });
                            stats.max = Some(match stats.max.take() {
                                Some(old) => greatest(old, max),
                                None => max,
                            });
                        }
                        None => bounded = false,
                    }
                }
                if !bounded {
                    (stats.min, stats.max) = (None, None);
                }
                stats
            })
            .collect();
        Self { rows, columns }
    }

    /// The statistics of the column with this name.
    pub fn column(&self, name: &str) -> Option<&ColumnStats> {
        self.columns.iter().find(|column| column.name == name)
    }
}

fn bounds(stats: &Statistics, is_text: bool) -> Option<(StatValue, StatValue)> {
    if !stats.min_is_exact() || !stats.max_is_exact() {
        return None;
    }
    match stats {
        Statistics::Int32(s) => {
            Some((StatValue::Long(i64::from(*s.min_opt()?)), StatValue::Long(i64::from(*s.max_opt()?))))
        }
        Statistics::Int64(s) => Some((StatValue::Long(*s.min_opt()?), StatValue::Long(*s.max_opt()?))),
        Statistics::ByteArray(s) if is_text => Some((
            StatValue::Text(s.min_opt()?.as_utf8().ok()?.to_owned()),
            StatValue::Text(s.max_opt()?.as_utf8().ok()?.to_owned()),
        )),
        _ => None,
    }
}

fn least(a: StatValue, b: StatValue) -> StatValue {
    match (&a, &b) {
        (StatValue::Long(x), StatValue::Long(y)) if y < x => b,
        (StatValue::Text(x), StatValue::Text(y)) if y < x => b,
        _ => a,
    }
}

fn greatest(a: StatValue, b: StatValue) -> StatValue {
    match (&a, &b) {
        (StatValue::Long(x), StatValue::Long(y)) if y > x => b,
        (StatValue::Text(x), StatValue::Text(y)) if y > x => b,
        _ => a,
    }
}
