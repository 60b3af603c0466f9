//! Disks that fill up: writers hear 503 and when to come again, reads go on, and everything goes on once there is space.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::connection::{Connection, Reply};
use crate::process::{Process, serve};
use crate::requests::{SPANS, body, trace_id};

const MIB: u64 = 1 << 20;
/// A server that does not change its mind within this is broken.
const PATIENCE: Duration = Duration::from_secs(60);

struct Client {
    process: Process,
    next: u64,
    acknowledged: Vec<u64>,
}

impl Client {
    fn new(process: Process) -> Self {
        Self { process, next: 0, acknowledged: Vec::new() }
    }

    fn connect(&self, listener: &str) -> Connection {
        Connection::open(self.process.address(listener)).expect("connects")
    }

    fn send(&mut self) -> Reply {
        let headers = [("content-type", "application/x-protobuf")];
        let request = self.next;
        self.next += 1;
        let mut sender = self.connect("otlp-http");
        let reply = sender.ask("POST", "/v1/traces", &headers, &body(request)).expect("an answer");
        match reply.status {
            200 => self.acknowledged.push(request),
            503 => assert!(reply.header("retry-after").is_some(), "{reply:?}"),
            status => panic!("{status}: {}", reply.text()),
        }
        reply
    }

    /// Sends until the answer is `status`.
    fn send_until(&mut self, status: u16) -> Reply {
        let begun = Instant::now();
        loop {
            let reply = self.send();
            if reply.status == status {
                return reply;
            }
            assert!(begun.elapsed() < PATIENCE, "still {}: {}", reply.status, reply.text());
        }
    }

    /// Everything that was acknowledged is read, once.
    fn check_reads(&self) {
        let spans = self.acknowledged.len() * SPANS;
        let counted = self.connect("main").sql("SELECT count(*) AS n FROM spans").expect("reads go on");
        let (_, stages) = self.connect("main").get("/api/v1/stages").expect("an answer");
        let stages = String::from_utf8_lossy(&stages).into_owned();
        assert_eq!(counted, serde_json::json!([{ "n": spans }]), "{stages}");
        let last = *self.acknowledged.last().expect("something was sent");
        let path = format!("/api/v2/traces/{}", trace_id(last));
        let (status, trace) = self.connect("tempo").get(&path).expect("an answer");
        assert_eq!(status, 200);
        assert_eq!(String::from_utf8_lossy(&trace).matches("\"spanId\"").count(), SPANS);
    }

    fn flush(&self) -> u16 {
        self.connect("main").ask("POST", "/api/v1/flush", &[], b"").expect("an answer").status
    }
}

/// Free bytes of the disk of a folder.
fn free(folder: &Path) -> u64 {
    let stat = rustix::fs::statvfs(folder).expect("a disk tells");
    stat.f_bavail * stat.f_frsize
}

fn fill(path: &Path, bytes: u64) {
    let file = std::fs::File::create(path).expect("a file");
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes).expect("space");
}

#[test]
fn writers_wait_while_too_little_is_free() {
    // In memory, where others do not fill or free much.
    let shared = Path::new("/dev/shm");
    let parent =
        if shared.is_dir() && free(shared) > 512 * MIB { shared.to_owned() } else { std::env::temp_dir() };
    let folder = tempfile::tempdir_in(&parent).expect("a folder");
    let needed = (free(folder.path()) - 128 * MIB).to_string();
    let process =
        Process::start(&folder.path().join("data"), &[("DISK_FREE_MIN", &needed), ("WAL_FILE_SIZE", "1MiB")]);
    let mut client = Client::new(process);
    client.send_until(200);
    let ballast = folder.path().join("ballast");
    fill(&ballast, 160 * MIB);
    let refused = client.send_until(503);
    assert_eq!(refused.header("retry-after"), Some("10"), "{refused:?}");
    assert!(refused.text().contains("of the disk are free"), "{}", refused.text());
    client.check_reads();
    // What is acknowledged can still come into the tables.
    assert_eq!(client.flush(), 200);
    client.check_reads();
    std::fs::remove_file(&ballast).expect("is there");
    client.send_until(200);
    client.check_reads();
    let (_, stages) = client.connect("main").get("/api/v1/stages").expect("an answer");
    let stages: serde_json::Value = serde_json::from_slice(&stages).expect("JSON");
    assert!(stages["refused_requests"]["traces"]["disk_full"].as_u64() > Some(0), "{stages}");
    client.process.stop();
}

#[test]
fn a_disk_that_is_really_full_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).expect("a folder");
    // A small disk of its own, which only the server sees; half of it is taken away at first.
    let script = "mount -t tmpfs -o size=24m tmpfs \"$0\" || exit 77; head -c 10485760 /dev/zero > \"$0/ballast\"; exec \"$@\"";
    let may_mount = |user: bool| {
        let mut unshare = Command::new("unshare");
        unshare.arg("--mount").args(user.then_some("--map-root-user"));
        unshare.args(["sh", "-c", script]).arg(&disk);
        unshare
    };
    let allowed = |user| may_mount(user).arg("true").output().is_ok_and(|output| output.status.success());
    let Some(user) = [false, true].into_iter().find(|user| allowed(*user)) else {
        eprintln!("not run: this machine forbids mounting a small disk");
        return;
    };
    let data = disk.join("data");
    let server = serve(&data);
    let mut command = may_mount(user);
    command.arg(server.get_program()).args(server.get_args());
    let settings =
        [("WAL_FILE_SIZE", "1MiB"), ("FLUSH_INTERVAL", "100ms"), ("FLUSH_SMALL_INTERVAL", "100ms")];
    let mut client = Client::new(Process::start_by(command, &data, &settings));
    client.send_until(200);
    let refused = client.send_until(503);
    eprintln!("after {} requests: {}", client.acknowledged.len(), refused.text());
    client.check_reads();
    for _ in 0..50 {
        client.send();
    }
    client.check_reads();
    let seen = PathBuf::from(format!("/proc/{}/root{}", client.process.id(), disk.display()));
    std::fs::remove_file(seen.join("ballast")).expect("the server's disk is seen from here");
    client.send_until(200);
    client.check_reads();
    let begun = Instant::now();
    while client.flush() != 200 {
        assert!(begun.elapsed() < PATIENCE, "no flush after space came back");
    }
    client.check_reads();
    client.process.stop();
}
