//! The real binary as a child: started on free ports, asked through its sockets, killed or stopped.
//!
//! In: a data folder and settings. Out: addresses, memory, an end. A child never outlives its test: it is killed when its
//! owner is dropped, from its first moment on, and by the kernel when the test itself is killed, where `setpriv` can ask for
//! that.

use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

/// Free ports and a form of log that is read here; the disk of whoever runs the tests may be nearly full.
const SETTINGS: &[(&str, &str)] = &[
    ("LOG_FORMAT", "json"),
    ("LOG_LEVEL", "warn,server=info,buoyant_kernel=error"),
    ("DISK_FREE_RATIO_MIN", "0"),
    ("DISK_FREE_MIN", "0"),
    ("LISTEN_MAIN", "0"),
    ("LISTEN_OTLP_HTTP", "0"),
    ("LISTEN_OTLP_GRPC", "0"),
    ("LISTEN_JAEGER", "0"),
    ("LISTEN_TEMPO", "0"),
];

/// A server from its first moment on.
pub struct Process {
    child: Child,
    data: PathBuf,
    addresses: serde_json::Value,
    errors: Arc<Mutex<Vec<String>>>,
}

impl Process {
    /// Starts a server on `data` and waits until it is ready. `settings` are variables without `THROUGHLINE_`.
    ///
    /// # Panics
    /// When it logs an error or ends before.
    pub fn start(data: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start_by(serve(data), data, settings)
    }

    /// The same by a command that becomes `throughline serve --data DATA` in the end.
    pub fn start_by(command: Command, data: &Path, settings: &[(&str, &str)]) -> Self {
        let mut process = Self::spawn(command, data, settings, Stdio::piped());
        let stderr = process.child.stderr.take().expect("is piped");
        process.wait_until_ready(BufReader::new(stderr).lines());
        process
    }

    /// Starts a server and does not wait; what it logs is not read.
    pub fn begin(data: &Path, settings: &[(&str, &str)]) -> Self {
        Self::spawn(serve(data), data, settings, Stdio::null())
    }

    fn spawn(mut command: Command, data: &Path, settings: &[(&str, &str)], stderr: Stdio) -> Self {
        for (name, value) in SETTINGS.iter().chain(settings) {
            command.env(format!("THROUGHLINE_{name}"), value);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        let child = command.spawn().expect("starts");
        // From here on a panic kills it.
        Self { child, data: data.to_owned(), addresses: serde_json::Value::Null, errors: Arc::default() }
    }

    fn wait_until_ready(&mut self, mut lines: Lines<BufReader<ChildStderr>>) {
        loop {
            let line = lines.next().expect("the server ended before it was ready").expect("text");
            let told: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
            match (told["level"].as_str(), told["message"].as_str()) {
                (_, Some("ready")) => break,
                (Some("ERROR"), _) => panic!("{line}"),
                _ => {}
            }
        }
        // The rest is read so that the pipe never fills.
        let errors = Arc::clone(&self.errors);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok).filter(|line| line.contains("\"ERROR\"")) {
                eprintln!("{line}");
                errors.lock().expect("no panics").push(line);
            }
        });
        let folder = PathBuf::from(format!("/proc/{}/root{}", self.child.id(), self.data.display()));
        let text = std::fs::read(folder.join("listeners.json"))
            .or_else(|_| std::fs::read(self.data.join("listeners.json")))
            .expect("is there while it runs");
        self.addresses = serde_json::from_slice(&text).expect("JSON");
    }

    /// Where a listener is bound.
    pub fn address(&self, listener: &str) -> SocketAddr {
        self.addresses[listener].as_str().and_then(|text| text.parse().ok()).expect("is bound")
    }

    /// Errors that it has logged since it was ready, now and later.
    pub fn errors(&self) -> Arc<Mutex<Vec<String>>> {
        Arc::clone(&self.errors)
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most resident memory that there ever was, in bytes.
    pub fn peak_bytes(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }

    /// Whether the process is gone by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("is our child").is_some()
    }

    /// Waits for its own end.
    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("is our child")
    }

    /// kill -9.
    pub fn kill(mut self) {
        assert!(!self.has_ended(), "the server ended by itself");
        // The drop does it.
    }

    /// SIGTERM; the exit code must be 0.
    pub fn stop(self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("is our child");
        assert_eq!(self.wait().code(), Some(0));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// `throughline serve` on a folder, ended by the kernel when the thread that starts it ends.
pub fn serve(data: &Path) -> Command {
    let binary = env!("CARGO_BIN_EXE_throughline");
    let setpriv = Path::new("/usr/bin/setpriv");
    let mut command = if setpriv.exists() {
        let mut command = Command::new(setpriv);
        command.args(["--pdeathsig", "KILL", binary]);
        command
    } else {
        Command::new(binary)
    };
    command.args(["serve", "--data"]).arg(data);
    command
}
