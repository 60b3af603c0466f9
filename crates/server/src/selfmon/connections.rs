//! Open connections, counted against their limit, and what became of those that ended badly.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// Counters of connections.
#[derive(Debug, Default)]
pub struct Connections {
    open: Arc<Open>,
    /// Connections taken since the start.
    pub taken: AtomicU64,
    /// Connections closed at once because the limit was reached.
    pub over_limit: AtomicU64,
    /// Connections closed because first bytes, handshake or head did not come in time.
    pub slow: AtomicU64,
    /// TLS handshakes that failed, or that came to a listener without a certificate.
    pub tls_refused: AtomicU64,
}

#[derive(Debug, Default)]
struct Open {
    count: AtomicUsize,
    ended: Notify,
}

/// One open connection; it ends when this is dropped.
#[derive(Debug)]
pub struct OpenConnection {
    open: Arc<Open>,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.open.count.fetch_sub(1, Ordering::AcqRel);
        self.open.ended.notify_waiters();
    }
}

impl Connections {
    /// Counts a new connection, unless `max` are open.
    pub fn open(&self, max: usize) -> Option<OpenConnection> {
        let before = self.open.count.fetch_add(1, Ordering::AcqRel);
        let connection = OpenConnection { open: Arc::clone(&self.open) };
        if before >= max {
            self.over_limit.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.taken.fetch_add(1, Ordering::Relaxed);
        Some(connection)
    }

    /// How many are open.
    pub fn open_count(&self) -> usize {
        self.open.count.load(Ordering::Acquire)
    }

    /// Waits until none is open, at most `limit`.
    pub async fn drained(&self, limit: Duration) {
        let drained = async {
            loop {
                let ended = self.open.ended.notified();
                if self.open_count() == 0 {
                    return;
                }
                ended.await;
            }
        };
        if tokio::time::timeout(limit, drained).await.is_err() {
            tracing::warn!(open = self.open_count(), "connections were closed before their requests ended");
        }
    }
}
