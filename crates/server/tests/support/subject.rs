//! Whom the conformance cases are put to: anything that takes OTLP and answers HTTP.
//!
//! In: OTLP/protobuf bodies to load and requests to ask. Out: status, headers and body. [`InProcess`] is the
//! routers over spans in memory; [`RealServer`] is a process with its sockets, log and tables. The cases do not know which.

use std::cell::Cell;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use model::TenantId;
use query::memory::MemorySource;
use server::api::{jaeger, tempo};
use stdx::clock::SystemClock;
use tower::ServiceExt;

use crate::connection::Connection;
use crate::otlp_bodies;
use crate::process::Process;

/// Which listener is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    Jaeger,
    Tempo,
}

/// A request of a case.
#[derive(Debug, Clone)]
pub struct Question {
    pub method: String,
    pub path_and_query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Question {
    pub fn get(path_and_query: impl Into<String>) -> Self {
        Self {
            method: "GET".to_owned(),
            path_and_query: path_and_query.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }
}

/// What came back; names of headers in lower case.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A server without spans at first.
pub trait Subject {
    /// Stores the spans of `ExportTraceServiceRequest`s, in order; they are found afterwards.
    fn load(&mut self, bodies: &[Vec<u8>]);
    /// Asks one question.
    fn ask(&self, listener: Listener, question: &Question) -> Answer;
}

/// The routers over spans in memory.
pub struct InProcess {
    runtime: tokio::runtime::Runtime,
    source: Arc<MemorySource>,
    jaeger: Router,
    tempo: Router,
}

impl InProcess {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let source = Arc::new(MemorySource::new());
        let settings = jaeger::Settings {
            tenant: TenantId::single(),
            clock: Arc::new(SystemClock::new()),
            read_otlp_json: Arc::new(otlp_bodies::spans_of_json),
        };
        let jaeger = jaeger::router(source.clone(), settings);
        let tempo = tempo::router(source.clone(), TenantId::single());
        Self { runtime, source, jaeger, tempo }
    }
}

impl Subject for InProcess {
    fn load(&mut self, bodies: &[Vec<u8>]) {
        for body in bodies {
            self.source.add(&TenantId::single(), otlp_bodies::spans_of_protobuf(body).expect("protobuf"));
        }
    }

    fn ask(&self, listener: Listener, question: &Question) -> Answer {
        let router = match listener {
            Listener::Jaeger => self.jaeger.clone(),
            Listener::Tempo => self.tempo.clone(),
        };
        let mut request =
            Request::builder().method(question.method.as_str()).uri(escaped(&question.path_and_query));
        for (name, value) in &question.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(question.body.clone())).expect("a request");
        self.runtime.block_on(async {
            let response = router.oneshot(request).await.expect("routers do not fail");
            let headers = response
                .headers()
                .iter()
                .map(|(name, value)| {
                    (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                })
                .collect();
            let status = response.status().as_u16();
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a whole body");
            Answer { status, headers, body: body.to_vec() }
        })
    }
}

/// Where the real server has the spans when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// In its buffer, as they were sent.
    Buffer,
    /// In its tables, merged.
    Tables,
    /// Each trace's spans shuffled over several requests, the first half of these in its tables, the rest in its buffer.
    Shuffled,
}

/// The real server, a process of its own.
pub struct RealServer {
    process: Process,
    state: State,
    /// Whether something was loaded that is not in the tables yet.
    is_fresh: Cell<bool>,
    _folder: tempfile::TempDir,
}

impl RealServer {
    pub fn new(state: State) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Nothing moves but when it is asked to.
        let never =
            [("FLUSH_INTERVAL", "24h"), ("FLUSH_SMALL_INTERVAL", "24h"), ("COMPACTION_FILES", "1000")];
        let process = Process::start(&folder.path().join("data"), &never);
        Self { process, state, is_fresh: Cell::new(false), _folder: folder }
    }

    fn connect(&self, listener: &str) -> Connection {
        Connection::open(self.process.address(listener)).expect("connects")
    }

    fn send(&self, bodies: &[Vec<u8>]) {
        let mut connection = self.connect("otlp-http");
        for body in bodies {
            assert_eq!(connection.post("/v1/traces", body).expect("an answer"), 200);
        }
    }

    fn tell(&self, path: &str) {
        let reply = self.connect("main").ask("POST", path, &[], b"").expect("an answer");
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    }
}

impl Subject for RealServer {
    fn load(&mut self, bodies: &[Vec<u8>]) {
        if self.state == State::Shuffled {
            let bodies = otlp_bodies::scattered(bodies).expect("protobuf");
            let (first, rest) = bodies.split_at(bodies.len().div_ceil(2));
            self.send(first);
            self.tell("/api/v1/flush");
            self.send(rest);
        } else {
            self.send(bodies);
            self.is_fresh.set(true);
        }
    }

    fn ask(&self, listener: Listener, question: &Question) -> Answer {
        if self.state == State::Tables && self.is_fresh.take() {
            self.tell("/api/v1/flush");
            self.tell("/api/v1/compact");
        }
        let mut connection = self.connect(match listener {
            Listener::Jaeger => "jaeger",
            Listener::Tempo => "tempo",
        });
        let headers: Vec<(&str, &str)> =
            question.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let path = escaped(&question.path_and_query);
        let reply = connection.ask(&question.method, &path, &headers, &question.body).expect("an answer");
        Answer { status: reply.status, headers: reply.headers, body: reply.body }
    }
}

/// What Go's client lets through but a URI may not hold.
fn escaped(path_and_query: &str) -> String {
    let mut out = String::new();
    for byte in path_and_query.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>^`{|}".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
