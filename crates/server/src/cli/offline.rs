//! The folder of a stopped server, opened for reading: its tables and what of its log they do not hold yet.
//!
//! Nothing in the folder is changed and no lock is taken, so the server must be stopped: a running one is asked by `--server`.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use catalog::objects;
use model::TenantId;
use query::Engine;
use query::sql::Limits;
use stdx::{OsDir, SystemClock};
use store::{Deriver, Options, Places, Store};

use super::client::ClientError;
use crate::api::v1;
use crate::map::Map;
use crate::wiring::folder;

/// The own API over the folder.
pub(crate) async fn router(folder: &Path, tenant: Option<&str>) -> Result<Router, ClientError> {
    let tenant = match tenant {
        Some(name) => name.parse().map_err(ClientError::usage)?,
        None => TenantId::single(),
    };
    let map = Arc::new(Map::new(Some(folder.join("topology-rules.yaml"))));
    let engine = Engine::new(open_data_dir(folder, Some(Arc::clone(&map.sums) as Arc<dyn Deriver>)).await?);
    // Nothing is written, so a question that needs more memory than there is fails instead of spilling.
    let settings = v1::Settings {
        tenant,
        clock: Arc::new(SystemClock::new()),
        sql: Limits::standard(None),
        map,
        listeners: Vec::new(),
    };
    Ok(v1::router(engine, settings))
}

/// Opens the folder of a stopped server: `DIR/wal`, `DIR/index`, `DIR/tables`.
///
/// # Errors
/// When it is no such folder, a server runs on it, or tables or log cannot be read.
pub async fn open_data_dir(path: &Path, deriver: Option<Arc<dyn Deriver>>) -> Result<Store, ClientError> {
    let shown = path.display();
    let data =
        std::path::absolute(path).map_err(|error| ClientError::failed(format!("`{shown}`: {error}")))?;
    for part in ["wal", "index", "tables"] {
        if !data.join(part).is_dir() {
            return Err(ClientError::failed(format!(
                "`{shown}` is no data folder: it has no `{part}`; name the folder that `throughline serve --data` was given"
            )));
        }
    }
    // Under this name the tables say how much of the log they hold: with another one every row would be read twice.
    let node = folder::read_node(&data)
        .map_err(|error| ClientError::failed(error.to_string()))?
        .ok_or_else(|| ClientError::failed(format!("`{shown}` is no data folder: it has no `node.json`")))?;
    if let Some(pid) = running(&data) {
        return Err(ClientError::failed(format!(
            "a server (process {pid}) runs on `{shown}`; ask it with `--server`, or stop it first"
        )));
    }
    let location = data.join("tables").display().to_string();
    let tables = objects::open(&location, &objects::PlaceOptions::default())
        .await
        .map_err(|error| ClientError::failed(format!("opening `{location}`: {error}")))?;
    let open = |name: &str| {
        let path = data.join(name);
        OsDir::open(&path)
            .map(Arc::new)
            .map_err(|error| ClientError::failed(format!("opening `{}`: {error}", path.display())))
    };
    let places = Places {
        log: open("wal")?,
        index: open("index")?,
        objects: tables.store,
        tables: tables.root,
        tables_url: tables.url,
        node,
        clock: Arc::new(SystemClock::new()),
        free_disk: Arc::new(|| None),
        salt: 0,
    };
    let (store, _) =
        store::open_read_only(places, Options { background: false, ..Options::standard() }, deriver)
            .await
            .map_err(|error| ClientError::failed(format!("reading `{shown}`: {}", error.chain())))?;
    Ok(store)
}

/// The process that holds the folder's lock, if one does.
fn running(data: &Path) -> Option<String> {
    let lock = std::fs::File::open(data.join("lock")).ok()?;
    match lock.try_lock_shared() {
        Err(std::fs::TryLockError::WouldBlock) => {
            let pid = std::fs::read_to_string(data.join("lock")).unwrap_or_default();
            Some(pid.trim().to_owned())
        }
        // The lock ends with `lock` itself, which is dropped at once.
        _ => None,
    }
}
