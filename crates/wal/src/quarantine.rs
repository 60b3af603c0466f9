//! Keeps a copy of damaged bytes for people to look at.
//!
//! In: a file and a range of it. Out: a durable copy in the folder `quarantine/`, named after the file and
//! the offset, so that the same damage is copied once however often the log is opened. The damaged file itself
//! stays as it is.

use std::io;
use std::sync::Arc;

use stdx::Dir;

/// The folder below the log's own.
pub const FOLDER: &str = "quarantine";

const CHUNK_BYTES: u64 = 1 << 20;

/// Copies `bytes` bytes at `offset` of `file` and returns the copy's name, with its folder.
pub fn copy(dir: &Arc<dyn Dir>, file: &str, offset: u64, bytes: u64) -> io::Result<String> {
    let folder = dir.subdir(FOLDER)?;
    let name = format!("{file}.{offset}-{}", offset + bytes);
    let path = format!("{FOLDER}/{name}");
    let names = folder.list()?;
    if names.contains(&name) {
        return Ok(path);
    }
    // Under another name until it is whole, so that a name never stands for half a copy.
    let part = format!("{name}.part");
    if names.contains(&part) {
        folder.remove(&part)?;
    }
    let mut copy = folder.create(&part)?;
    let mut at = offset;
    while at < offset + bytes {
        let want = (offset + bytes - at).min(CHUNK_BYTES);
        let chunk = dir.read_at(file, at, want as usize)?;
        if chunk.is_empty() {
            break;
        }
        copy.append(&chunk)?;
        at += chunk.len() as u64;
    }
    copy.sync_data()?;
    folder.rename(&part, &name)?;
    folder.sync_dir()?;
    dir.sync_dir()?;
    Ok(path)
}
