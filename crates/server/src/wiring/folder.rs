//! The data folder: who owns it, the node's name, where the listeners are bound.
//!
//! In: the folder's path. Out: the right to write in it. `lock` is held by a lock of the operating system that ends with the
//! process, however it ends; the pid in it is for people. `node.json` keeps the name under which this node commits.
//! `listeners.json` is there while the sockets are bound and goes with a clean stop. `spill` is emptied at each start.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::listen::Listener;

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process has it.
    #[error("`{folder}` is in use by process {pid}; stop that one or name another folder with `--data DIR`")]
    InUse {
        /// The folder.
        folder: String,
        /// What the lock says.
        pid: String,
    },
    /// The operating system refuses.
    #[error("{what} `{path}`: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file or folder.
        path: String,
        /// The system's own words.
        source: io::Error,
    },
    /// A file of ours is unreadable.
    #[error(
        "`{path}` is broken: {detail}; restore it from a backup or, if the folder holds no tables, remove it"
    )]
    Broken {
        /// The file.
        path: String,
        /// What is wrong.
        detail: String,
    },
}

/// What `node.json` says.
#[derive(Debug, Serialize, Deserialize)]
struct Node {
    format_version: u32,
    id: String,
}

/// The right to write in a folder; it ends when this is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    node: String,
    _lock: File,
}

impl Folder {
    /// Takes `path`, making it when absent.
    ///
    /// # Errors
    /// When another process owns it, or it cannot be written.
    pub fn take(path: &Path) -> Result<Self, FolderError> {
        std::fs::create_dir_all(path).map_err(failed("making", path))?;
        let lock = lock(path)?;
        let node = read_or_make_node(path)?;
        let folder = Self { path: path.to_owned(), node, _lock: lock };
        // What a process left that was killed: nothing is bound yet.
        folder.remove_listeners();
        folder.empty_spill();
        Ok(folder)
    }

    /// Where questions in SQL put what does not fit into memory.
    pub fn spill(path: &Path) -> PathBuf {
        path.join("spill")
    }

    /// Removes what the questions of a killed process left: nobody will read it.
    fn empty_spill(&self) {
        let spill = Self::spill(&self.path);
        match std::fs::remove_dir_all(&spill) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, path = %spill.display(), "could not be emptied");
            }
            _ => {}
        }
    }

    /// The node's name in commits; the same over restarts.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Writes `listeners.json`, whole or not at all.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write_listeners(&self, addresses: &BTreeMap<Listener, SocketAddr>) -> Result<(), FolderError> {
        let names: serde_json::Map<_, _> = addresses
            .iter()
            .map(|(listener, address)| (listener.name().to_owned(), address.to_string().into()))
            .collect();
        let text = serde_json::Value::Object(names).to_string();
        let path = self.listeners();
        replace(&path, text.as_bytes(), false).map_err(failed("writing", &path))
    }

    /// Removes `listeners.json`.
    pub fn remove_listeners(&self) {
        match std::fs::remove_file(self.listeners()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, path = %self.listeners().display(), "could not be removed");
            }
            _ => {}
        }
    }

    fn listeners(&self) -> PathBuf {
        self.path.join("listeners.json")
    }
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.display().to_string();
    move |source| FolderError::Io { what, path, source }
}

fn lock(folder: &Path) -> Result<File, FolderError> {
    let path = folder.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(failed("opening", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            // Only for the message: an unreadable pid changes nothing.
            let _ = file.read_to_string(&mut pid);
            let pid = if pid.trim().is_empty() { "unknown".to_owned() } else { pid.trim().to_owned() };
            return Err(FolderError::InUse { folder: folder.display().to_string(), pid });
        }
        Err(TryLockError::Error(source)) => return Err(failed("locking", &path)(source)),
    }
    let written =
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(failed("writing", &path))?;
    Ok(file)
}

/// The node's name in a folder, if it has one.
///
/// # Errors
/// When the file that holds it is broken, newer than this program, or unreadable.
pub fn read_node(folder: &Path) -> Result<Option<String>, FolderError> {
    let path = folder.join("node.json");
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("reading", &path)(error)),
    };
    let broken = |detail: String| FolderError::Broken { path: path.display().to_string(), detail };
    let node: Node = serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
    if node.format_version != 1 {
        return Err(broken(format!("version {} is newer than this program", node.format_version)));
    }
    Ok(Some(node.id))
}

fn read_or_make_node(folder: &Path) -> Result<String, FolderError> {
    if let Some(id) = read_node(folder)? {
        return Ok(id);
    }
    let path = folder.join("node.json");
    let mut id = [0u8; 8];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut id))
        .map_err(failed("reading", Path::new("/dev/urandom")))?;
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = serde_json::json!({ "format_version": 1, "id": id }).to_string();
    replace(&path, text.as_bytes(), true).map_err(failed("writing", &path))?;
    Ok(id)
}

/// Writes a file so that readers see all of it or the one before.
fn replace(path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
    let temporary = path.with_extension("json.new");
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    if durable {
        file.sync_all()?;
    }
    std::fs::rename(&temporary, path)?;
    if durable && let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_whose_name_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data");
        let first = Folder::take(&path).expect("is free");
        let node = first.node().to_owned();
        assert_eq!(node.len(), 16);
        let refused = Folder::take(&path).expect_err("is taken").to_string();
        let expected = format!("is in use by process {};", std::process::id());
        assert!(refused.contains(&expected), "{refused}");
        let addresses = BTreeMap::from([(Listener::Main, SocketAddr::from(([127, 0, 0, 1], 4300)))]);
        first.write_listeners(&addresses).expect("writes");
        let text = std::fs::read_to_string(path.join("listeners.json")).expect("is there");
        assert_eq!(text, r#"{"main":"127.0.0.1:4300"}"#);
        let left = Folder::spill(&path).join("left");
        std::fs::create_dir_all(&left).expect("a folder");
        drop(first);
        let second = Folder::take(&path).expect("is free again");
        assert_eq!(second.node(), node);
        assert!(!path.join("listeners.json").exists() && !left.exists());
    }
}
