//! SQL over one snapshot of one tenant: the tables and views that everybody may ask.
//!
//! In: a tenant, a text, limits. Out: a stream of batches and what the question cost. A session is made for each question over one
//! store snapshot, so nothing is seen twice and nothing changes while it runs; dropping the stream ends the work. Only questions are
//! taken: statements that write, set options or read files are refused before they are planned ([`statement`]).
//!
//! The path of a question: [`session`] registers tables ([`table`]) and views, [`wanted`] finds in its filters what files and row
//! groups can be left out, [`reader`] reads the rest, [`stream`] keeps the limits. [`put_back`] gives attributes as sent,
//! [`functions`] what JSON texts and ids need, [`traces`] the parts of traces as one row each.
//!
//! A span that was sent twice in different requests is seen once: the buffer names the traces that may hold copies, and only their rows
//! are compared before a scan ([`table`]). A copy of a span that left the buffer before the last round shows until its own flush.

mod functions;
mod put_back;
mod reader;
mod session;
mod statement;
mod stream;
mod table;
mod traces;
mod wanted;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool};
use model::TenantId;
use stdx::Kind;

pub use stream::{Cost, SqlStream};

use crate::Engine;

/// Memory of all questions together, and where they spill. Cheap to clone; clones share the memory.
#[derive(Debug, Clone)]
pub struct Workspace {
    pool: Arc<dyn MemoryPool>,
    spill: Option<PathBuf>,
    spill_bytes_max: u64,
}

impl Workspace {
    /// `memory_bytes_max` for sorts, joins and aggregates of all questions together; beyond it they write into `spill_folder`, at most
    /// `spill_bytes_max` a question. Without a folder a question that needs more fails.
    pub fn new(memory_bytes_max: usize, spill_folder: Option<PathBuf>, spill_bytes_max: u64) -> Self {
        Self { pool: Arc::new(FairSpillPool::new(memory_bytes_max)), spill: spill_folder, spill_bytes_max }
    }
}

/// What one question may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Rows of an answer at most; one more is an error.
    pub rows_max: usize,
    /// How long planning and answering may take together.
    pub duration_max: Duration,
    /// Shared memory.
    pub workspace: Workspace,
}

impl Limits {
    /// A million rows, five minutes, 512 MB, 8 GB of spilled data.
    pub fn standard(spill_folder: Option<PathBuf>) -> Self {
        Self {
            rows_max: 1_000_000,
            duration_max: Duration::from_secs(300),
            workspace: Workspace::new(512_000_000, spill_folder, 8_000_000_000),
        }
    }
}

/// Why a question was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SqlError {
    /// What sort of failure.
    pub kind: Kind,
    /// The cause.
    pub message: String,
    /// What to do about it; empty when there is nothing to say.
    pub remedy: &'static str,
}

impl SqlError {
    fn new(kind: Kind, message: impl Into<String>, remedy: &'static str) -> Self {
        Self { kind, message: message.into(), remedy }
    }
}

impl From<DataFusionError> for SqlError {
    fn from(error: DataFusionError) -> Self {
        use DataFusionError as E;
        let message = error.strip_backtrace();
        if let E::External(inner) = error.find_root()
            && let Some(own) = inner.downcast_ref::<SqlError>()
        {
            return own.clone();
        }
        // Several mistakes in one text are of one sort.
        let root = match error.find_root() {
            E::Collection(all) => all.first().map_or(&error, E::find_root),
            root => root,
        };
        match root {
            E::ResourcesExhausted(_) => Self::new(
                Kind::LimitExceeded,
                message,
                "ask for fewer columns or a smaller time range, or aggregate more",
            ),
            E::SQL(..)
            | E::Plan(_)
            | E::SchemaError(..)
            | E::Execution(_)
            | E::ArrowError(..)
            | E::Configuration(_) => Self::new(
                Kind::InvalidInput,
                message,
                "`SHOW TABLES` and `DESCRIBE spans` list what there is",
            ),
            E::NotImplemented(_) => Self::new(Kind::Unsupported, message, ""),
            E::ObjectStore(_) | E::IoError(_) | E::ParquetError(_) | E::External(_) => {
                Self::new(Kind::Unavailable, message, "ask again; the server's log names the file")
            }
            _ => Self::new(Kind::Internal, message, ""),
        }
    }
}

impl Engine {
    /// Answers a question in SQL over what is stored for the tenant at this moment.
    ///
    /// # Errors
    /// When the text is no question, names what does not exist, or cannot be planned in time. Later failures and
    /// limits come as the last item of the stream.
    pub async fn sql(&self, tenant: &TenantId, text: &str, limits: &Limits) -> Result<SqlStream, SqlError> {
        let started = std::time::Instant::now();
        let statement = statement::only_questions(text)?;
        let planned = session::plan(self.view(), tenant, statement, limits);
        match tokio::time::timeout(limits.duration_max, planned).await {
            Ok(planned) => Ok(SqlStream::new(planned?, limits, started)),
            Err(_) => Err(stream::too_slow(limits.duration_max)),
        }
    }
}
