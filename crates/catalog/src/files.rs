//! The files of a table: what a commit adds, what the table lists, where they lie.

use std::collections::HashMap;
use std::sync::Arc;

use deltalake_core::kernel::Add;
use model::TenantId;
use model::time::{civil_from_days, days_from_civil};

use crate::schema::{DATE, TENANT};

/// A Parquet file that stands in the object store and is to become part of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddFile {
    /// Path below the table's folder, in the folder that [`partition_folder`] names.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Whose rows these are.
    pub tenant: TenantId,
    /// Days since 1970-01-01 of the partition.
    pub date_days: i32,
    /// Number of rows.
    pub rows: u64,
    /// Statistics as the Delta protocol's JSON ("Per-file Statistics"), with `numRecords` equal to `rows`.
    pub stats_json: String,
    /// When the file was written, milliseconds since the Unix epoch.
    pub modified_unix_ms: i64,
}

/// A live file of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Path below the table's folder.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Whose rows these are.
    pub tenant: TenantId,
    /// Days since 1970-01-01 of the partition.
    pub date_days: i32,
    /// Number of rows; unknown for a file that another program added without statistics.
    pub rows: Option<u64>,
    /// Statistics as the Delta protocol's JSON; empty if another program gave none.
    pub stats_json: String,
    /// When the file was written, milliseconds since the Unix epoch.
    pub modified_unix_ms: i64,
}

/// What happened to the files of a table between two views of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files that are live now and were not, sorted by path.
    pub added: Vec<Arc<FileEntry>>,
    /// Files that were live and are not now, sorted by path.
    pub removed: Vec<Arc<FileEntry>>,
}

/// Folder of a partition below the table's folder: `tenant=T/date=YYYY-MM-DD`. The letters that a
/// tenant's name may have need no escaping, neither as a Hive partition nor in a URL.
pub fn partition_folder(tenant: &TenantId, date_days: i32) -> String {
    format!("{TENANT}={tenant}/{DATE}={}", date_text(date_days))
}

pub(crate) fn date_text(days: i32) -> String {
    let (year, month, day) = civil_from_days(i64::from(days));
    format!("{year:04}-{month:02}-{day:02}")
}

fn days_of(text: &str) -> Option<i32> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<u32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let days = i32::try_from(days_from_civil(i64::from(year), month, day)).ok()?;
    // Refuses what the calendar lacks, such as the 31st of February.
    (date_text(days) == text).then_some(days)
}

impl AddFile {
    pub(crate) fn to_action(&self, data_change: bool) -> Add {
        Add {
            path: self.path.clone(),
            partition_values: partition_values(&self.tenant, self.date_days),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            modification_time: self.modified_unix_ms,
            data_change,
            stats: Some(self.stats_json.clone()),
            ..Add::default()
        }
    }
}

impl FileEntry {
    /// The entry of an add action; the error says what is not our layout.
    pub(crate) fn from_action(add: Add) -> Result<Self, String> {
        let value = |name: &str| add.partition_values.get(name).cloned().flatten();
        let path = &add.path;
        let tenant = value(TENANT).ok_or_else(|| format!("file `{path}` has no tenant"))?;
        let tenant = tenant.parse().map_err(|error| format!("file `{path}`: {error}"))?;
        let date = value(DATE).ok_or_else(|| format!("file `{path}` has no date"))?;
        let date_days = days_of(&date).ok_or_else(|| format!("file `{path}` has date `{date}`"))?;
        if add.deletion_vector.is_some() {
            return Err(format!("file `{path}` has a deletion vector"));
        }
        if path.contains(':') || path.starts_with('/') {
            return Err(format!("file `{path}` lies outside the table"));
        }
        let size = u64::try_from(add.size).map_err(|_| format!("file `{path}` has size {}", add.size))?;
        let stats_json = add.stats.unwrap_or_default();
        let rows = serde_json::from_str::<serde_json::Value>(&stats_json)
            .ok()
            .and_then(|stats| stats.get("numRecords")?.as_u64());
        Ok(Self {
            path: add.path,
            size,
            tenant,
            date_days,
            rows,
            stats_json,
            modified_unix_ms: add.modification_time,
        })
    }

    pub(crate) fn partition_values(&self) -> HashMap<String, Option<String>> {
        partition_values(&self.tenant, self.date_days)
    }
}

fn partition_values(tenant: &TenantId, date_days: i32) -> HashMap<String, Option<String>> {
    HashMap::from([
        (TENANT.to_owned(), Some(tenant.to_string())),
        (DATE.to_owned(), Some(date_text(date_days))),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_round_trip_and_nothing_else_is_one() {
        for days in [0, 19_782, 20_782, 2_932_896] {
            assert_eq!(days_of(&date_text(days)), Some(days));
        }
        for bad in ["", "2026-11", "2026-02-31", "2026-1-01", "x-11-25", "2026-11-25 "] {
            assert_eq!(days_of(bad), None, "{bad}");
        }
        assert_eq!(partition_folder(&TenantId::single(), 20_782), "tenant=default/date=2026-11-25");
    }
}
