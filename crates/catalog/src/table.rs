//! One Delta table: commits, and following the commits of others.
//!
//! In: files to add and remove, and the application's transaction. Out: versions. A commit is one
//! conditional write of a log entry, checked against our view in memory; when another writer was first,
//! the view follows the log and the commit is checked again. A dropped (cancelled) call leaves the table
//! as if its reply had been lost: the next call finds out.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;
use deltalake_core::kernel::{Action, Remove, Transaction};
use deltalake_core::logstore::LogStoreRef;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::{Value, json};

use crate::catalog::CatalogOptions;
use crate::files::{AddFile, Changes, FileEntry, partition_folder};
use crate::objects::{Outcome, put_once};
use crate::view::View;
use crate::{Error, load, log, schema};

/// How often a commit is tried while other writers win each version.
const ATTEMPTS_MAX: u32 = 100;

/// One change of a table.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Files that become live. They stand in the store already.
    pub adds: Vec<AddFile>,
    /// Live files that cease to be.
    pub removes: Vec<Arc<FileEntry>>,
    /// Application id and its version; the commit is refused when the table has this version or a later
    /// one of the application.
    pub txn: Option<(String, i64)>,
    /// False for a rewrite of the same rows (compaction), so that streaming readers may skip it.
    pub data_change: bool,
    /// Name of the operation in the table's history, for example `WRITE` or `OPTIMIZE`.
    pub operation: &'static str,
}

/// One table of the catalog. Cheap to clone.
#[derive(Clone)]
pub struct Table {
    shared: Arc<Shared>,
}

struct Shared {
    name: &'static str,
    store: Arc<dyn ObjectStore>,
    folder: Path,
    log_store: LogStoreRef,
    /// The schema that this binary writes.
    wanted: Value,
    options: CatalogOptions,
    /// Held during a commit or refresh; `view` changes only under it.
    turn: tokio::sync::Mutex<()>,
    view: RwLock<View>,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let view = self.view();
        f.debug_struct("Table")
            .field("name", &self.shared.name)
            .field("folder", &self.shared.folder)
            .field("version", &view.version)
            .field("files", &view.files.len())
            .finish_non_exhaustive()
    }
}

impl Table {
    pub(crate) fn new(
        name: &'static str,
        store: Arc<dyn ObjectStore>,
        folder: Path,
        log_store: LogStoreRef,
        wanted: Value,
        options: CatalogOptions,
        view: View,
    ) -> Self {
        let (turn, view) = (tokio::sync::Mutex::new(()), RwLock::new(view));
        Self { shared: Arc::new(Shared { name, store, folder, log_store, wanted, options, turn, view }) }
    }

