//! What a store is told at its start: sizes, intervals, places, the right to write. No defaults from the environment; the server's configuration
//! decides each.

use std::sync::Arc;

use catalog::objects::Lease;
use object_store::ObjectStore;
use object_store::path::Path;
use stdx::{Clock, Dir};
use url::Url;

/// When a request is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// After its record is synced to disk: survives a power cut.
    Synced,
    /// After its record is written; a sync follows within this many nanoseconds: survives kill -9, a power cut loses that much.
    Interval(u64),
    /// After its record is written; the operating system syncs when it likes.
    None,
}

/// Sizes and intervals. All bytes are bytes, all times nanoseconds.
#[derive(Debug, Clone)]
pub struct Options {
    /// When a request is acknowledged.
    pub durability: Durability,
    /// Sizes of the log.
    pub log: wal::Options,
    /// Caps on what one request may cost.
    pub limits: decode::Limits,
    /// Most bytes in buffer and in requests on their way to it; over it senders are asked to come again.
    pub buffer_bytes_max: u64,
    /// A flush round begins when so many bytes of requests wait.
    pub flush_bytes: u64,
    /// A flush round begins when the oldest waiting request is this old.
    pub flush_interval_ns: u64,
    /// The same while fewer than `flush_small_bytes` wait.
    pub flush_interval_small_ns: u64,
    /// See `flush_interval_small_ns`.
    pub flush_small_bytes: u64,
    /// How long a request is remembered to recognise its retry.
    pub retry_window_ns: u64,
    /// So many files of one level, tenant and day are merged.
    pub compact_files: usize,
    /// A merged file grows to about this size.
    pub compact_bytes_max: u64,
    /// Rows older than this are dropped with their whole day; zero keeps everything.
    pub retention_age_ns: u64,
    /// Tables are kept below this many bytes by dropping the oldest days; zero means no limit.
    pub retention_bytes: u64,
    /// How long removed files stay for other engines.
    pub vacuum_keep_ns: u64,
    /// Time between two looks at retention and vacuum.
    pub expire_interval_ns: u64,
    /// Commits of a table from one checkpoint of its log to the next.
    pub checkpoint_commits: i64,
    /// The right to write, where other nodes could; once it is lost for good, requests are refused.
    pub lease: Option<Arc<Lease>>,
    /// Log bytes that slow followers may hold back; beyond it the oldest go and the follower is told.
    pub log_held_bytes_max: u64,
    /// Writers are refused when less than this share of the disk is free.
    pub free_disk_ratio_min: f64,
    /// Writers are refused when less than this many bytes of the disk are free.
    pub free_disk_bytes_min: u64,
    /// Whether jobs run by themselves; a simulator calls them instead.
    pub background: bool,
}

impl Options {
    /// The values of the configuration reference.
    pub fn standard() -> Self {
        const MINUTE: u64 = 60 * 1_000_000_000;
        Self {
            durability: Durability::Synced,
            log: wal::Options { file_bytes: 64 << 20, record_bytes_max: 80 << 20 },
            limits: decode::Limits::default(),
            buffer_bytes_max: 256 << 20,
            flush_bytes: 128 << 20,
            flush_interval_ns: MINUTE,
            flush_interval_small_ns: 5 * MINUTE,
            flush_small_bytes: 1 << 20,
            retry_window_ns: 10 * MINUTE,
            compact_files: 8,
            compact_bytes_max: 1 << 30,
            retention_age_ns: 30 * 24 * 60 * MINUTE,
            retention_bytes: 0,
            vacuum_keep_ns: 60 * MINUTE,
            expire_interval_ns: 5 * MINUTE,
            checkpoint_commits: 50,
            lease: None,
            log_held_bytes_max: 1 << 30,
            free_disk_ratio_min: 0.05,
            free_disk_bytes_min: 1 << 30,
            background: true,
        }
    }
}

/// Free and total bytes of the disk that holds the log; `None` when that cannot be known.
pub type FreeDisk = Arc<dyn Fn() -> Option<(u64, u64)> + Send + Sync>;

/// Where things lie.
#[derive(Clone)]
pub struct Places {
    /// Folder of the log.
    pub log: Arc<dyn Dir>,
    /// Folder of the index files, always local.
    pub index: Arc<dyn Dir>,
    /// Store of the tables' files.
    pub objects: Arc<dyn ObjectStore>,
    /// Path of the tables' folder within that store.
    pub tables: Path,
    /// The same as a URL, for the Delta library.
    pub tables_url: Url,
    /// Name of this node in Delta transactions; stays the same over restarts.
    pub node: String,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Space.
    pub free_disk: FreeDisk,
    /// Random number for the log's salts, new at each start.
    pub salt: u64,
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Places").field("tables", &self.tables_url).finish_non_exhaustive()
    }
}
