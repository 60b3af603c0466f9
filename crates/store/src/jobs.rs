//! The background work of an open store: the log's thread, rounds when they are due, compaction and expiry behind them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use wal::Wal;

use crate::error::Error;
use crate::live::Inner;
use crate::log_writer::{self, Entry, Job};
use crate::{compact, expire, flush};

/// How often ages are looked at.
const TICK: Duration = Duration::from_millis(500);
/// Wait after a failed round.
const RETRY: Duration = Duration::from_secs(2);
/// Ticks between two looks at retention and vacuum.
const EXPIRE_TICKS: u32 = 600;

/// Starts the log's thread and, if wanted, the jobs.
pub(crate) fn start(inner: &Arc<Inner>, wal: Wal, jobs: mpsc::Receiver<Job>) {
    let owner = Arc::clone(inner);
    let thread = std::thread::Builder::new().name("log".to_owned());
    if let Err(error) = thread.spawn(move || log_writer::run(&owner, wal, jobs)) {
        // Without its thread every append answers that the server is stopping.
        tracing::error!(%error, "the log's thread could not be started");
    }
    if inner.options.background {
        let tasks =
            [tokio::spawn(run_rounds(Arc::clone(inner))), tokio::spawn(run_maintenance(Arc::clone(inner)))];
        inner.tasks.lock().extend(tasks);
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
    let mut ticks = 0u32;
    while !inner.stopping.load(Ordering::Relaxed) {
        tokio::time::sleep(TICK).await;
        if let Err(error) = compact::run_due(&inner).await {
            tracing::error!(error = %error.chain(), "compaction failed and will be tried again");
            tokio::time::sleep(RETRY).await;
        }
        ticks = ticks.wrapping_add(1);
        if ticks % EXPIRE_TICKS == 0
            && let Err(error) = expire::run_due(&inner).await
        {
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
    let (reply, ended) = oneshot::channel();
    if inner.jobs().send(Job { entry: Entry::Stop(reply), reply: None }).await.is_ok()
        && let Ok(synced) = ended.await
    {
        synced?;
    }
    // Followers wake, see that the store is stopping, and end.
    inner.applied.send_modify(|_| {});
    flushed.map(drop)
}

/// Ends everything without flush and sync.
pub(crate) async fn abandon(inner: &Arc<Inner>) {
    inner.stopping.store(true, Ordering::SeqCst);
    for task in std::mem::take(&mut *inner.tasks.lock()) {
        task.abort();
    }
    // A closed queue means that the thread has ended already.
    let _ = inner.jobs().send(Job { entry: Entry::Abandon, reply: None }).await;
}