    /// Name of the table.
    pub fn name(&self) -> &'static str {
        self.shared.name
    }

    /// Folder of the table in the store; paths of files are below it.
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// Version of our view.
    pub fn version(&self) -> i64 {
        self.view().version
    }

    /// The live files of our view, in no particular order.
    pub fn files(&self) -> Vec<Arc<FileEntry>> {
        self.view().files.values().cloned().collect()
    }

    /// The last version that an application committed.
    pub async fn txn_version(&self, app_id: &str) -> Result<Option<i64>, Error> {
        let known = self.view().txns.get(app_id).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let _turn = self.shared.turn.lock().await;
        self.know_txn(app_id).await
    }

    /// Follows the commits of other writers.
    pub async fn refresh(&self) -> Result<Changes, Error> {
        let _turn = self.shared.turn.lock().await;
        self.follow().await
    }

    /// Makes the change durable and returns its version.
    ///
    /// Fails without effect with [`Error::Conflict`], [`Error::DuplicateFile`],
    /// [`Error::AlreadyCommitted`] or [`Error::LeaseLost`]; with [`Error::OutcomeUnknown`] the change may
    /// appear later, and [`Table::txn_version`] after a [`Table::refresh`] tells.
    pub async fn commit(&self, commit: Commit) -> Result<i64, Error> {
        self.check_places(&commit)?;
        let _turn = self.shared.turn.lock().await;
        self.know_whole_log().await?;
        if let Some((app_id, _)) = &commit.txn {
            self.know_txn(app_id).await?;
        }
        let now = self.now_unix_ms();
        let mut lines = Vec::new();
        for add in &commit.adds {
            lines.push(Action::Add(add.to_action(commit.data_change)));
        }
        for file in &commit.removes {
            lines.push(Action::Remove(Remove {
                path: file.path.clone(),
                data_change: commit.data_change,
                deletion_timestamp: Some(now),
                extended_file_metadata: Some(true),
                partition_values: Some(file.partition_values()),
                size: i64::try_from(file.size).ok(),
                ..Remove::default()
            }));
        }
        if let Some((app_id, version)) = &commit.txn {
            lines.push(Action::Txn(Transaction::new_with_last_update(app_id, *version, Some(now))));
        }
        let blind = commit.removes.is_empty();
        let entry = self.encode(commit.operation, blind, &lines)?;
        self.put_entry(entry, |view| self.check(view, &commit)).await
    }

    /// Adds the columns that the stored table lacks.
    pub(crate) async fn add_columns(&self) -> Result<(), Error> {
        let _turn = self.shared.turn.lock().await;
        for _ in 0..ATTEMPTS_MAX {
            let (stored, mut metadata) = {
                let view = self.view();
                (view.schema(), view.metadata.clone())
            };
            let stored = stored.ok_or_else(|| self.broken(self.version(), "it has no schema".into()))?;
            let Some(evolved) = schema::evolve(self.name(), &stored, &self.shared.wanted)? else {
                return Ok(());
            };
            let before = metadata.clone();
            metadata["schemaString"] = json!(evolved.to_string());
            let entry = self.encode("ADD COLUMNS", false, &[json!({ "metaData": metadata })])?;
            let unchanged = |view: &View| match view.metadata == before {
                true => Ok(()),
                false => Err(Error::Contention { table: self.name(), attempts: 1 }),
            };
            match self.put_entry(entry, unchanged).await {
                // Another writer changed the metadata first; perhaps it added the columns.
                Err(Error::Contention { attempts: 1, .. }) => {}
                other => return other.map(drop),
            }
        }
        Err(Error::Contention { table: self.name(), attempts: ATTEMPTS_MAX })
    }

    pub(crate) fn forget_tombstones(&self, removed: &[String], before_unix_ms: i64) {
        let mut view = self.shared.view.write().unwrap_or_else(PoisonError::into_inner);
        for path in removed {
            view.tombstones.remove(path);
        }
        // A file that is gone from the store without us leaves its mark behind no longer than needed.
        view.tombstones.retain(|_, at| *at >= before_unix_ms);
    }

    pub(crate) fn view(&self) -> RwLockReadGuard<'_, View> {
        self.shared.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.shared.store
    }

    pub(crate) fn now_unix_ms(&self) -> i64 {
        self.shared.options.clock.now_unix_nano().div_euclid(1_000_000)
    }

    /// For operations that must not run beside a commit.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.shared.turn.lock().await
    }

    fn set_view(&self, view: View) {
        *self.shared.view.write().unwrap_or_else(PoisonError::into_inner) = view;
    }

    fn check_places(&self, commit: &Commit) -> Result<(), Error> {
        let mut seen = HashSet::new();
        for add in &commit.adds {
            let (table, path) = (self.name(), add.path.clone());
            let folder = partition_folder(&add.tenant, add.date_days);
            let inside = add.path.strip_prefix(&folder).and_then(|rest| rest.strip_prefix('/'));
            if inside.is_none_or(|name| name.is_empty() || name.contains('/')) {
                return Err(Error::WrongFolder { table, path, folder });
            }
            if !seen.insert(add.path.as_str()) {
                return Err(Error::DuplicateFile { table, path });
            }
        }
        Ok(())
    }

    fn check(&self, view: &View, commit: &Commit) -> Result<(), Error> {
        let table = self.name();
        if let Some((app_id, version)) = &commit.txn
            && let Some(committed) = view.txns.get(app_id).copied().flatten()
            && committed >= *version
        {
            let (app_id, version) = (app_id.clone(), *version);
            return Err(Error::AlreadyCommitted { table, app_id, version, committed });
        }
        if let Some(add) = commit.adds.iter().find(|add| view.files.contains_key(&add.path)) {
            return Err(Error::DuplicateFile { table, path: add.path.clone() });
        }
        let mut seen = HashSet::new();
        for file in &commit.removes {
            if !view.files.contains_key(&file.path) || !seen.insert(&file.path) {
                return Err(Error::Conflict { table, path: file.path.clone() });
            }
        }
        Ok(())
    }

    fn encode(&self, operation: &str, blind: bool, lines: &[impl serde::Serialize]) -> Result<Bytes, Error> {
        let epoch = self.shared.options.lease.as_ref().map(|lease| lease.epoch());
        let read_version = self.version();
        let info = log::commit_info(operation, self.now_unix_ms(), Some(read_version), blind, epoch);
        let mut entry = Vec::new();
        let written = log::push_line(&mut entry, &info)
            .and_then(|()| lines.iter().try_for_each(|line| log::push_line(&mut entry, line)));
        match written {
            Ok(()) => Ok(entry.into()),
            Err(error) => {
                let detail = format!("an entry after it cannot be written: {error}");
                Err(Error::BrokenLog { table: self.name(), version: read_version, detail })
            }
        }
    }

    /// Writes the entry as the next version that is free, as long as `check` lets it.
    async fn put_entry(
        &self,
        entry: Bytes,
        check: impl Fn(&View) -> Result<(), Error>,
    ) -> Result<i64, Error> {
        for _ in 0..ATTEMPTS_MAX {
            let version = {
                let view = self.view();
                check(&view)?;
                self.check_lease(&view)?;
                view.version + 1
            };
            let path = log::entry_path(&self.shared.folder, version);
            match put_once(self.shared.store.as_ref(), &path, &entry).await? {
                Outcome::Written => {
                    let parsed = log::parse(&entry).map_err(|detail| self.broken(version, detail))?;
                    {
                        let mut view = self.shared.view.write().unwrap_or_else(PoisonError::into_inner);
                        view.apply(self.name(), version, parsed)?;
                    }
                    self.maintain_log(version).await;
                    return Ok(version);
                }
                Outcome::Taken => {
                    self.follow().await?;
                    if self.version() < version {
                        // The entry is there but cannot be read by its name: it was cleaned away.
                        self.reload(None).await?;
                    }
                }
            }
        }
        Err(Error::Contention { table: self.name(), attempts: ATTEMPTS_MAX })
    }

    fn check_lease(&self, view: &View) -> Result<(), Error> {
        let Some(lease) = &self.shared.options.lease else { return Ok(()) };
        lease.check(self.now_unix_ms())?;
        if view.lease_epoch > lease.epoch() {
            let detail = format!("table `{}` was written under epoch {}", self.name(), view.lease_epoch);
            return Err(lease.lost(detail));
        }
        Ok(())
    }

    /// Applies the entries that follow our view.
    async fn follow(&self) -> Result<Changes, Error> {
        let before = self.view().version;
        if load::last_checkpoint(self.shared.store.as_ref(), &self.shared.folder).await? > Some(before) {
            return self.reload(None).await;
        }
        let mut later: Option<View> = None;
        loop {
            let version = later.as_ref().map_or(before, |view| view.version) + 1;
            let path = log::entry_path(&self.shared.folder, version);
            let fails = |source| Error::objects("reading", &path, source);
            let bytes = match self.shared.store.get(&path).await {
                Ok(found) => found.bytes().await.map_err(fails)?,
                Err(object_store::Error::NotFound { .. }) => break,
                Err(error) => return Err(fails(error)),
            };
            let entry = log::parse(&bytes).map_err(|detail| self.broken(version, detail))?;
            later.get_or_insert_with(|| self.view().clone()).apply(self.name(), version, entry)?;
        }
        match later {
            Some(later) => self.switch(later),
            None => Ok(Changes::default()),
        }
    }

    /// Reads the table anew, together with one more application's transaction.
    async fn reload(&self, app_id: Option<&str>) -> Result<Changes, Error> {
        let (app_ids, epoch) = {
            let view = self.view();
            let known = view.txns.keys().cloned().chain(app_id.map(str::to_owned));
            (known.collect::<HashSet<String>>(), view.lease_epoch)
        };
        let mut later = load::load(self.name(), &self.shared.log_store, app_ids).await?;
        later.lease_epoch = epoch;
        self.switch(later)
    }

    fn switch(&self, later: View) -> Result<Changes, Error> {
        let missing = |view: &View| {
            let stored = view.schema().ok_or_else(|| self.broken(view.version, "it has no schema".into()))?;
            schema::evolve(self.name(), &stored, &self.shared.wanted).map(|evolved| evolved.is_some())
        };
        if missing(&later)? && !missing(&self.view())? {
            return Err(self.broken(later.version, "another writer removed columns".into()));
        }
        let changes = self.view().changes_to(&later);
        self.set_view(later);
        Ok(changes)
    }

    /// Our next version must not fill a place that held an entry before it was cleaned away.
    async fn know_whole_log(&self) -> Result<(), Error> {
        let hint = load::last_checkpoint(self.shared.store.as_ref(), &self.shared.folder).await?;
        if hint > Some(self.version()) {
            self.reload(None).await?;
        }
        Ok(())
    }

    async fn know_txn(&self, app_id: &str) -> Result<Option<i64>, Error> {
        if !self.view().txns.contains_key(app_id) {
            self.reload(Some(app_id)).await?;
        }
        Ok(self.view().txns.get(app_id).copied().flatten())
    }

    /// Checkpoint and log cleanup, every so many versions. Their failure leaves a correct table with a
    /// longer log, so that it does not fail the commit.
    async fn maintain_log(&self, version: i64) {
        let options = &self.shared.options;
        if version % options.checkpoint_interval != 0 {
            return;
        }
        let retention_ms = i64::try_from(options.log_retention.as_millis()).unwrap_or(i64::MAX);
        let before = self.now_unix_ms().saturating_sub(retention_ms);
        if let Err(error) = load::checkpoint(&self.shared.log_store, version, before).await {
            tracing::warn!(table = self.name(), version, %error, "no checkpoint was written");
        }
    }

    fn broken(&self, version: i64, detail: String) -> Error {
        Error::BrokenLog { table: self.name(), version, detail }
    }
}
