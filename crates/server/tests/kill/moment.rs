//! Moments at which a server is killed, and what the folder tells afterwards of where it was.
//!
//! In: the data folder. Out: whether the moment has come, seen from the files that come and go; after the kill, which of the
//! places between two steps it was. Nothing is built into the server for this.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// So many more receipts.
    Receipts(usize),
    /// A record is written to the log; its sync runs or waits.
    LogWritten,
    /// A file of the log goes: a round has ended.
    LogRemoved,
    /// A file is being written beside its final place.
    Upload,
    /// A table has a new commit; those after it have not.
    Commit(&'static str),
    /// A merged file is there; its commit is not, perhaps.
    Merge,
    /// A checkpoint is there; its hint is not, perhaps.
    Checkpoint,
    /// A replaced file is removed.
    Vacuum,
}

impl Moment {
    /// Those that files tell.
    pub const OF_FILES: [Self; 9] = [
        Self::LogWritten,
        Self::Commit("spans"),
        Self::Upload,
        Self::Commit("traces"),
        Self::Merge,
        Self::Commit("ingest"),
        Self::Checkpoint,
        Self::LogRemoved,
        Self::Vacuum,
    ];
}

/// Waits for one moment.
pub struct Watch {
    data: PathBuf,
    moment: Moment,
    before: BTreeMap<PathBuf, SystemTime>,
}

impl Watch {
    pub fn new(data: &Path, moment: Moment) -> Self {
        let mut watch = Self { data: data.to_owned(), moment, before: BTreeMap::new() };
        watch.before = watch.look();
        watch
    }

    /// Whether the moment has come, for those that files tell.
    pub fn has_come(&self) -> bool {
        let now = self.look();
        match self.moment {
            Moment::Receipts(_) => false,
            Moment::LogWritten => now != self.before,
            Moment::LogRemoved | Moment::Vacuum => self.before.keys().any(|path| !now.contains_key(path)),
            _ => now.keys().any(|path| !self.before.contains_key(path)),
        }
    }

    /// The files that matter, with their times of change.
    fn look(&self) -> BTreeMap<PathBuf, SystemTime> {
        let of = |folder: &str, ending: &str| files(&self.data.join(folder), ending);
        match self.moment {
            Moment::Receipts(_) => BTreeMap::new(),
            Moment::LogWritten | Moment::LogRemoved => of("wal", ""),
            Moment::Upload => of("tables/.tmp", ""),
            Moment::Commit(table) => of(&format!("tables/{table}/_delta_log"), ".json"),
            Moment::Checkpoint => of("tables/spans/_delta_log", ".checkpoint.parquet"),
            Moment::Merge => {
                let mut merged = of("tables/spans", ".parquet");
                merged.retain(|path, _| path.to_string_lossy().contains("-l1-"));
                merged
            }
            Moment::Vacuum => of("tables/spans", ".parquet"),
        }
    }
}

/// Files below a folder, but for logs of tables unless the folder is one.
fn files(folder: &Path, ending: &str) -> BTreeMap<PathBuf, SystemTime> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            // What is gone since the folder was read is not there.
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                if !path.ends_with("_delta_log") {
                    folders.push(path);
                }
            } else if path.to_string_lossy().ends_with(ending) {
                found.insert(path, meta.modified().unwrap_or(SystemTime::UNIX_EPOCH));
            }
        }
    }
    found
}

/// Between which two steps a killed server was. `seen` holds what earlier kills left behind.
pub fn places_met(data: &Path, seen: &mut BTreeSet<String>) -> BTreeSet<&'static str> {
    let mut met = BTreeSet::new();
    let logs = ["spans", "traces", "ingest"].map(|table| Log::read(&data.join("tables").join(table)));
    let [spans, traces, ingest] = &logs;
    if spans.round != traces.round {
        met.insert("between the commits of spans and traces");
    } else if traces.round != ingest.round {
        met.insert("between the commits of traces and ingest");
    }
    if !files(&data.join("tables/.tmp"), "").is_empty() {
        met.insert("while a file was written");
    }
    for name in logs.iter().flat_map(|log| &log.unlisted).filter(|name| seen.insert((*name).clone())) {
        met.insert(match name.contains("-l0-") {
            true => "between a round's files and its commit",
            false => "between a merged file and its commit",
        });
    }
    if logs.iter().any(|log| log.checkpoint > log.hint && seen.insert(format!("{}", log.checkpoint))) {
        met.insert("between a checkpoint and its hint");
    }
    if logs.iter().any(|log| log.removed_some) {
        met.insert("during a vacuum");
    }
    met
}

/// What the log of a table says, and which of its files are there.
struct Log {
    /// The last round.
    round: i64,
    /// Files that are in no commit.
    unlisted: Vec<String>,
    /// Last checkpoint that is there, and that the hint names.
    checkpoint: i64,
    hint: i64,
    /// Whether of the files that one commit removed some are gone and some are not.
    removed_some: bool,
}

impl Log {
    fn read(table: &Path) -> Self {
        let folder = table.join("_delta_log");
        let mut log = Self { round: 0, unlisted: Vec::new(), checkpoint: -1, hint: -1, removed_some: false };
        let present: BTreeSet<String> =
            files(table, ".parquet").into_keys().map(|path| name(&path)).collect();
        let mut known = BTreeSet::new();
        for path in files(&folder, "").into_keys() {
            let file = name(&path);
            let version = file.split('.').next().and_then(|number| number.parse().ok()).unwrap_or(-1);
            let text = std::fs::read(&path).unwrap_or_default();
            if file.ends_with(".checkpoint.parquet") {
                log.checkpoint = log.checkpoint.max(version);
            } else if file == "_last_checkpoint" {
                let hint: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
                log.hint = hint["version"].as_i64().unwrap_or(-1);
            } else if file.ends_with(".json") {
                let (mut gone, mut there) = (0, 0);
                for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                    let action: serde_json::Value = serde_json::from_slice(line).unwrap_or_default();
                    log.round = log.round.max(action["txn"]["version"].as_i64().unwrap_or(0));
                    if let Some(path) = action["add"]["path"].as_str() {
                        known.insert(name(Path::new(path)));
                    }
                    if let Some(path) = action["remove"]["path"].as_str() {
                        let is_there = present.contains(&name(Path::new(path)));
                        *(if is_there { &mut there } else { &mut gone }) += 1;
                    }
                }
                log.removed_some |= gone > 0 && there > 0;
            }
        }
        log.unlisted = present.into_iter().filter(|file| !known.contains(file)).collect();
        log
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
