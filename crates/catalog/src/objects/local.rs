//! An object store on a local disk whose acknowledged objects survive a power cut.
//!
//! In: objects and their paths. Out: files of the same names below one folder. A write goes to a name in
//! `.tmp`, is synced, gets its final name by `link` (only if absent) or `rename` (overwriting), and is
//! acknowledged after the folder is synced, newly made folders included. A crash leaves at most files in
//! `.tmp`, which the next open sweeps. After a failed sync the store refuses all further writes: the
//! kernel may have dropped the pages, and only a restart, which syncs the whole file system first,
//! knows again what is there.
//! It keeps no tags, attributes or versions, and cannot update conditionally: one process owns a folder.

use std::collections::HashSet;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use object_store::path::Path;
use object_store::{Error as StoreError, ObjectMeta, PutMode, PutPayload, PutResult};

use super::disk::{Disk, DiskFile, OsDisk, Stat};
use crate::Error;

mod store;
#[cfg(test)]
mod tests;

/// Name of the store in errors, by which a failure is known to be final: no reply gets lost on a disk.
pub(crate) const STORE: &str = "local disk";

/// Folder below the root for what has no final name yet.
const TEMPORARY: &str = ".tmp";

/// A folder of a local disk as an object store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct DurableLocalStore {
    folder: Arc<Folder>,
}

#[derive(Debug)]
struct Folder {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    /// Folders whose own names are known to be durable.
    durable: Mutex<HashSet<PathBuf>>,
    temporary_count: AtomicU64,
    sync_failed: AtomicBool,
}

impl DurableLocalStore {
    /// Opens `root`, an absolute path, making it when absent. Refuses a file system without hard links.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::open_on(Arc::new(OsDisk), root.into())
    }

    pub(crate) fn open_on(disk: Arc<dyn Disk>, root: PathBuf) -> Result<Self, Error> {
        let fails = |operation: &'static str, path: &FilePath| {
            let path = path.display().to_string();
            move |source| Error::Io { operation, path, source }
        };
        let folder = Folder {
            disk,
            root,
            durable: Mutex::default(),
            temporary_count: AtomicU64::new(0),
            sync_failed: AtomicBool::new(false),
        };
        let temporary = folder.root.join(TEMPORARY);
        folder.make_durable_folder(&temporary).map_err(fails("creation", &temporary))?;
        for (name, is_folder) in folder.disk.read_folder(&temporary).map_err(fails("listing", &temporary))? {
            if !is_folder {
                let path = temporary.join(name);
                folder.disk.remove_file(&path).map_err(fails("removal", &path))?;
            }
        }
        folder.probe_links(&temporary)?;
        // What a killed process had written but not synced is visible now; it must not be believed
        // before it is durable.
        folder.disk.sync_file_system(&folder.root).map_err(fails("sync", &folder.root))?;
        Ok(Self { folder: Arc::new(folder) })
    }

    /// The folder on the disk.
    pub fn root(&self) -> &FilePath {
        &self.folder.root
    }
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Generic { store: STORE, source: error.into() }
}

/// Gives a system error the meaning that callers look for.
fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError + '_ {
    move |error| {
        let path = path.to_string();
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                StoreError::NotFound { path, source: error.into() }
            }
            io::ErrorKind::AlreadyExists => StoreError::AlreadyExists { path, source: error.into() },
            _ => failed(format!("`{path}`: {error}")),
        }
    }
}

fn meta(location: Path, stat: Stat) -> ObjectMeta {
    ObjectMeta {
        location,
        last_modified: chrono::DateTime::from_timestamp_micros(stat.modified_us).unwrap_or_default(),
        size: stat.len,
        e_tag: Some(format!("{:x}-{:x}-{:x}", stat.inode, stat.modified_us, stat.len)),
        version: None,
    }
}

