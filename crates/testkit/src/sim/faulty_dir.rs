//! [`FaultyDir`]: a folder in memory behind the [`Dir`] trait, with faults from a seed.

use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stdx::{Dir, DirFile};

use super::disk::{Disk, FileData, Node};
use super::{Faults, Rng};

/// Called with a file's name before each of its syncs, without any lock: it may block to make a sync slow.
pub type SyncHook = Arc<dyn Fn(&str) + Send + Sync>;

/// A folder in memory that fails on purpose. Clones and subfolders share one disk.
#[derive(Clone)]
pub struct FaultyDir {
    disk: Arc<Mutex<Disk>>,
    hook: Arc<Mutex<Option<SyncHook>>>,
    folder: Node,
    path: String,
}

impl fmt::Debug for FaultyDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyDir").field("path", &self.path).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn broken() -> io::Error {
    // EIO has no stable kind of its own; the text says what it stands for.
    io::Error::other("input/output error (simulated)")
}

fn missing(name: &str) -> io::Error {
    io::Error::new(ErrorKind::NotFound, format!("{name}: no such file (simulated)"))
}

impl FaultyDir {
    /// An empty disk that never fails until it is told to.
    pub fn new(seed: u64) -> Self {
        Self::on(Disk::new(seed))
    }

    fn on(disk: Disk) -> Self {
        Self { disk: Arc::new(Mutex::new(disk)), hook: Arc::default(), folder: 0, path: "sim:/".to_owned() }
    }

    /// Cuts the power: the root folder as it is found afterwards, on a disk that does not fail. Every handle
    /// from before fails from now on.
    pub fn crash(&self) -> Self {
        Self::on(lock(&self.disk).crash())
    }

    /// How often operations fail from now on.
    pub fn set_faults(&self, faults: Faults) {
        lock(&self.disk).faults = faults;
    }

    /// How many bytes may still be written before the disk is full; `None` for no end. Removing files gives
    /// space back.
    pub fn set_space(&self, bytes: Option<u64>) {
        lock(&self.disk).space = bytes;
    }

    /// Lets `more` file syncs succeed and the one after them fail.
    pub fn fail_sync_after(&self, more: u64) {
        lock(&self.disk).syncs_left = Some(more);
    }

    /// Calls `hook` before each sync of a file.
    pub fn set_sync_hook(&self, hook: Option<SyncHook>) {
        *lock(&self.hook) = hook;
    }

    /// How many syncs of files were asked for.
    pub fn syncs(&self) -> u64 {
        lock(&self.disk).syncs
    }

    /// Puts a file with these bytes in the folder, durable at once.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let mut disk = lock(&self.disk);
        let node = disk.new_node();
        let mut file = FileData::default();
        file.write(0, bytes);
        file.sync();
        disk.files.insert(node, file);
        if let Some(folder) = disk.folders.get_mut(&self.folder) {
            folder.change(vec![(name.to_owned(), Some(node))]);
            folder.sync();
        }
    }

    fn alive(&self) -> io::Result<MutexGuard<'_, Disk>> {
        let disk = lock(&self.disk);
        if disk.dead { Err(broken()) } else { Ok(disk) }
    }

    fn roll(disk: &mut Disk, rate: impl Fn(&Faults) -> u32) -> io::Result<()> {
        let per_mille = rate(&disk.faults);
        if disk.rng.chance(per_mille) { Err(broken()) } else { Ok(()) }
    }

    fn find(&self, disk: &Disk, name: &str) -> io::Result<Node> {
        let folder = disk.folders.get(&self.folder).ok_or_else(|| missing(&self.path))?;
        let node = folder.seen.get(name).copied().ok_or_else(|| missing(name))?;
        if disk.files.contains_key(&node) { Ok(node) } else { Err(missing(name)) }
    }

    fn read_seen<T>(&self, name: &str, with: impl FnOnce(&[u8]) -> T) -> io::Result<T> {
        let mut disk = self.alive()?;
        Self::roll(&mut disk, |faults| faults.read)?;
        let node = self.find(&disk, name)?;
        let file = disk.files.get(&node).ok_or_else(|| missing(name))?;
        Ok(with(&file.seen))
    }

    fn change(&self, disk: &mut Disk, change: Vec<(String, Option<Node>)>) -> io::Result<()> {
        let folder = disk.folders.get_mut(&self.folder).ok_or_else(|| missing(&self.path))?;
        folder.change(change);
        Ok(())
    }

    fn handle(&self, node: Node, name: &str, at: u64) -> Box<dyn DirFile> {
        Box::new(FaultyFile { dir: self.clone(), node, name: name.to_owned(), at })
    }
}

