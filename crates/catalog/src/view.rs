//! A table as of one version, in memory.
//!
//! In: log entries in the order of their versions. Out: live files, removed files with the time of
//! their removal, transactions, metadata. An entry that is not our layout is refused with its reason.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::files::{Changes, FileEntry};
use crate::log::Entry;

/// Version of the layout of our tables, table property `throughline.formatVersion`.
pub(crate) const FORMAT_VERSION: u32 = 1;
/// Name of that property.
pub(crate) const FORMAT_VERSION_KEY: &str = "throughline.formatVersion";

#[derive(Debug, Clone)]
pub(crate) struct View {
    pub version: i64,
    pub files: HashMap<String, Arc<FileEntry>>,
    /// Removed files and when, milliseconds since the Unix epoch.
    pub tombstones: HashMap<String, i64>,
    /// Transactions that were asked for or seen; `None` is known to be absent.
    pub txns: HashMap<String, Option<i64>>,
    /// The `metaData` action.
    pub metadata: Value,
    /// Highest epoch of a lease under which somebody wrote.
    pub lease_epoch: u64,
}

impl View {
    /// Moves on by one version. The view is unusable after an error.
    pub fn apply(&mut self, table: &'static str, version: i64, entry: Entry) -> Result<(), crate::Error> {
        let broken = |detail| crate::Error::BrokenLog { table, version, detail };
        if let Some(protocol) = &entry.protocol {
            check_protocol(table, protocol)?;
        }
        if let Some(metadata) = entry.metadata {
            check_format(table, &metadata)?;
            self.metadata = metadata;
        }
        for remove in entry.removes {
            self.files.remove(&remove.path);
            self.tombstones.insert(remove.path, remove.deletion_timestamp.unwrap_or_default());
        }
        for add in entry.adds {
            let file = FileEntry::from_action(add).map_err(broken)?;
            self.tombstones.remove(&file.path);
            self.files.insert(file.path.clone(), Arc::new(file));
        }
        for txn in entry.txns {
            self.txns.insert(txn.app_id, Some(txn.version));
        }
        self.lease_epoch = self.lease_epoch.max(entry.lease_epoch.unwrap_or_default());
        self.version = version;
        Ok(())
    }

    /// The stored schema.
    pub fn schema(&self) -> Option<Value> {
        serde_json::from_str(self.metadata.get("schemaString")?.as_str()?).ok()
    }

    /// The difference in files from `self` to `later`.
    pub fn changes_to(&self, later: &Self) -> Changes {
        let missing_in = |one: &Self, other: &Self| {
            let mut files: Vec<_> =
                one.files.values().filter(|file| !other.files.contains_key(&file.path)).cloned().collect();
            files.sort_by(|a, b| a.path.cmp(&b.path));
            files
        };
        Changes { added: missing_in(later, self), removed: missing_in(self, later) }
    }
}

/// Only reader 1 and writer 2 without features is ours.
pub(crate) fn check_protocol(table: &'static str, protocol: &Value) -> Result<(), crate::Error> {
    let number = |key| protocol.get(key).and_then(Value::as_i64).unwrap_or_default();
    let (reader, writer) = (number("minReaderVersion"), number("minWriterVersion"));
    let mut features: Vec<&str> = ["readerFeatures", "writerFeatures"]
        .iter()
        .filter_map(|key| protocol.get(key)?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    features.sort_unstable();
    features.dedup();
    if (1..=1).contains(&reader) && (1..=2).contains(&writer) && features.is_empty() {
        return Ok(());
    }
    Err(crate::Error::NewerProtocol { table, reader, writer, features: features.join(",") })
}

/// A table of another program, or of a later version of this one, is refused.
pub(crate) fn check_format(table: &'static str, metadata: &Value) -> Result<(), crate::Error> {
    let found = metadata
        .get("configuration")
        .and_then(|configuration| configuration.get(FORMAT_VERSION_KEY))
        .and_then(Value::as_str)
        .unwrap_or("none");
    match found.parse::<u32>() {
        Ok(version) if (1..=FORMAT_VERSION).contains(&version) => Ok(()),
        _ => Err(crate::Error::NewerFormat { table, found: found.to_owned(), supported: FORMAT_VERSION }),
    }
}
