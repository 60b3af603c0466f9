//! The background work of an open store: the log's thread, rounds when they are due, compaction and expiry behind them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use wal::Wal;

use crate::error::Error;
use crate::live::Inner;
use crate::log_writer::{self, Entry, Job};
use crate::options::Durability;
use crate::{compact, expire, flush};

/// How often ages are looked at.
const TICK: Duration = Duration::from_millis(500);
/// Wait after a failed round.
const RETRY: Duration = Duration::from_secs(2);

/// Starts the log's thread and, if wanted, the jobs.
pub(crate) fn start(inner: &Arc<Inner>, wal: Wal, jobs: mpsc::Receiver<Job>) {
    let owner = Arc::clone(inner);
    let thread = std::thread::Builder::new().name("log".to_owned());
    if let Err(error) = thread.spawn(move || log_writer::run(&owner, wal, jobs)) {
        // Without its thread every append answers that the server is stopping.
        tracing::error!(%error, "the log's thread could not be started");
    }
    if let Durability::Interval(every) = inner.options.durability {
        // Not among the tasks: nobody has to wait for its pause when the store ends.
        tokio::spawn(run_syncs(Arc::downgrade(inner), Duration::from_nanos(every)));
    }
    if inner.options.background {
        let tasks =
            [tokio::spawn(run_rounds(Arc::clone(inner))), tokio::spawn(run_maintenance(Arc::clone(inner)))];
        inner.tasks.lock().extend(tasks);
    }
}

/// Syncs what nobody wrote after: without it the last requests before a pause would wait for the next one.
async fn run_syncs(inner: Weak<Inner>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let Some(inner) = inner.upgrade().filter(|inner| !inner.stopping.load(Ordering::Relaxed)) else {
            return;
        };
        if inner.unsynced.load(Ordering::Relaxed)
            && inner.jobs().send(Job { entry: Entry::Sync(None), reply: None }).await.is_err()
        {
            return;
        }
    }
}

/// Rounds when they are due.
async fn run_rounds(inner: Arc<Inner>) {
    while !inner.stopping.load(Ordering::Relaxed) {
        tokio::select! {
            () = inner.wake.notified() => {}
            () = tokio::time::sleep(TICK) => {}
        }
        if !flush::is_due(&inner) {
            continue;
        }
        if let Err(error) = flush::run_round(&inner).await {
            tracing::error!(error = %error.chain(), "a flush round failed and will be tried again");
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// Merges when there is something to merge, retention and vacuum every few minutes. Apart from the rounds, because
/// merging large files takes longer than the buffer can wait.
async fn run_maintenance(inner: Arc<Inner>) {
    let every = inner.options.expire_interval_ns;
    let mut looked = inner.places.clock.monotonic_nano();
    while !inner.stopping.load(Ordering::Relaxed) {
        tokio::time::sleep(TICK).await;
        if let Err(error) = compact::run_due(&inner).await {
            tracing::error!(error = %error.chain(), "compaction failed and will be tried again");
            tokio::time::sleep(RETRY).await;
        }
        let now = inner.places.clock.monotonic_nano();
        if now.saturating_sub(looked) < every {
            continue;
        }
        looked = now;
        if let Err(error) = expire::run_due(&inner).await {
            tracing::error!(error = %error.chain(), "retention failed and will be tried again");
        }
    }
}

/// Ends the jobs, flushes, ends the log's thread with a last sync.
pub(crate) async fn shut_down(inner: &Arc<Inner>) -> Result<(), Error> {
    if inner.stopping.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    inner.wake.notify_one();
    let tasks = std::mem::take(&mut *inner.tasks.lock());
    for task in tasks {
        task.await.map_err(|error| Error::Task(error.to_string()))?;
    }
    let flushed = flush::flush_all(inner).await;
    inner.ended.store(true, Ordering::SeqCst);
    let (reply, ended) = oneshot::channel();
    if inner.jobs().send(Job { entry: Entry::Stop(reply), reply: None }).await.is_ok()
        && let Ok(synced) = ended.await
    {
        synced?;
    }
    // Followers wake, see that the store is stopping, and end.
    inner.applied.send_modify(|_| {});
    flushed
}

/// Ends everything without flush and sync.
pub(crate) async fn abandon(inner: &Arc<Inner>) {
    inner.stopping.store(true, Ordering::SeqCst);
    inner.ended.store(true, Ordering::SeqCst);
    inner.applied.send_modify(|_| {});
    for task in std::mem::take(&mut *inner.tasks.lock()) {
        task.abort();
    }
    // A closed queue means that the thread has ended already.
    let _ = inner.jobs().send(Job { entry: Entry::Abandon, reply: None }).await;
}
