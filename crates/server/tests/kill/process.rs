//! The real binary as a child.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running server.
pub struct Process {
    child: Child,
    addresses: serde_json::Value,
}

impl Process {
    /// Starts a server that flushes and compacts all the time, and waits until it is ready.
    pub fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_throughline"));
        command.args(["serve", "--data"]).arg(folder.join("data"));
        for listen in ["main=0", "otlp-http=0", "otlp-grpc=off", "jaeger=off", "tempo=off"] {
            command.args(["--listen", listen]);
        }
        for (name, value) in [
            ("LOG_FORMAT", "json"),
            ("LOG_LEVEL", "warn,server=info"),
            ("FLUSH_SIZE", "16KiB"),
            ("FLUSH_INTERVAL", "100ms"),
            ("FLUSH_SMALL_INTERVAL", "100ms"),
            ("COMPACTION_FILES", "4"),
            ("WAL_FILE_SIZE", "1MiB"),
            ("DISK_FREE_RATIO_MIN", "0"),
            ("DISK_FREE_MIN", "0"),
        ] {
            command.env(format!("THROUGHLINE_{name}"), value);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let stderr = child.stderr.take().expect("is piped");
        let mut lines = BufReader::new(stderr).lines();
        loop {
            let line = lines.next().expect("the server ended before it was ready").expect("text");
            let told: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
            match (told["level"].as_str(), told["message"].as_str()) {
                (_, Some("ready")) => break,
                (Some("ERROR"), _) => panic!("{line}"),
                _ => {}
            }
        }
        // The rest is read so that the pipe never fills; errors after a kill would be lost anyway.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if line.contains("\"ERROR\"") {
                    eprintln!("{line}");
                }
            }
        });
        let text = std::fs::read(folder.join("data/listeners.json")).expect("is there while it runs");
        let addresses = serde_json::from_slice(&text).expect("JSON");
        Self { child, addresses }
    }

    /// Where a listener is bound.
    pub fn address(&self, listener: &str) -> SocketAddr {
        self.addresses[listener].as_str().and_then(|text| text.parse().ok()).expect("is bound")
    }

    /// Whether the process is gone by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("is our child").is_some()
    }

    /// kill -9.
    pub fn kill(mut self) {
        assert!(!self.has_ended(), "the server ended by itself");
        // The drop does it.
    }

    /// SIGTERM; the exit code must be 0.
    pub fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("is our child");
        let status = self.child.wait().expect("is our child");
        assert_eq!(status.code(), Some(0));
    }
}

impl Drop for Process {
    /// A test that fails must not leave a server behind.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