impl Dir for FaultyDir {
    fn display(&self) -> String {
        self.path.clone()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let disk = self.alive()?;
        let folder = disk.folders.get(&self.folder).ok_or_else(|| missing(&self.path))?;
        let files = folder.seen.iter().filter(|(_, node)| disk.files.contains_key(node));
        Ok(files.map(|(name, _)| name.clone()).collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DirFile>> {
        let mut disk = self.alive()?;
        Self::roll(&mut disk, |faults| faults.create)?;
        if disk.folders.get(&self.folder).is_some_and(|folder| folder.seen.contains_key(name)) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let node = disk.new_node();
        disk.files.insert(node, FileData::default());
        self.change(&mut disk, vec![(name.to_owned(), Some(node))])?;
        Ok(self.handle(node, name, 0))
    }

    fn open_append(&self, name: &str) -> io::Result<Box<dyn DirFile>> {
        let disk = self.alive()?;
        let node = self.find(&disk, name)?;
        let at = disk.files.get(&node).map_or(0, |file| file.seen.len() as u64);
        Ok(self.handle(node, name, at))
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self.read_seen(name, <[u8]>::to_vec)
    }

    fn read_at(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        self.read_seen(name, |bytes| {
            let from = usize::try_from(offset).map_or(bytes.len(), |from| from.min(bytes.len()));
            bytes[from..from.saturating_add(len).min(bytes.len())].to_vec()
        })
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        self.read_seen(name, |bytes| bytes.len() as u64)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut disk = self.alive()?;
        Self::roll(&mut disk, |faults| faults.remove)?;
        let node = self.find(&disk, name)?;
        let freed = disk.files.get(&node).map_or(0, |file| file.seen.len() as u64);
        disk.space = disk.space.map(|space| space + freed);
        // The bytes stay until the entry is gone for good: a power cut may bring the name back.
        self.change(&mut disk, vec![(name.to_owned(), None)])
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut disk = self.alive()?;
        Self::roll(&mut disk, |faults| faults.remove)?;
        let node = self.find(&disk, from)?;
        self.change(&mut disk, vec![(from.to_owned(), None), (to.to_owned(), Some(node))])
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut disk = self.alive()?;
        Self::roll(&mut disk, |faults| faults.sync_dir)?;
        let folder = disk.folders.get_mut(&self.folder).ok_or_else(|| missing(&self.path))?;
        folder.sync();
        Ok(())
    }

    fn subdir(&self, name: &str) -> io::Result<Arc<dyn Dir>> {
        let mut disk = self.alive()?;
        let known = disk.folders.get(&self.folder).and_then(|folder| folder.seen.get(name)).copied();
        let folder = match known {
            Some(node) if disk.folders.contains_key(&node) => node,
            Some(_) => return Err(ErrorKind::NotADirectory.into()),
            None => {
                let node = disk.new_node();
                disk.folders.insert(node, super::disk::FolderData::default());
                self.change(&mut disk, vec![(name.to_owned(), Some(node))])?;
                node
            }
        };
        let path = format!("{}{name}/", self.path);
        Ok(Arc::new(Self { disk: self.disk.clone(), hook: self.hook.clone(), folder, path }))
    }
}

/// A handle to a file of a [`FaultyDir`]; it outlives the file's name, as on a real disk.
#[derive(Debug)]
struct FaultyFile {
    dir: FaultyDir,
    node: Node,
    name: String,
    /// Where the next append goes.
    at: u64,
}

impl DirFile for FaultyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.dir.alive()?;
        let mut result = FaultyDir::roll(&mut disk, |faults| faults.append);
        let mut part = bytes.len() as u64;
        if result.is_err() {
            part = disk.rng.below(part + 1);
        }
        if let Some(space) = &mut disk.space {
            if part > *space {
                part = *space;
                result = Err(ErrorKind::StorageFull.into());
            }
            *space -= part;
        }
        let file = disk.files.get_mut(&self.node).ok_or_else(|| missing(&self.name))?;
        file.write(self.at, &bytes[..part as usize]);
        self.at += part;
        result
    }

    fn sync_data(&mut self) -> io::Result<()> {
        let hook = lock(&self.dir.hook).clone();
        if let Some(hook) = hook {
            hook(&self.name);
        }
        let mut disk = self.dir.alive()?;
        disk.syncs += 1;
        let mut result = FaultyDir::roll(&mut disk, |faults| faults.sync);
        match disk.syncs_left {
            Some(0) => {
                disk.syncs_left = None;
                result = Err(broken());
            }
            Some(left) => disk.syncs_left = Some(left - 1),
            None => {}
        }
        let file = disk.files.get_mut(&self.node).ok_or_else(|| missing(&self.name))?;
        if result.is_ok() {
            file.sync();
        } else {
            file.sync_fails();
        }
        result
    }

    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        let disk = self.dir.alive()?;
        if disk.space.is_some_and(|space| bytes > space) {
            return Err(ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let mut disk = self.dir.alive()?;
        FaultyDir::roll(&mut disk, |faults| faults.truncate)?;
        let file = disk.files.get_mut(&self.node).ok_or_else(|| missing(&self.name))?;
        let freed = (file.seen.len() as u64).saturating_sub(len);
        file.truncate(len);
        self.at = len;
        disk.space = disk.space.map(|space| space + freed);
        Ok(())
    }

    fn duplicate(&self) -> io::Result<Box<dyn DirFile>> {
        let disk = self.dir.alive()?;
        drop(disk);
        Ok(self.dir.handle(self.node, &self.name, self.at))
    }
}

impl FaultyDir {
    /// A generator of its own, seeded from the disk's, for choices of the test.
    pub fn rng(&self) -> Rng {
        Rng::new(lock(&self.disk).rng.next_u64())
    }
}
