//! The right to write in a bucket, from the start to the stop of a server.
//!
//! In: the tables' place and this node's name. Out: a lease that is renewed in the background. A place that another server
//! writes in is refused by that server's name. A server that loses its lease to another one goes on reading and says 503 to
//! senders; what it has acknowledged stays in its log and comes into the tables with a later start that gets the lease.

use std::sync::Arc;
use std::time::Duration;

use catalog::objects::{Lease, OpenPlace};
use stdx::Clock;

/// Renewals within the length of a lease.
const RENEWALS: u32 = 3;

/// Takes the lease of a place and renews it until it is lost, released or dropped.
///
/// # Errors
/// A sentence that names who writes there, or what the place cannot do.
pub async fn take(
    place: &OpenPlace,
    node: &str,
    duration: Duration,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<Lease>, String> {
    let now = now_unix_ms(&**clock);
    let taken = Lease::acquire(Arc::clone(&place.store), place.root.clone(), node, duration, now).await;
    let lease = Arc::new(taken.map_err(|error| match error {
        catalog::Error::LeaseLost { detail, .. } => {
            let wait = duration + duration / 3;
            format!(
                "another server writes in `{}`: {detail}; stop it, or name another `storage.location`. \
                 If it was killed, its lease is over after {wait:?}",
                place.url
            )
        }
        error => chain(&error),
    })?);
    tracing::info!(place = %place.url, epoch = lease.epoch(), "has the lease");
    tokio::spawn(keep(Arc::downgrade(&lease), duration / RENEWALS, Arc::clone(clock)));
    Ok(lease)
}

async fn keep(lease: std::sync::Weak<Lease>, every: Duration, clock: Arc<dyn Clock>) {
    loop {
        tokio::time::sleep(every).await;
        let Some(lease) = lease.upgrade() else { return };
        if lease.loss().is_some() {
            return;
        }
        match lease.renew(now_unix_ms(&*clock)).await {
            Ok(()) => {}
            Err(error @ catalog::Error::LeaseLost { .. }) => {
                tracing::error!(
                    %error,
                    "requests are refused from now on, reads go on; what was acknowledged is in the log of this server"
                );
                return;
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "the lease was not renewed; it is tried again");
            }
        }
    }
}

fn now_unix_ms(clock: &dyn Clock) -> i64 {
    clock.now_unix_nano().div_euclid(1_000_000)
}

/// An error with its causes, for one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
