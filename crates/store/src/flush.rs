//! When rounds run: by bytes, by age, or because somebody asks.
//!
//! In: the state of the buffer. Out: rounds, one at a time. A failed round changes nothing that readers see; its files become
//! orphans and its rows stay in the buffer and in the log until a later one succeeds.

pub(crate) mod prior;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use crate::error::Error;
use crate::live::Inner;
use crate::log_writer::{Entry, Job};
use crate::options::Durability;
use crate::round::Unfinished;

/// Runs one round over everything that is applied now; nothing when nothing waits.
pub(crate) async fn run_round(inner: &Arc<Inner>) -> Result<(), Error> {
    let mut turn = inner.round.lock().await;
    if let Some(unfinished) = turn.take()
        && let Err((round, error)) = unfinished.finish(inner).await
    {
        *turn = Some(round);
        return Err(error);
    }
    let (parts, first, last, pending, bytes) = {
        let mut live = inner.live.lock();
        if live.applied <= live.flushed {
            return Ok(());
        }
        let parts = live.buffer.parts();
        let pending = std::mem::take(&mut live.pending);
        let bytes = std::mem::take(&mut live.waiting_bytes);
        live.waiting_since = None;
        live.cut = live.applied;
        (parts, live.flushed + 1, live.applied, pending, bytes)
    };
    // Followers that wait for the next request learn of the cut.
    inner.applied.send_modify(|_| {});
    let prepared = match sync_log(inner).await {
        Ok(()) => Unfinished::prepare(inner, &parts, first, last, pending.clone()).await,
        Err(error) => Err(error),
    };
    drop(parts);
    match prepared {
        Ok(round) => {
            if let Err((round, error)) = round.finish(inner).await {
                *turn = Some(round);
                return Err(error);
            }
        }
        Err(error) => {
            let mut live = inner.live.lock();
            live.pending.merge(&pending);
            live.waiting_bytes += bytes;
            let now = inner.places.clock.monotonic_nano();
            live.waiting_since.get_or_insert(now);
            return Err(error);
        }
    }
    drop(turn);
    // A closed queue means that the log's thread has ended: its files go with the next start.
    let _ = inner.jobs().send(Job { entry: Entry::Trim, reply: None }).await;
    Ok(())
}

/// With weaker durability the log may not be on disk yet. It must be before a table says that it holds the round: what is cut
/// off between two commits is made up for from the log.
async fn sync_log(inner: &Inner) -> Result<(), Error> {
    if inner.options.durability == Durability::Synced || !inner.unsynced.load(Ordering::Relaxed) {
        return Ok(());
    }
    let (reply, synced) = oneshot::channel();
    let ended = || Error::Task("the log's thread has ended".to_owned());
    inner.jobs().send(Job { entry: Entry::Sync(Some(reply)), reply: None }).await.map_err(|_| ended())?;
    match synced.await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::Task("the log could not be synced before a round".to_owned())),
        Err(_) => Err(ended()),
    }
}

/// Makes all that was acknowledged part of the tables.
pub(crate) async fn flush_all(inner: &Arc<Inner>) -> Result<(), Error> {
    let wanted = inner.live.lock().applied;
    loop {
        run_round(inner).await?;
        if inner.live.lock().flushed >= wanted {
            break;
        }
    }
    Ok(())
}

/// Whether a round is due by bytes or by age.
pub(crate) fn is_due(inner: &Inner) -> bool {
    let options = &inner.options;
    let live = inner.live.lock();
    if live.applied <= live.flushed {
        return false;
    }
    if live.waiting_bytes >= options.flush_bytes || live.buffer.bytes() > options.buffer_bytes_max / 2 {
        return true;
    }
    let Some(since) = live.waiting_since else { return true };
    let age = inner.places.clock.monotonic_nano().saturating_sub(since);
    let small = live.waiting_bytes < options.flush_small_bytes;
    age >= if small { options.flush_interval_small_ns } else { options.flush_interval_ns }
}
