//! The one facade over log, buffer, segments and catalog.
//!
//! In: requests as received ([`Store::append`]), questions for a consistent view ([`Store::snapshot`]), followers of the stream
//! ([`Store::tail`]). Out: receipts that hold through kill -9 and power cut, immutable snapshots, every accepted batch in
//! order. It runs the background work: flush rounds, compaction, retention, recovery. It opens no socket and reads no
//! environment; clock, folder, object store and free disk space are handed in, so that a simulator owns them.
//!
//! The path of a request: [`append`] decodes it and waits for [`log_writer`], which makes a group of requests durable and
//! enters them into the buffer ([`live`]); [`flush`] makes tables of the buffer; [`files`] is what readers prune with;
//! [`compact`] and [`expire`] keep the tables small; `follow` sees what others did to them; [`recover`] puts all of it together after a stop of any kind.

pub mod account;
pub mod append;
pub mod compact;
pub mod derived;
pub mod error;
pub mod expire;
pub mod files;
pub mod flush;
mod follow;
mod jobs;
pub mod live;
mod log_writer;
pub mod options;
mod partition;
pub mod recover;
mod retries;
mod round;
pub mod snapshot;
pub mod tail;
mod upload;

pub use account::{Amounts, Outcome};
pub use append::{AppendError, Receipt, Request};
pub use derived::{DerivedRows, DerivedTable, Deriver, Start};
pub use error::Error;
pub use files::{FileSet, SpanFile, TableFile};
pub use options::{Durability, Options, Places};
pub use partition::day_of;
pub use recover::{Recovery, open, open_read_only, open_with};
pub use snapshot::Snapshot;
pub use tail::{Tail, TailBatch, TailEvent};

use std::sync::Arc;

use model::TenantId;

/// A running store. Cheap to clone; the background work ends with [`Store::shut_down`].
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) inner: Arc<live::Inner>,
}

impl Store {
    /// A consistent view of buffer and tables: no row twice, no half of a round (I6).
    pub fn snapshot(&self) -> Snapshot {
        self.inner.snapshot()
    }

    /// Follows the accepted batches after `after`, in the order of the log. `name` identifies the follower: what it has not
    /// acknowledged holds back the removal of log files up to a limit.
    pub fn tail(&self, name: &'static str, after: u64) -> Tail {
        Tail::new(Arc::clone(&self.inner), name, after)
    }

    /// Counters of each tenant, signal, outcome and reason since the store was made, and of refusals since the start.
    pub fn amounts(&self) -> Amounts {
        self.inner.amounts()
    }

    /// Counts a request that was refused before it reached the store.
    pub fn count_refused(&self, signal: model::Signal, reason: model::DropReason) {
        self.inner.count_refused(signal, reason);
    }

    /// Makes all that was acknowledged part of the tables and returns the version of each.
    pub async fn flush(&self) -> Result<Vec<(&'static str, i64)>, Error> {
        flush::flush_all(&self.inner).await?;
        Ok(self.versions())
    }

    /// The version of each table.
    pub fn versions(&self) -> Vec<(&'static str, i64)> {
        self.inner.tables().map(|table| (table.name(), table.version())).collect()
    }

    /// Tenants that have rows in the buffer or the tables, sorted.
    pub fn tenants(&self) -> Vec<TenantId> {
        self.snapshot().tenants()
    }

    /// The object store that holds the files of the tables.
    pub fn objects(&self) -> Arc<dyn object_store::ObjectStore> {
        Arc::clone(&self.inner.places.objects)
    }

    /// Bytes in the buffer, in the log, and reserved by requests on their way.
    pub fn memory(&self) -> live::Memory {
        self.inner.memory()
    }

    /// Ends the background work, makes everything part of the tables, syncs the log.
    pub async fn shut_down(&self) -> Result<(), Error> {
        jobs::shut_down(&self.inner).await
    }

    /// Ends the log's thread and the jobs where they are, without flush and without sync, as kill -9 does. For simulators.
    pub async fn abandon(self) {
        jobs::abandon(&self.inner).await;
    }
}
