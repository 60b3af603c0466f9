//! From a configuration to a running server and back to nothing.
//!
//! In: a [`Config`]. Out: a [`Server`] whose sockets are bound at once and whose store opens behind them: until it has,
//! senders hear 503 and come again. [`Server::stop`] lets requests end, makes everything part of the tables, and leaves the
//! folder as a clean stop leaves it. The parts: [`folder`] owns the data folder, [`places`] says where the store's files
//! lie, [`lease`] holds the right to write in a bucket, [`listen`] binds, [`routes`] decides what a listener serves.

pub mod folder;
pub mod lease;
pub mod listen;
pub mod logging;
pub mod places;
pub mod routes;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use catalog::objects::Lease;
use stdx::SystemClock;
use store::{Recovery, Store};
use tokio::sync::watch;

use crate::config::Config;
use crate::receive::accept;
use crate::receive::tls;
use crate::selfmon::Phase;
use crate::shared::Shared;
use folder::Folder;
use listen::Listener;

/// Why a server did not start or did not stop well.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// The folder is in use or unusable.
    #[error(transparent)]
    Folder(#[from] folder::FolderError),
    /// A socket could not be bound.
    #[error("{0}")]
    Listen(String),
    /// The certificate or key is unusable.
    #[error("{0}")]
    Tls(String),
    /// The tables' place is unusable.
    #[error("{0}")]
    Place(String),
    /// The store did not open, or did not close.
    #[error("{what}: {cause}")]
    Store {
        /// What was tried.
        what: &'static str,
        /// The causes, outermost first.
        cause: String,
    },
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    folder: Folder,
    addresses: BTreeMap<Listener, SocketAddr>,
    stopping: watch::Sender<bool>,
    accepting: Vec<tokio::task::JoinHandle<()>>,
    lease: Arc<OnceLock<Arc<Lease>>>,
    opening: tokio::task::JoinHandle<Result<Recovery, WiringError>>,
}

impl Server {
    /// Takes the folder, binds every socket, says so in `listeners.json`, and begins to open the store.
    ///
    /// # Errors
    /// When the folder is in use, a socket that was asked for is busy, or the certificate cannot be used.
    pub async fn start(config: Config) -> Result<Self, WiringError> {
        let folder = Folder::take(&config.data_dir)?;
        let tls = config.tls.as_ref().map(tls::acceptor).transpose().map_err(WiringError::Tls)?;
        let bound = listen::bind_all(&config).await.map_err(WiringError::Listen)?;
        listen::warn_beyond_loopback(&bound);
        let addresses: BTreeMap<_, _> =
            bound.iter().map(|(listener, socket)| (*listener, socket.address)).collect();
        folder.write_listeners(&addresses)?;
        let shared = Arc::new(Shared::new(config, Arc::new(SystemClock::new()), addresses.clone()));
        let (stopping, stop) = watch::channel(false);
        let accepting = bound
            .into_iter()
            .map(|(listener, socket)| {
                let service = routes::service(&shared, listener);
                let tls = if listener.takes_tls() { tls.clone() } else { None };
                tokio::spawn(accept::run(
                    Arc::clone(&shared),
                    listener,
                    socket.socket,
                    service,
                    tls,
                    stop.clone(),
                ))
            })
            .collect();
        let lease = Arc::new(OnceLock::new());
        let opening = open(Arc::clone(&shared), folder.node().to_owned(), Arc::clone(&lease));
        let opening = tokio::spawn(opening);
        Ok(Self { shared, folder, addresses, stopping, accepting, lease, opening })
    }

    /// Where each listener is bound.
    pub fn addresses(&self) -> &BTreeMap<Listener, SocketAddr> {
        &self.addresses
    }

    /// What all of the server's parts share.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Waits until the store is open.
    ///
    /// # Errors
    /// When it cannot be opened. Nothing was lost; the remedy is in the error.
    pub async fn ready(&mut self) -> Result<Recovery, WiringError> {
        match (&mut self.opening).await {
            Ok(opened) => opened,
            Err(error) => {
                Err(WiringError::Store { what: "the store did not open", cause: error.to_string() })
            }
        }
    }

    /// Lets requests end, makes everything part of the tables, and gives the folder back.
    ///
    /// # Errors
    /// When the last flush failed; what was acknowledged is in the log and comes back with the next start.
    pub async fn stop(self) -> Result<(), WiringError> {
        self.shared.monitor.set_phase(Phase::Stopping);
        self.stopping.send_replace(true);
        for task in self.accepting {
            // A panic there was reported where it happened.
            let _ = task.await;
        }
        self.shared.monitor.connections.drained(self.shared.config.limits.drain_timeout).await;
        // A start that is not finished is given up: its log is left as it is.
        self.opening.abort();
        let closed = match self.shared.store() {
            Some(store) => store.shut_down().await.map_err(|error| WiringError::Store {
                what: "the last flush failed; what was acknowledged comes back from the log with the next start",
                cause: error.chain(),
            }),
            None => Ok(()),
        };
        if let Some(lease) = self.lease.get()
            && let Err(error) = lease.release().await
        {
            tracing::warn!(error = lease::chain(&error), "the lease was not given back; it ends by itself");
        }
        self.folder.remove_listeners();
        closed
    }
}

/// Opens the store and hands it to everybody who waits for it.
async fn open(
    shared: Arc<Shared>,
    node: String,
    lease: Arc<OnceLock<Arc<Lease>>>,
) -> Result<Recovery, WiringError> {
    let started = std::time::Instant::now();
    let opened = places::open(&shared, node).await.map_err(WiringError::Place)?;
    if let Some(taken) = &opened.options.lease {
        // The only task that opens: nothing was there before.
        let _ = lease.set(Arc::clone(taken));
    }
    let opened: Result<(Store, Recovery), store::Error> = store::open_with(
        opened.places,
        opened.options,
        Some(Arc::clone(&shared.map.sums) as Arc<dyn store::Deriver>),
    )
    .await;
    let (store, recovery) = opened
        .map_err(|error| WiringError::Store { what: "the store did not open", cause: error.chain() })?;
    shared.set_store(store);
    shared.monitor.set_phase(Phase::Ready);
    for damage in recovery.quarantined.iter().chain(&recovery.undecodable) {
        tracing::error!(%damage, "a part of the log cannot be read and was put aside");
    }
    tracing::info!(
        spans_replayed = recovery.spans,
        bytes_replayed = recovery.bytes,
        torn_bytes = recovery.torn_bytes,
        span_files = recovery.span_files,
        elapsed = ?Duration::from_millis(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)),
        "ready",
    );
    Ok(recovery)
}
