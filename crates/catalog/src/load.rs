//! What the `deltalake` library does for us: reading a table from its checkpoint and log, writing
//! checkpoints, and cleaning expired log entries.
//!
//! In: a table's folder in a store. Out: a [`View`]. Commits do not come through here: they cost the
//! library a rebuild of its whole snapshot, and it does not recognise its own lost replies.

use std::collections::HashMap;
use std::sync::Arc;

use deltalake_core::checkpoints::{cleanup_expired_logs_for, create_checkpoint};
use deltalake_core::kernel::Add;
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::{DeltaTable, DeltaTableError};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::Value;
use url::Url;

use crate::Error;
use crate::files::FileEntry;
use crate::log;
use crate::view::{View, check_format, check_protocol};

/// A table's log as the library wants it. The library finds the table in the store by the URL's path;
/// the scheme says nothing about where the store really is.
pub(crate) fn log_store(
    table: &'static str,
    store: &Arc<dyn ObjectStore>,
    folder: &Path,
) -> Result<LogStoreRef, Error> {
    let url = Url::parse(&format!("memory:///{folder}/")).map_err(|error| Error::Unusable {
        location: folder.to_string(),
        detail: format!("folder of table `{table}`: {error}"),
    })?;
    let prefixed: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(Arc::clone(store), folder.clone()));
    Ok(default_logstore(prefixed, Arc::clone(store), &url, &StorageConfig::default()))
}

/// Reads the newest version. `app_ids` are the applications whose transactions the view shall know.
pub(crate) async fn load(
    table: &'static str,
    log_store: &LogStoreRef,
    app_ids: impl IntoIterator<Item = String>,
) -> Result<View, Error> {
    let fails = |source| Error::delta(table, "loading", source);
    let mut delta = DeltaTable::new(Arc::clone(log_store));
    delta.load().await.map_err(fails)?;
    let state = delta.snapshot().map_err(fails)?;
    let version = i64::try_from(state.version()).unwrap_or(i64::MAX);
    let broken = |detail: String| Error::BrokenLog { table, version, detail };
    let to_json = |value: serde_json::Result<Value>| value.map_err(|error| broken(error.to_string()));
    check_protocol(table, &to_json(serde_json::to_value(state.protocol()))?)?;
    let metadata = to_json(serde_json::to_value(state.metadata()))?;
    check_format(table, &metadata)?;

    let mut files = HashMap::new();
    for file in state.log_data().iter() {
        let add = Add {
            path: file.path().into_owned(),
            partition_values: file.partition_values_map(),
            size: file.size(),
            modification_time: file.modification_time(),
            stats: file.stats(),
            ..Add::default()
        };
        let file = FileEntry::from_action(add).map_err(broken)?;
        files.insert(file.path.clone(), Arc::new(file));
    }
    let mut tombstones = HashMap::new();
    let mut removed = state.all_tombstones(log_store.as_ref());
    while let Some(tombstone) = removed.try_next().await.map_err(fails)? {
        tombstones.insert(tombstone.path().into_owned(), tombstone.deletion_timestamp().unwrap_or_default());
    }
    let mut txns = HashMap::new();
    for app_id in app_ids {
        let found = state.transaction_version(log_store.as_ref(), &app_id).await.map_err(fails)?;
        txns.insert(app_id, found);
    }
    Ok(View { version, files, tombstones, txns, metadata, lease_epoch: 0 })
}

/// Writes a checkpoint of `version` and removes log entries older than `expired_before_unix_ms` that
/// it makes needless. Returns how many were removed.
pub(crate) async fn checkpoint(
    log_store: &LogStoreRef,
    version: i64,
    expired_before_unix_ms: i64,
) -> Result<usize, DeltaTableError> {
    let version = u64::try_from(version).unwrap_or_default();
    let mut delta = DeltaTable::new(Arc::clone(log_store));
    delta.load_version(version).await?;
    create_checkpoint(&delta, None).await?;
    cleanup_expired_logs_for(version, log_store.as_ref(), expired_before_unix_ms, None).await
}

/// Version of the newest checkpoint that the log's hint names.
pub(crate) async fn last_checkpoint(store: &dyn ObjectStore, folder: &Path) -> Result<Option<i64>, Error> {
    let path = log::last_checkpoint_path(folder);
    let fails = |source| Error::objects("reading", &path, source);
    match store.get(&path).await {
        Ok(found) => {
            let bytes = found.bytes().await.map_err(fails)?;
            // A hint that cannot be read is none: the log itself decides.
            let hint = serde_json::from_slice::<Value>(&bytes).ok();
            Ok(hint.and_then(|hint| hint.get("version")?.as_i64()))
        }
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(fails(error)),
    }
}
