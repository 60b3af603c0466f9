//! The system calls that [`super::local`] needs, as an argument, so that a simulator can lose what was
//! not synced.
//!
//! In: absolute paths. Out: bytes and names. Nothing here decides what must be synced when.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

/// What the store says about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    pub len: u64,
    /// Microseconds since the Unix epoch.
    pub modified_us: i64,
    pub inode: u64,
    pub is_folder: bool,
}

/// One open file.
pub(crate) trait DiskFile: Send + Sync + std::fmt::Debug {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// `fdatasync`.
    fn sync_data(&self) -> io::Result<()>;
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;
    fn stat(&self) -> io::Result<Stat>;
}

/// A file system with folders and hard links.
pub(crate) trait Disk: Send + Sync + std::fmt::Debug + 'static {
    /// Makes a new file; fails when the name exists.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    fn stat(&self, path: &Path) -> io::Result<Stat>;
    /// Names in a folder and whether each is a folder.
    fn read_folder(&self, path: &Path) -> io::Result<Vec<(String, bool)>>;
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// A second name for a file; fails when the name exists.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes everything on the file system of `path` durable.
    fn sync_file_system(&self, path: &Path) -> io::Result<()>;
}

/// The operating system's.
#[derive(Debug)]
pub(crate) struct OsDisk;

fn stat_of(metadata: &std::fs::Metadata) -> Stat {
    Stat {
        len: metadata.len(),
        modified_us: metadata.mtime() * 1_000_000 + metadata.mtime_nsec() / 1_000,
        inode: metadata.ino(),
        is_folder: metadata.is_dir(),
    }
}

impl DiskFile for File {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, bytes, offset)
    }

    fn stat(&self) -> io::Result<Stat> {
        Ok(stat_of(&self.metadata()?))
    }
}

impl Disk for OsDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OpenOptions::new().write(true).read(true).create_new(true).open(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(File::open(path)?))
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        Ok(stat_of(&std::fs::metadata(path)?))
    }

    fn read_folder(&self, path: &Path) -> io::Result<Vec<(String, bool)>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            // A name that is not UTF-8 cannot be ours, nor any object store's.
            if let Ok(name) = entry.file_name().into_string() {
                names.push((name, entry.file_type()?.is_dir()));
            }
        }
        Ok(names)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir(path)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn sync_file_system(&self, path: &Path) -> io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(path)?)?)
    }
}
