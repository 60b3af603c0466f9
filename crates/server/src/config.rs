//! The configuration: one table of keys, from which come the file's parser, the environment, `--print-config` and the
//! reference page.
//!
//! In: a TOML file, variables `THROUGHLINE_<SECTION>_<KEY>`, flags. Out: a [`Config`] in which every value is within its
//! range. It happens in two steps: [`raw`] gathers texts and remembers where each came from, [`Config::validate`] makes
//! typed values of them. Nothing below this crate reads an environment variable.

pub mod keys;
pub mod nearest;
pub mod page;
pub mod raw;
mod validate;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use keys::{KEYS, Key};
pub use raw::Raw;

use crate::wiring::listen::{Listener, Wish};

/// What is wrong with a configuration; the text names the place and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// A valid configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of log, tables and index.
    pub data_dir: PathBuf,
    /// Address that listeners without one of their own bind.
    pub bind: IpAddr,
    /// What was asked for each listener.
    pub listeners: BTreeMap<Listener, Wish>,
    /// Where the tables lie.
    pub storage: Storage,
    /// Sizes and intervals of the store.
    pub store: store::Options,
    /// What one client may cost.
    pub limits: Limits,
    /// Certificate of the OTLP listeners; `None` means that TLS is not spoken.
    pub tls: Option<TlsFiles>,
    /// Whether plain connections to the OTLP listeners are closed.
    pub tls_required: bool,
    /// Pages from where browsers may send.
    pub cors_origins: Vec<Origin>,
    /// Who owns what is received.
    pub tenancy: Tenancy,
    /// Form of the server's own log.
    pub log: LogConfig,
}

/// Where the tables lie.
#[derive(Debug, Clone, PartialEq)]
pub struct Storage {
    /// A folder or a URL of a bucket; empty for `tables` in the data folder.
    pub location: String,
    /// Options by the names of the object store's library.
    pub options: BTreeMap<String, String>,
    /// How long the right to write in a bucket holds without being renewed.
    pub lease: Duration,
    /// Share of their disk that the tables may fill, from 0 to 1.
    pub retention_disk_share: Option<f64>,
}

/// What one client, and all clients together, may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest decompressed body in bytes.
    pub body_bytes_max: usize,
    /// Most bytes of bodies, as received, of all requests in flight.
    pub in_flight_bytes_max: u64,
    /// Most bytes that bodies may grow to while they are decompressed and decoded at one time.
    pub decoding_bytes_max: u64,
    /// Most open connections.
    pub connections_max: usize,
    /// Time for a request's head, for the first bytes of a connection and for a TLS handshake.
    pub header_timeout: Duration,
    /// Longest pause within a body.
    pub body_idle_timeout: Duration,
    /// Longest time for a whole body.
    pub body_timeout: Duration,
    /// Connections without a request are closed after this.
    pub idle_timeout: Duration,
    /// How long requests may take to end after a stop was asked for.
    pub drain_timeout: Duration,
}

/// Files of a certificate in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, own certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Pages from where browsers may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `localhost`, `127.0.0.0/8` and `::1` at any port.
    Loopback,
    /// Every page.
    Any,
    /// This one, as browsers write it: `https://shop.example`.
    Exact(String),
}

/// Who owns what is received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenancy {
    /// Whether `X-Scope-OrgID` is read.
    pub enabled: bool,
    /// Most tenants.
    pub tenants_max: usize,
}

/// Form of the server's own log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// Whether a line is a JSON object.
    pub json: bool,
    /// Which lines are written, in the directives of the `tracing` ecosystem.
    pub level: String,
}
