//! Starting a server on free ports in a folder of its own.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;
use server::config::{Config, Raw};
use server::wiring::Server;
use server::wiring::listen::Listener;
use tempfile::TempDir;

use crate::client::{self, Reply};

/// A server and its folder.
pub struct Running {
    server: Server,
    folder: TempDir,
}

/// A valid configuration with free ports in `folder`, changed by `toml`.
pub fn config(folder: &Path, toml: &str) -> Config {
    let mut raw = Raw::default();
    raw.set_flag("server", "data_dir", "--data", folder.join("data").display().to_string());
    for listener in Listener::ALL {
        raw.set_flag("listen", listener.key(), "--listen", "0".to_owned());
    }
    // The disk of whoever runs the tests may be nearly full.
    raw.set_flag("disk", "free_ratio_min", "--test", "0".to_owned());
    raw.set_flag("disk", "free_min", "--test", "0".to_owned());
    raw.read_file("test.toml", toml).expect("known keys");
    Config::validate(&raw).expect("valid values")
}

/// Starts a server and waits until it is ready.
pub async fn start(toml: &str) -> Running {
    start_in(tempfile::tempdir().expect("a folder"), toml).await
}

/// The same in a folder that a server had before.
pub async fn start_in(folder: TempDir, toml: &str) -> Running {
    let mut server = Server::start(config(folder.path(), toml)).await.expect("starts");
    server.ready().await.expect("opens its store");
    Running { server, folder }
}

impl Running {
    pub fn address(&self, listener: Listener) -> SocketAddr {
        self.server.addresses()[&listener]
    }

    pub fn server(&self) -> &Server {
        &self.server
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops well and gives the folder for another start.
    pub async fn stop(self) -> TempDir {
        self.server.stop().await.expect("stops well");
        self.folder
    }

    pub async fn get(&self, listener: Listener, path: &str) -> Reply {
        client::http(self.address(listener), "GET", path, &[], b"").await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        client::http(self.address(Listener::OtlpHttp), "POST", path, headers, body).await
    }

    pub async fn stages(&self) -> Value {
        let reply = self.get(Listener::Main, "/api/v1/stages").await;
        serde_json::from_slice(&reply.body).expect("JSON")
    }

    /// The account of traces.
    pub async fn account(&self) -> Value {
        self.stages().await["signals"]["traces"].clone()
    }

    pub async fn flush(&self) -> Value {
        let reply = client::http(self.address(Listener::Main), "POST", "/api/v1/flush", &[], b"").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        serde_json::from_slice(&reply.body).expect("JSON")
    }

    /// Names of the spans under a trace id, sorted, as Tempo clients read them.
    pub async fn span_names(&self, trace_id: &str) -> Vec<String> {
        let reply = self.get(Listener::Tempo, &format!("/api/v2/traces/{trace_id}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let body: Value = serde_json::from_slice(&reply.body).expect("JSON");
        let mut names = Vec::new();
        let empty = Vec::new();
        for resource in body["trace"]["resourceSpans"].as_array().unwrap_or(&empty) {
            for scope in resource["scopeSpans"].as_array().unwrap_or(&empty) {
                for span in scope["spans"].as_array().unwrap_or(&empty) {
                    names.push(span["name"].as_str().unwrap_or_default().to_owned());
                }
            }
        }
        names.sort();
        names
    }
}
