//! What every part of a running server sees: configuration, clock, addresses, counters, and the store once it is open.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use model::TenantId;
use stdx::Clock;
use store::Store;

use crate::config::Config;
use crate::map::Map;
use crate::receive::budget::Budget;
use crate::selfmon::Monitor;
use crate::wiring::listen::Listener;

/// What every part of a running server sees.
#[derive(Debug)]
pub struct Shared {
    /// The valid configuration.
    pub config: Config,
    /// The machine's clock.
    pub clock: Arc<dyn Clock>,
    /// Where the listeners are bound.
    pub addresses: BTreeMap<Listener, SocketAddr>,
    /// Counters of the server itself.
    pub monitor: Monitor,
    /// The service map, which follows the store.
    pub map: Arc<Map>,
    /// Memory for requests in flight.
    pub budget: Budget,
    tenants: std::sync::Mutex<BTreeSet<TenantId>>,
    store: OnceLock<Store>,
}

impl Shared {
    /// A server whose store is not open yet.
    pub fn new(config: Config, clock: Arc<dyn Clock>, addresses: BTreeMap<Listener, SocketAddr>) -> Self {
        let budget = Budget::new(config.limits.in_flight_bytes_max, config.limits.decoding_bytes_max);
        let map = Arc::new(Map::new(Some(config.data_dir.join("topology-rules.yaml"))));
        Self {
            map,
            config,
            clock,
            addresses,
            monitor: Monitor::default(),
            budget,
            tenants: std::sync::Mutex::default(),
            store: OnceLock::new(),
        }
    }

    /// The store, once it is open.
    pub fn store(&self) -> Option<&Store> {
        self.store.get()
    }

    /// Hands the opened store to everybody; only the first counts.
    pub fn set_store(&self, store: Store) {
        self.tenants().extend(store.tenants());
        // A second one cannot come: only the task that opens calls this.
        let _ = self.store.set(store);
    }

    /// Whether `tenant` is known or may become so.
    pub fn admits(&self, tenant: &TenantId) -> bool {
        let mut tenants = self.tenants();
        if tenants.contains(tenant) {
            return true;
        }
        if tenants.len() >= self.config.tenancy.tenants_max {
            return false;
        }
        tenants.insert(tenant.clone())
    }

    fn tenants(&self) -> std::sync::MutexGuard<'_, BTreeSet<TenantId>> {
        self.tenants.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
