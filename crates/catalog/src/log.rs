//! One entry of a table's Delta log: its name and its lines.
//!
//! In: actions. Out: the bytes of `_delta_log/<20 digits>.json`, and back. Our entries carry in
//! `commitInfo` a random `commitId`, by which a write whose reply was lost is recognised, and the
//! `leaseEpoch` of the writer. Actions that this version does not know are skipped, as the protocol asks
//! of readers; a table that needs them says so in its protocol.

use deltalake_core::kernel::{Action, Add, Remove, Transaction};
use object_store::path::Path;
use serde_json::{Value, json};

/// Folder of the log below the table's folder.
pub(crate) const FOLDER: &str = "_delta_log";

/// Path of the entry of a version in the store.
pub(crate) fn entry_path(table: &Path, version: i64) -> Path {
    table.clone().join(FOLDER).join(format!("{version:020}.json"))
}

/// Path of the hint to the newest checkpoint.
pub(crate) fn last_checkpoint_path(table: &Path) -> Path {
    table.clone().join(FOLDER).join("_last_checkpoint")
}

/// What one entry says, as far as we need it.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub adds: Vec<Add>,
    pub removes: Vec<Remove>,
    pub txns: Vec<Transaction>,
    pub metadata: Option<Value>,
    pub protocol: Option<Value>,
    pub lease_epoch: Option<u64>,
}

/// The first line of an entry of ours.
pub(crate) fn commit_info(
    operation: &str,
    now_unix_ms: i64,
    read_version: Option<i64>,
    blind_append: bool,
    lease_epoch: Option<u64>,
) -> Value {
    let mut info = json!({
        "timestamp": now_unix_ms,
        "operation": operation,
        "operationParameters": {},
        "isBlindAppend": blind_append,
        "engineInfo": concat!("throughline/", env!("CARGO_PKG_VERSION")),
        "commitId": uuid::Uuid::new_v4().to_string(),
    });
    if let Some(version) = read_version {
        info["readVersion"] = json!(version);
    }
    if let Some(epoch) = lease_epoch {
        info["leaseEpoch"] = json!(epoch);
    }
    json!({ "commitInfo": info })
}

/// One line of an entry.
pub(crate) fn push_line(entry: &mut Vec<u8>, action: &impl serde::Serialize) -> serde_json::Result<()> {
    serde_json::to_writer(&mut *entry, action)?;
    entry.push(b'\n');
    Ok(())
}

/// Reads an entry; the error names the line.
pub(crate) fn parse(bytes: &[u8]) -> Result<Entry, String> {
    let mut entry = Entry::default();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let fails = |error: serde_json::Error| format!("line {}: {error}", number + 1);
        let mut value: Value = serde_json::from_slice(line).map_err(fails)?;
        if let Some(metadata) = value.get_mut("metaData") {
            entry.metadata = Some(metadata.take());
        } else if let Some(protocol) = value.get_mut("protocol") {
            entry.protocol = Some(protocol.take());
        } else if let Some(info) = value.get("commitInfo") {
            entry.lease_epoch = info.get("leaseEpoch").and_then(Value::as_u64);
        } else if ["add", "remove", "txn"].iter().any(|key| value.get(key).is_some()) {
            match serde_json::from_value(value).map_err(fails)? {
                Action::Add(add) => entry.adds.push(add),
                Action::Remove(remove) => entry.removes.push(remove),
                Action::Txn(txn) => entry.txns.push(txn),
                _ => {}
            }
        }
    }
    Ok(entry)
}
