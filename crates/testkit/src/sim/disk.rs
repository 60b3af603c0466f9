//! What is on the platter, what is only in memory, and what a power cut makes of it.
//!
//! In: operations of [`super::FaultyDir`]. Out: the state that a running process sees, and after
//! [`Disk::crash`] the state that survived. Data wait per file for its sync, entries wait per folder for the
//! folder's sync; each kind survives in any part and any order that a real disk could leave. Within one
//! sector of 512 bytes a write is whole or absent, except where the last write was torn.

use std::collections::BTreeMap;

use super::Rng;

const SECTOR_BYTES: u64 = 512;

/// How often which operation fails, in thousandths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// An append writes a part and fails.
    pub append: u32,
    /// A file's sync fails; what it should have written may be lost although later syncs succeed.
    pub sync: u32,
    /// A folder's sync fails.
    pub sync_dir: u32,
    /// Creating a file fails.
    pub create: u32,
    /// Cutting a file fails.
    pub truncate: u32,
    /// Removing or renaming a file fails.
    pub remove: u32,
    /// Reading fails.
    pub read: u32,
}

/// The number of a file or folder on the disk.
pub type Node = u64;

#[derive(Debug, Clone)]
enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Truncate(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Waits for a sync.
    Waiting,
    /// A sync of it failed: the kernel thinks it clean, and it may be on the disk or not.
    Forgotten,
    /// On the disk, but kept apart because something older is forgotten.
    Durable,
}

/// The bytes of one file.
#[derive(Debug, Clone, Default)]
pub struct FileData {
    /// What a running process reads.
    pub seen: Vec<u8>,
    durable: Vec<u8>,
    changes: Vec<(Change, State)>,
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { offset, bytes: new } => {
            let (from, to) = (*offset as usize, *offset as usize + new.len());
            if bytes.len() < to {
                bytes.resize(to, 0);
            }
            bytes[from..to].copy_from_slice(new);
        }
        Change::Truncate(len) => bytes.resize(*len as usize, 0),
    }
}

impl FileData {
    fn push(&mut self, change: Change) {
        apply(&mut self.seen, &change);
        self.changes.push((change, State::Waiting));
    }

    pub fn write(&mut self, offset: u64, bytes: &[u8]) {
        self.push(Change::Write { offset, bytes: bytes.to_vec() });
    }

    pub fn truncate(&mut self, len: u64) {
        // The same length changes nothing, also not on the disk.
        if len != self.seen.len() as u64 {
            self.push(Change::Truncate(len));
        }
    }

    pub fn sync(&mut self) {
        for (_, state) in &mut self.changes {
            if *state == State::Waiting {
                *state = State::Durable;
            }
        }
        if self.changes.iter().all(|(_, state)| *state == State::Durable) {
            for (change, _) in self.changes.drain(..) {
                apply(&mut self.durable, &change);
            }
        }
    }

    pub fn sync_fails(&mut self) {
        for (_, state) in &mut self.changes {
            if *state == State::Waiting {
                *state = State::Forgotten;
            }
        }
    }

    /// What a power cut leaves of the file.
    fn crash(&self, rng: &mut Rng) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let fate = rng.below(4);
        let uncertain = self.changes.iter().filter(|(_, state)| *state != State::Durable).count();
        let whole = rng.below(uncertain as u64 + 1);
        let mut at = 0;
        for (change, state) in &self.changes {
            if *state == State::Durable {
                apply(&mut bytes, change);
                continue;
            }
            match fate {
                // Nothing of it was written.
                0 => {}
                // All of it was.
                1 => apply(&mut bytes, change),
                // In order, and the last one torn.
                2 if at < whole => apply(&mut bytes, change),
                2 if at == whole => {
                    if let Change::Write { offset, bytes: new } = change {
                        let part = new[..rng.below(new.len() as u64 + 1) as usize].to_vec();
                        apply(&mut bytes, &Change::Write { offset: *offset, bytes: part });
                    }
                }
                2 => {}
                // In any order, sector by sector.
                _ => scatter(&mut bytes, change, rng),
            }
            at += 1;
        }
        bytes
    }
}

