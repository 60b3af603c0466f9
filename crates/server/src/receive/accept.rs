//! Taking connections of one listener until the server stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::Sender;
use super::connection;
use crate::shared::Shared;
use crate::wiring::listen::Listener;
use crate::wiring::routes::Service;

/// Pause after a failure such as too many open files, which the next try would meet again.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs one listener.
pub async fn run(
    shared: Arc<Shared>,
    listener: Listener,
    socket: TcpListener,
    service: Arc<Service>,
    tls: Option<TlsAcceptor>,
    mut stop: watch::Receiver<bool>,
) {
    let limits = &shared.config.limits;
    loop {
        let taken = tokio::select! {
            taken = socket.accept() => taken,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let (stream, peer) = match taken {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(listener = listener.name(), %error, "a connection could not be taken");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Some(open) = shared.monitor.connections.open(limits.connections_max) else {
            if shared.monitor.told.is_due("connections", peer.ip()) {
                tracing::warn!(
                    %peer,
                    limit = limits.connections_max,
                    "a connection was closed because `limits.connections` are open"
                );
            }
            continue;
        };
        // Small answers must not wait for more; a socket that refuses is closed already.
        let _ = stream.set_nodelay(true);
        let sender = Sender { peer, listener };
        let (shared, service, tls, stop) =
            (Arc::clone(&shared), Arc::clone(&service), tls.clone(), stop.clone());
        tokio::spawn(async move {
            connection::serve(&shared, sender, stream, service, tls, stop).await;
            drop(open);
        });
    }
}
