//! Where the store's files lie: `wal` and `index` in the data folder, the tables there or in a bucket.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use catalog::objects;
use stdx::OsDir;
use store::Places;

use super::lease;
use crate::shared::Shared;

/// Places, and what follows from where they are.
#[derive(Debug)]
pub struct Opened {
    /// Where the store's files lie.
    pub places: Places,
    /// The sizes of the configuration, made for these places.
    pub options: store::Options,
}

/// The places of a configuration. Where other servers could write, the right to do so is taken.
///
/// # Errors
/// A sentence that names the place and the cause.
pub async fn open(shared: &Shared, node: String) -> Result<Opened, String> {
    let config = &shared.config;
    let data = std::path::absolute(&config.data_dir).map_err(|error| error.to_string())?;
    let location = match config.storage.location.as_str() {
        "" => data.join("tables").display().to_string(),
        location => location.to_owned(),
    };
    let tables =
        objects::open(&location, &config.storage.options).await.map_err(|error| lease::chain(&error))?;
    let mut options = config.store.clone();
    if tables.shared {
        options.lease = Some(lease::take(&tables, &node, config.storage.lease, &shared.clock).await?);
    } else if let Some(share) = config.storage.retention_disk_share {
        let folder = tables.url.to_file_path().ok();
        let total = folder.and_then(|folder| disk_space(&folder)).map_or(0, |(_, total)| total);
        options.retention_bytes = (total as f64 * share) as u64;
    }
    let folder = |name: &str| {
        let path = data.join(name);
        OsDir::open(&path).map(Arc::new).map_err(|error| format!("opening `{}`: {error}", path.display()))
    };
    let places = Places {
        log: folder("wal")?,
        index: folder("index")?,
        objects: tables.store,
        tables: tables.root,
        tables_url: tables.url,
        node,
        clock: Arc::clone(&shared.clock),
        free_disk: free_disk(data),
        salt: random_u64().map_err(|error| format!("reading `/dev/urandom`: {error}"))?,
    };
    Ok(Opened { places, options })
}

/// Free and total bytes of the disk that holds `folder`, read at most every 100 ms: it is asked for each request.
fn free_disk(folder: PathBuf) -> store::options::FreeDisk {
    let known = std::sync::Mutex::new(None::<(std::time::Instant, Option<(u64, u64)>)>);
    Arc::new(move || {
        let mut known = known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match *known {
            Some((at, space)) if at.elapsed().as_millis() < 100 => space,
            _ => {
                let space = disk_space(&folder);
                *known = Some((std::time::Instant::now(), space));
                space
            }
        }
    })
}

/// Free and total bytes of the disk that holds `folder`.
pub fn disk_space(folder: &Path) -> Option<(u64, u64)> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some((stat.f_bavail.saturating_mul(stat.f_frsize), stat.f_blocks.saturating_mul(stat.f_frsize)))
}

fn random_u64() -> std::io::Result<u64> {
    let mut bytes = [0u8; 8];
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}
