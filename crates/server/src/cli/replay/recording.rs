//! The folder format of a recording: `manifest.json` and a body a request.
//!
//! In: a folder. Out: its requests in the order of arrival. The manifest's `files` hold an object each: `transport`
//! (`http/1.1` or `grpc`), `protocol`, `method`, `path`, `headers` (pairs as they were sent), `file` and `stored` (`raw` or
//! `zstd`), and `incomplete` where the sender broke off. Other fields are for other readers.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A recorded request.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// How it came.
    pub transport: Transport,
    /// What it is, for people.
    pub protocol: String,
    /// `traces`, `logs` or `metrics`, where the recorder could tell.
    pub signal: Option<String>,
    /// HTTP method.
    pub method: String,
    /// Path with its query.
    pub path: String,
    /// Headers as sent, pseudo-headers of HTTP/2 left out.
    pub headers: Vec<(String, String)>,
    /// Body as sent, with the message prefixes of gRPC.
    pub body: Vec<u8>,
    /// Whether the sender broke off.
    pub incomplete: bool,
}

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 with gRPC.
    Grpc,
    /// Something that is not sent again.
    Other,
}

#[derive(Debug, Deserialize)]
struct Manifest {
    files: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    order: u64,
    transport: String,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default)]
    signal: Option<String>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    headers: Option<Vec<(String, String)>>,
    file: String,
    #[serde(default)]
    stored: Option<String>,
    #[serde(default)]
    incomplete: Option<bool>,
}

/// The folders of recordings in `folder`, sorted by name.
///
/// # Errors
/// When there is none.
pub fn folders(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let holds = |folder: &Path| folder.join("manifest.json").is_file();
    let is_recording = |folder: &Path| {
        let text = std::fs::read(folder.join("manifest.json")).unwrap_or_default();
        serde_json::from_slice::<Manifest>(&text).is_ok()
    };
    if is_recording(folder) {
        return Ok(vec![folder.to_owned()]);
    }
    let entries =
        std::fs::read_dir(folder).map_err(|error| format!("reading `{}`: {error}", folder.display()))?;
    let mut found: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| holds(path)).collect();
    found.sort();
    if found.is_empty() {
        return Err(format!("`{}` holds no manifest.json, nor does a folder in it", folder.display()));
    }
    Ok(found)
}

/// The requests of one recording.
///
/// # Errors
/// A sentence that names the file.
pub fn read(folder: &Path) -> Result<Vec<Recorded>, String> {
    let path = folder.join("manifest.json");
    let failed = |path: &Path, error: &dyn std::fmt::Display| format!("`{}`: {error}", path.display());
    let text = std::fs::read(&path).map_err(|error| failed(&path, &error))?;
    let mut manifest: Manifest = serde_json::from_slice(&text).map_err(|error| failed(&path, &error))?;
    manifest.files.sort_by_key(|entry| entry.order);
    manifest
        .files
        .into_iter()
        .map(|entry| {
            // A manifest names files of its own folder only.
            if entry.file.contains(['/', '\\']) || entry.file == ".." {
                return Err(failed(&path, &format!("file name `{}` has a path", entry.file)));
            }
            let file = folder.join(&entry.file);
            let stored = std::fs::read(&file).map_err(|error| failed(&file, &error))?;
            let body = match entry.stored.as_deref() {
                Some("zstd") => zstd::decode_all(&stored[..]).map_err(|error| failed(&file, &error))?,
                _ => stored,
            };
            let headers = entry.headers.unwrap_or_default();
            Ok(Recorded {
                transport: match entry.transport.as_str() {
                    "http/1.1" => Transport::Http1,
                    "grpc" => Transport::Grpc,
                    _ => Transport::Other,
                },
                protocol: entry.protocol.unwrap_or_default(),
                signal: entry.signal,
                method: entry.method.unwrap_or_else(|| "POST".to_owned()),
                path: entry.path.unwrap_or_default(),
                headers: headers.into_iter().filter(|(name, _)| !name.starts_with(':')).collect(),
                body,
                incomplete: entry.incomplete.unwrap_or(false),
            })
        })
        .collect()
}