impl Folder {
    fn path(&self, location: &Path) -> Result<PathBuf, StoreError> {
        let text = location.as_ref();
        if text.is_empty() || text == TEMPORARY || text.starts_with(".tmp/") {
            return Err(failed(format!("`{text}` is not the name of an object")));
        }
        Ok(self.root.join(text))
    }

    fn probe_links(&self, temporary: &FilePath) -> Result<(), Error> {
        let (file, link) = (temporary.join("probe"), temporary.join("probe-link"));
        let outcome = (|| {
            self.disk.create(&file)?;
            self.disk.link(&file, &link)?;
            // A second link to a taken name must fail, or two writers would both win.
            match self.disk.link(&file, &link) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                Err(error) => Err(error),
                Ok(()) => Err(io::Error::other("a taken name was linked again")),
            }
        })();
        // The first error is the one that tells; both names are swept at the next open anyhow.
        let _ = self.disk.remove_file(&link);
        let _ = self.disk.remove_file(&file);
        outcome.map_err(|error: io::Error| Error::Unusable {
            location: self.root.display().to_string(),
            detail: format!("its file system has no working hard links: {error}"),
        })
    }

    /// Makes `folder` and its parents when absent, and sees that their names are durable.
    fn make_durable_folder(&self, folder: &FilePath) -> io::Result<()> {
        if self.known_durable(folder) {
            return Ok(());
        }
        let Some(parent) = folder.parent() else { return Ok(()) };
        match self.disk.make_folder(folder) {
            Ok(()) => self.make_durable_folder(parent)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // Above the root folders are the administrator's; they stood before us.
                if folder.starts_with(&self.root) && folder != self.root {
                    self.make_durable_folder(parent)?;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make_durable_folder(parent)?;
                match self.disk.make_folder(folder) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                    _ => {}
                }
            }
            Err(error) => return Err(error),
        }
        self.sync_folder(parent)?;
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
        Ok(())
    }

    fn known_durable(&self, folder: &FilePath) -> bool {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).contains(folder)
    }

    fn sync_folder(&self, folder: &FilePath) -> io::Result<()> {
        self.disk.sync_folder(folder).inspect_err(|_| self.sync_failed.store(true, Ordering::SeqCst))
    }

    fn sync_data(&self, file: &dyn DiskFile) -> io::Result<()> {
        file.sync_data().inspect_err(|_| self.sync_failed.store(true, Ordering::SeqCst))
    }

    fn check_writable(&self) -> io::Result<()> {
        if self.sync_failed.load(Ordering::SeqCst) {
            return Err(io::Error::other("an earlier sync failed; writes are refused until a restart"));
        }
        Ok(())
    }

    fn create_temporary(&self) -> io::Result<(PathBuf, Box<dyn DiskFile>)> {
        self.check_writable()?;
        let number = self.temporary_count.fetch_add(1, Ordering::Relaxed);
        let path = self.root.join(TEMPORARY).join(number.to_string());
        let file = self.disk.create(&path)?;
        Ok((path, file))
    }

    /// Gives a written temporary file its final name and makes both durable.
    fn publish(
        &self,
        temporary: &FilePath,
        file: &dyn DiskFile,
        location: &Path,
        only_if_absent: bool,
    ) -> Result<PutResult, StoreError> {
        let target = self.path(location)?;
        self.check_writable().map_err(failed)?;
        self.sync_data(file).map_err(at(location))?;
        let Some(parent) = target.parent() else { return Err(failed("an object needs a folder")) };
        self.make_durable_folder(parent).map_err(at(location))?;
        if only_if_absent {
            self.disk.link(temporary, &target).map_err(at(location))?;
        } else {
            self.disk.rename(temporary, &target).map_err(at(location))?;
        }
        self.sync_folder(parent).map_err(at(location))?;
        let stat = file.stat().map_err(at(location))?;
        Ok(PutResult { e_tag: meta(location.clone(), stat).e_tag, version: None })
    }

    fn put(&self, location: &Path, payload: &PutPayload, mode: &PutMode) -> Result<PutResult, StoreError> {
        let only_if_absent = match mode {
            PutMode::Create => true,
            PutMode::Overwrite => false,
            PutMode::Update(_) => {
                return Err(StoreError::NotImplemented {
                    operation: "conditional update".into(),
                    implementer: STORE.into(),
                });
            }
        };
        if only_if_absent && self.disk.stat(&self.path(location)?).is_ok() {
            // The link below decides; this saves writing what cannot win.
            let taken = io::Error::from(io::ErrorKind::AlreadyExists);
            return Err(at(location)(taken));
        }
        let (temporary, file) = self.create_temporary().map_err(at(location))?;
        let outcome = (|| {
            let mut offset = 0;
            for chunk in payload {
                file.write_all_at(chunk, offset).map_err(at(location))?;
                offset += chunk.len() as u64;
            }
            self.publish(&temporary, file.as_ref(), location, only_if_absent)
        })();
        // After a rename the name is gone already; what stays is swept at the next open.
        let _ = self.disk.remove_file(&temporary);
        outcome
    }

    fn delete(&self, locations: &[Path]) -> Vec<Result<Path, StoreError>> {
        let mut folders = HashSet::new();
        let mut outcomes: Vec<_> = locations
            .iter()
            .map(|location| {
                let path = self.path(location)?;
                self.check_writable().map_err(failed)?;
                self.disk.remove_file(&path).map_err(at(location))?;
                folders.extend(path.parent().map(FilePath::to_owned));
                Ok(location.clone())
            })
            .collect();
        for folder in folders {
            if let Err(error) = self.sync_folder(&folder) {
                let text = error.to_string();
                for outcome in outcomes.iter_mut().filter(|outcome| outcome.is_ok()) {
                    *outcome = Err(failed(text.clone()));
                }
            }
        }
        outcomes
    }

    fn copy(&self, from: &Path, to: &Path, only_if_absent: bool) -> Result<(), StoreError> {
        let (source, target) = (self.path(from)?, self.path(to)?);
        self.check_writable().map_err(failed)?;
        let Some(parent) = target.parent() else { return Err(failed("an object needs a folder")) };
        self.make_durable_folder(parent).map_err(at(to))?;
        // Objects never change in place, so that a second name is as good as a second file.
        if only_if_absent {
            self.disk.link(&source, &target).map_err(at(if self.disk.stat(&source).is_ok() {
                to
            } else {
                from
            }))?;
        } else {
            let number = self.temporary_count.fetch_add(1, Ordering::Relaxed);
            let temporary = self.root.join(TEMPORARY).join(number.to_string());
            self.disk.link(&source, &temporary).map_err(at(from))?;
            let renamed = self.disk.rename(&temporary, &target);
            // A rename between two names of one file does nothing and leaves both.
            let _ = self.disk.remove_file(&temporary);
            renamed.map_err(at(to))?;
        }
        self.sync_folder(parent).map_err(at(to))
    }

    /// Every object below `folder`, sorted; a missing folder is an empty one.
    fn walk(&self, folder: &FilePath, prefix: &str, found: &mut Vec<ObjectMeta>) -> Result<(), StoreError> {
        for (name, is_folder) in self.entries(folder)? {
            let location = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            let path = folder.join(&name);
            if is_folder {
                self.walk(&path, &location, found)?;
            } else if let Ok(location) = Path::parse(&location) {
                match self.disk.stat(&path) {
                    Ok(stat) => found.push(meta(location, stat)),
                    // Removed since the folder was read.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(at(&location)(error)),
                }
            }
        }
        Ok(())
    }

    fn entries(&self, folder: &FilePath) -> Result<Vec<(String, bool)>, StoreError> {
        let mut names = match self.disk.read_folder(folder) {
            Ok(names) => names,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Vec::new()
            }
            Err(error) => return Err(failed(error)),
        };
        if folder == self.root {
            names.retain(|(name, _)| name != TEMPORARY);
        }
        names.sort();
        Ok(names)
    }
}