/// Applies a random half of the sectors of a change; a length may be kept without its bytes.
fn scatter(bytes: &mut Vec<u8>, change: &Change, rng: &mut Rng) {
    let Change::Write { offset, bytes: new } = change else {
        if rng.chance(500) {
            apply(bytes, change);
        }
        return;
    };
    let end = offset + new.len() as u64;
    if rng.chance(500) && (bytes.len() as u64) < end {
        bytes.resize(end as usize, 0);
    }
    let mut at = *offset;
    while at < end {
        let next = ((at / SECTOR_BYTES + 1) * SECTOR_BYTES).min(end);
        if rng.chance(500) {
            let part = new[(at - offset) as usize..(next - offset) as usize].to_vec();
            apply(bytes, &Change::Write { offset: at, bytes: part });
        }
        at = next;
    }
}

/// One change of a folder: names and what they stand for afterwards. A rename is one change of two names.
type EntryChange = Vec<(String, Option<Node>)>;

/// The entries of one folder.
#[derive(Debug, Clone, Default)]
pub struct FolderData {
    /// What a running process sees.
    pub seen: BTreeMap<String, Node>,
    durable: BTreeMap<String, Node>,
    waiting: Vec<EntryChange>,
}

fn enter(entries: &mut BTreeMap<String, Node>, change: &EntryChange) {
    for (name, node) in change {
        match node {
            Some(node) => entries.insert(name.clone(), *node),
            None => entries.remove(name),
        };
    }
}

impl FolderData {
    pub fn change(&mut self, change: EntryChange) {
        enter(&mut self.seen, &change);
        self.waiting.push(change);
    }

    pub fn sync(&mut self) {
        for change in self.waiting.drain(..) {
            enter(&mut self.durable, &change);
        }
    }

    fn crash(&self, rng: &mut Rng) -> BTreeMap<String, Node> {
        let mut entries = self.durable.clone();
        let in_order = rng.chance(500);
        let kept = rng.below(self.waiting.len() as u64 + 1) as usize;
        for (at, change) in self.waiting.iter().enumerate() {
            if if in_order { at < kept } else { rng.chance(500) } {
                enter(&mut entries, change);
            }
        }
        entries
    }
}

/// The whole disk. Node 0 is the root folder.
#[derive(Debug, Clone)]
pub struct Disk {
    pub files: BTreeMap<Node, FileData>,
    pub folders: BTreeMap<Node, FolderData>,
    pub rng: Rng,
    pub faults: Faults,
    /// Bytes that may still be written; `None` for no end.
    pub space: Option<u64>,
    /// How many more file syncs succeed before one fails.
    pub syncs_left: Option<u64>,
    /// Set by a power cut: every handle of before fails.
    pub dead: bool,
    /// File syncs so far.
    pub syncs: u64,
    next_node: Node,
}

impl Disk {
    pub fn new(seed: u64) -> Self {
        Self {
            files: BTreeMap::new(),
            folders: BTreeMap::from([(0, FolderData::default())]),
            rng: Rng::new(seed),
            faults: Faults::default(),
            space: None,
            syncs_left: None,
            dead: false,
            syncs: 0,
            next_node: 1,
        }
    }

    pub fn new_node(&mut self) -> Node {
        self.next_node += 1;
        self.next_node - 1
    }

    /// The disk as it is found after a power cut now. It fails no more, until it is told to.
    pub fn crash(&mut self) -> Self {
        let mut after = Self::new(self.rng.next_u64());
        after.next_node = self.next_node;
        let mut folders = vec![0];
        while let Some(node) = folders.pop() {
            let Some(folder) = self.folders.get(&node) else { continue };
            let entries = folder.crash(&mut self.rng);
            for child in entries.values() {
                if self.folders.contains_key(child) {
                    folders.push(*child);
                } else if let Some(file) = self.files.get(child) {
                    let bytes = file.crash(&mut self.rng);
                    let data = FileData { seen: bytes.clone(), durable: bytes, changes: Vec::new() };
                    after.files.insert(*child, data);
                }
            }
            let data = FolderData { seen: entries.clone(), durable: entries, waiting: Vec::new() };
            after.folders.insert(node, data);
        }
        self.dead = true;
        after
    }
}
