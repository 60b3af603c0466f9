//! A folder of files as an argument, so that a simulator can lose, tear and reorder writes.
//!
//! [`Dir`] is what the write-ahead log and the local table files need and no more: flat names, append,
//! positioned reads, `fdatasync`, the folder's own sync. [`OsDir`] is the real one. Names never hold a
//! path separator.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One open file.
pub trait DirFile: Send + Sync + std::fmt::Debug {
    /// Writes all of `bytes` at the end of what this handle wrote before.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes what was appended durable (`fdatasync`). After an error the file must not be synced again:
    /// the kernel may have dropped the pages.
    fn sync_data(&mut self) -> io::Result<()>;
    /// Reserves `bytes` of space beyond the present end without changing the length that readers see.
    /// A file system that cannot do so answers `Ok`.
    fn reserve(&mut self, bytes: u64) -> io::Result<()>;
    /// Cuts the file to `len` bytes.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
    /// Another handle to the same file for syncing from another thread.
    fn duplicate(&self) -> io::Result<Box<dyn DirFile>>;
}

/// One flat folder.
pub trait Dir: Send + Sync + std::fmt::Debug {
    /// The folder's name for messages.
    fn display(&self) -> String;
    /// Names of the files in it, in no particular order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Makes a new empty file; fails when the name exists.
    fn create(&self, name: &str) -> io::Result<Box<dyn DirFile>>;
    /// Opens an existing file for appending at its end.
    fn open_append(&self, name: &str) -> io::Result<Box<dyn DirFile>>;
    /// Reads a whole file.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;
    /// Reads at most `len` bytes from `offset`; fewer at the end of the file.
    fn read_at(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>>;
    /// The file's length in bytes.
    fn len(&self, name: &str) -> io::Result<u64>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Renames a file within the folder, replacing the target.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Makes the folder's entries durable.
    fn sync_dir(&self) -> io::Result<()>;
    /// A folder below this one, made when absent.
    fn subdir(&self, name: &str) -> io::Result<Arc<dyn Dir>>;
}

/// A folder of the operating system.
#[derive(Debug, Clone)]
pub struct OsDir {
    path: PathBuf,
}

impl OsDir {
    /// Opens `path`, making it and its parents when absent.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        std::fs::create_dir_all(&path)?;
        Ok(Self { path })
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[derive(Debug)]
struct OsFile {
    file: File,
}

impl DirFile for OsFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        let end = self.file.metadata()?.len();
        let flags = rustix::fs::FallocateFlags::KEEP_SIZE;
        match rustix::fs::fallocate(&self.file, flags, end, bytes) {
            Err(rustix::io::Errno::NOSPC) => Err(rustix::io::Errno::NOSPC.into()),
            // Reservation is an optimisation: a file system without it works all the same.
            _ => Ok(()),
        }
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.file.set_len(len)?;
        self.file.seek(SeekFrom::Start(len)).map(drop)
    }

    fn duplicate(&self) -> io::Result<Box<dyn DirFile>> {
        Ok(Box::new(OsFile { file: self.file.try_clone()? }))
    }
}

impl Dir for OsDir {
    fn display(&self) -> String {
        self.path.display().to_string()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DirFile>> {
        let file = OpenOptions::new().write(true).read(true).create_new(true).open(self.path.join(name))?;
        Ok(Box::new(OsFile { file }))
    }

    fn open_append(&self, name: &str) -> io::Result<Box<dyn DirFile>> {
        let mut file = OpenOptions::new().write(true).read(true).open(self.path.join(name))?;
        file.seek(SeekFrom::End(0))?;
        Ok(Box::new(OsFile { file }))
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        std::fs::read(self.path.join(name))
    }

    fn read_at(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.path.join(name))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(len as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        Ok(std::fs::metadata(self.path.join(name))?.len())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path.join(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path.join(from), self.path.join(to))
    }

    fn sync_dir(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn subdir(&self, name: &str) -> io::Result<Arc<dyn Dir>> {
        Ok(Arc::new(Self::open(self.path.join(name))?))
    }
}
