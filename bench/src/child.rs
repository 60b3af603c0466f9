//! The server as a child, and what the kernel and the disk say about it.
//!
//! In: binary, folder, configuration by environment. Out: addresses when it is ready, processor time, memory, bytes written,
//! sizes of its files. It is ended by SIGTERM, or killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;

use crate::Error;
use crate::client::{Address, Connection, Protocol, Reply};

/// A server that does not become ready within this has failed.
const READY_TIMEOUT: Duration = Duration::from_secs(300);

/// Clock ticks a second of `/proc`; Linux has had this number for user space for ever.
const TICKS: f64 = 100.0;

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    data: PathBuf,
    /// Time from the start of the process until it was ready, seconds.
    pub ready_s: f64,
    listeners: Value,
}

/// What the kernel counted of a process so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Processor time in user and kernel mode, seconds.
    pub cpu_s: f64,
    /// Peak of resident memory, bytes.
    pub memory_peak: u64,
    /// Bytes given to write calls; sockets count too, which a server of spans hardly writes to.
    pub written: u64,
}

impl Server {
    /// Starts `binary` on `data` on free ports and waits until it is ready.
    pub fn start(binary: &Path, data: &Path, settings: &[(&str, String)]) -> Result<Self, Error> {
        let listeners_file = data.join("listeners.json");
        let _ = std::fs::remove_file(&listeners_file);
        let mut command = Command::new(binary);
        command.args(["serve", "--data"]).arg(data);
        let listeners = Command::new(binary).args(["serve", "--print-config"]).output()?;
        for name in listener_names(&String::from_utf8_lossy(&listeners.stdout)) {
            command.arg("--listen").arg(format!("{name}=0"));
        }
        // A nearly full disk of whoever measures is not what is measured.
        command.env("THROUGHLINE_DISK_FREE_RATIO_MIN", "0").env("THROUGHLINE_DISK_FREE_MIN", "0");
        command.envs(settings.iter().map(|(name, value)| (*name, value)));
        command.env("THROUGHLINE_LOG_LEVEL", "warn,buoyant_kernel=error");
        let began = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn()?;
        let mut server = Self { child, data: data.to_owned(), ready_s: 0.0, listeners: Value::Null };
        while began.elapsed() < READY_TIMEOUT {
            if let Some(status) = server.child.try_wait()? {
                return Err(format!("the server ended while it started: {status}").into());
            }
            if server.listeners.is_null() {
                let text = std::fs::read(&listeners_file).unwrap_or_default();
                server.listeners = serde_json::from_slice(&text).unwrap_or_default();
            } else if server.get("/readyz").is_ok_and(|reply| reply.status == 200) {
                server.ready_s = began.elapsed().as_secs_f64();
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err("the server did not become ready".into())
    }

    /// Where it takes spans.
    pub fn otlp(&self, protocol: Protocol) -> Result<Address, Error> {
        let name = if protocol == Protocol::Http { "otlp-http" } else { "otlp-grpc" };
        Ok(Address { protocol, authority: self.authority(name)? })
    }

    /// `HOST:PORT` of a listener.
    pub fn authority(&self, name: &str) -> Result<String, Error> {
        let text = self.listeners[name].as_str().ok_or_else(|| format!("no listener `{name}`"))?;
        Ok(text.to_owned())
    }

    /// Asks the main listener.
    pub fn get(&self, path: &str) -> Result<Reply, Error> {
        self.ask("GET", path, Bytes::new())
    }

    /// Asks the main listener with a body.
    pub fn ask(&self, method: &str, path: &str, body: Bytes) -> Result<Reply, Error> {
        let address = Address { protocol: Protocol::Http, authority: self.authority("main")? };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { Connection::open(&address).await?.ask(method, path, body).await })
    }

    /// Makes everything part of the tables.
    pub fn flush(&self) -> Result<(), Error> {
        let reply = self.ask("POST", "/api/v1/flush", Bytes::new())?;
        if reply.status == 200 { Ok(()) } else { Err(format!("flush: status {}", reply.status).into()) }
    }

    /// A statement's rows.
    pub fn sql(&self, statement: &str) -> Result<Value, Error> {
        let body = serde_json::json!({ "sql": statement }).to_string();
        let reply = self.ask("POST", "/api/v1/sql", body.into())?;
        if reply.status != 200 {
            return Err(format!("`{statement}`: {}", String::from_utf8_lossy(&reply.body)).into());
        }
        Ok(serde_json::from_slice(&reply.body)?)
    }

    /// What the kernel counted so far.
    pub fn usage(&self) -> Result<Usage, Error> {
        let folder = format!("/proc/{}", self.child.id());
        let stat = std::fs::read_to_string(format!("{folder}/stat"))?;
        // The name in parentheses may hold anything; the numbers stand behind it.
        let numbers: Vec<&str> =
            stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
        let ticks = |at: usize| numbers.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        let status = std::fs::read_to_string(format!("{folder}/status"))?;
        let io = std::fs::read_to_string(format!("{folder}/io"))?;
        Ok(Usage {
            cpu_s: (ticks(11) + ticks(12)) / TICKS,
            memory_peak: 1024 * number_after(&status, "VmHWM:"),
            written: number_after(&io, "wchar:"),
        })
    }

    /// Ends it as an operator does and waits.
    pub fn stop(mut self) -> Result<(), Error> {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let pid = pid.ok_or("no process id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("the server ended with {status}").into()) }
    }

    /// Kills it in the middle of whatever it does.
    pub fn kill(mut self) -> Result<(), Error> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Its folder.
    pub fn data(&self) -> &Path {
        &self.data
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that was stopped or killed already gives an error, which says nothing new.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Listeners that a configuration names: the keys of its table `listen`, as flags write them.
fn listener_names(config: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in config.lines() {
        let line = line.trim_start_matches(['#', ' ']);
        if line.starts_with('[') {
            inside = line.starts_with("[listen]");
        } else if let (true, Some((key, _))) = (inside, line.split_once(" =")) {
            if key.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_') {
                names.push(key.replace('_', "-"));
            }
        }
    }
    names
}

fn number_after(text: &str, label: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(label));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Files of the tables as their names tell: `FIRST-LAST-lLEVEL-...`, first and last record of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// Where.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    first: u64,
    last: u64,
    /// How often its rows were merged.
    pub level: u32,
}

/// Files of a table that no merged file has replaced. Replaced ones stay on disk for an hour, for other readers.
pub fn live_files(data: &Path, table: &str) -> Result<Vec<DataFile>, Error> {
    let mut files = Vec::new();
    collect(&data.join("tables").join(table), &mut |path, size| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let mut parts = name.split('-');
        let mut number = || parts.next().and_then(|text| text.parse().ok());
        let (Some(first), Some(last)) = (number(), number()) else { return };
        let level = parts.next().and_then(|text| text.strip_prefix('l')?.parse().ok());
        if let (true, Some(level)) = (name.ends_with(".parquet"), level) {
            files.push(DataFile { path: path.to_owned(), size, first, last, level });
        }
    })?;
    let all = files.clone();
    files.retain(|file| {
        let replaces = |other: &DataFile| {
            other.level > file.level && other.first <= file.first && other.last >= file.last
        };
        !all.iter().any(|other| other.path.parent() == file.path.parent() && replaces(other))
    });
    Ok(files)
}

/// Bytes of the tables' live files, of the Delta logs, and of the index of the live files.
pub fn stored_bytes(data: &Path) -> Result<(u64, u64, u64), Error> {
    let (mut files, mut logs, mut index) = (0, 0, 0);
    for table in ["spans", "traces", "ingest"] {
        for file in live_files(data, table)? {
            files += file.size;
            if table == "spans" {
                let stem = file.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                let path = data.join("index").join(format!("{stem}.idx"));
                index += std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
            }
        }
        collect(&data.join("tables").join(table).join("_delta_log"), &mut |_, size| logs += size)?;
    }
    Ok((files, logs, index))
}

/// Calls `each` with every file below `folder`.
fn collect(folder: &Path, each: &mut impl FnMut(&Path, u64)) -> Result<(), Error> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            collect(&entry.path(), each)?;
        } else {
            each(&entry.path(), metadata.len());
        }
    }
    Ok(())
}
