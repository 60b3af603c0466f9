//! All tables of a store: made when absent, refused when not ours, given new columns when the program
//! has more.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use futures::StreamExt;
use object_store::ObjectStore;
use object_store::path::Path;
use serde_json::{Value, json};
use stdx::{Clock, SystemClock};
use url::Url;

use crate::objects::{Lease, Outcome, put_once};
use crate::schema::{DATE, TENANT};
use crate::table::Table;
use crate::view::{FORMAT_VERSION, FORMAT_VERSION_KEY, View};
use crate::{Error, load, log, schema};

/// What the program expects of a table.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// Name and folder of the table.
    pub name: &'static str,
    /// Columns of its Parquet files; the partition columns `tenant` and `date` are added.
    pub schema: SchemaRef,
    /// Columns of which files carry statistics. Told to other writers of the table; an empty list means
    /// none.
    pub stats_columns: Vec<&'static str>,
}

/// How the catalog keeps its tables.
#[derive(Clone)]
pub struct CatalogOptions {
    /// Gives the times in the log and the age of files.
    pub clock: Arc<dyn Clock>,
    /// Versions from checkpoint to checkpoint.
    pub checkpoint_interval: i64,
    /// Age at which log entries before a checkpoint go.
    pub log_retention: Duration,
    /// How long checkpoints remember removed files; not below the `keep` of [`Table::vacuum`].
    pub removed_file_retention: Duration,
    /// The right to write, where several nodes could.
    pub lease: Option<Arc<Lease>>,
}

impl Default for CatalogOptions {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock::new()),
            checkpoint_interval: 50,
            log_retention: Duration::from_secs(6 * 3600),
            removed_file_retention: Duration::from_secs(24 * 3600),
            lease: None,
        }
    }
}

impl fmt::Debug for CatalogOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatalogOptions")
            .field("checkpoint_interval", &self.checkpoint_interval)
            .field("log_retention", &self.log_retention)
            .field("removed_file_retention", &self.removed_file_retention)
            .finish_non_exhaustive()
    }
}

/// The tables of one store.
#[derive(Debug, Clone)]
pub struct Catalog {
    store: Arc<dyn ObjectStore>,
    root: Path,
    url: Url,
    tables: BTreeMap<&'static str, Table>,
}

impl Catalog {
    /// Opens the tables of `specs` below `root` in `store`; `url` is the address of `root` for people
    /// and for query engines.
    pub async fn open(
        store: Arc<dyn ObjectStore>,
        root: Path,
        url: Url,
        specs: Vec<TableSpec>,
        options: CatalogOptions,
    ) -> Result<Self, Error> {
        let mut tables = BTreeMap::new();
        for spec in specs {
            let name = spec.name;
            let table = open_table(&store, root.clone().join(name), spec, &options).await?;
            tables.insert(name, table);
        }
        Ok(Self { store, root, url, tables })
    }

    /// The table of this name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }

    /// Every table, by name.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// The store that holds the tables.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// Folder of the tables in the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Address of that folder.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

async fn open_table(
    store: &Arc<dyn ObjectStore>,
    folder: Path,
    spec: TableSpec,
    options: &CatalogOptions,
) -> Result<Table, Error> {
    let name = spec.name;
    let wanted = schema::to_delta(name, &spec.schema)?;
    let log_store = load::log_store(name, store, &folder)?;
    let log_folder = folder.clone().join(log::FOLDER);
    let exists = match store.list(Some(&log_folder)).next().await {
        None => false,
        Some(Ok(_)) => true,
        Some(Err(error)) => return Err(Error::objects("listing", &log_folder, error)),
    };
    let view = match exists {
        false => create(store, &folder, &spec, &wanted, options).await?,
        true => None,
    };
    let view = match view {
        Some(view) => view,
        None => load::load(name, &log_store, []).await?,
    };
    let table = Table::new(name, Arc::clone(store), folder, log_store, wanted, options.clone(), view);
    table.add_columns().await?;
    Ok(table)
}

/// Writes version 0. `None` when another writer was first.
async fn create(
    store: &Arc<dyn ObjectStore>,
    folder: &Path,
    spec: &TableSpec,
    wanted: &Value,
    options: &CatalogOptions,
) -> Result<Option<View>, Error> {
    let table = spec.name;
    let now_unix_ms = options.clock.now_unix_nano().div_euclid(1_000_000);
    let epoch = match &options.lease {
        Some(lease) => {
            lease.check(now_unix_ms)?;
            Some(lease.epoch())
        }
        None => None,
    };
    // An empty list of names is not defined, no indexed columns is.
    let (stats_key, stats) = match spec.stats_columns.is_empty() {
        true => ("delta.dataSkippingNumIndexedCols", "0".to_owned()),
        false => ("delta.dataSkippingStatsColumns", spec.stats_columns.join(",")),
    };
    let metadata = json!({
        "id": uuid::Uuid::new_v4().to_string(),
        "name": table,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": wanted.to_string(),
        "partitionColumns": [TENANT, DATE],
        "configuration": {
            FORMAT_VERSION_KEY: FORMAT_VERSION.to_string(),
            "delta.checkpointInterval": options.checkpoint_interval.to_string(),
            "delta.enableExpiredLogCleanup": "true",
            "delta.logRetentionDuration": interval(options.log_retention),
            "delta.deletedFileRetentionDuration": interval(options.removed_file_retention),
            stats_key: stats,
        },
        "createdTime": now_unix_ms,
    });
    let lines = [
        log::commit_info("CREATE TABLE", now_unix_ms, None, true, epoch),
        json!({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}),
        json!({"metaData": metadata}),
    ];
    let broken = |detail: String| Error::BrokenLog { table, version: 0, detail };
    let mut entry = Vec::new();
    for line in &lines {
        log::push_line(&mut entry, line).map_err(|error| broken(error.to_string()))?;
    }
    if put_once(store.as_ref(), &log::entry_path(folder, 0), &entry.clone().into()).await? == Outcome::Taken {
        return Ok(None);
    }
    let mut view = View {
        version: -1,
        files: Default::default(),
        tombstones: Default::default(),
        txns: Default::default(),
        metadata: Value::Null,
        lease_epoch: 0,
    };
    view.apply(table, 0, log::parse(&entry).map_err(broken)?)?;
    Ok(Some(view))
}

/// A duration as the Delta properties write it.
fn interval(duration: Duration) -> String {
    format!("interval {} seconds", duration.as_secs())
}
