//! One writer a prefix: a lease object with an epoch that only grows.
//!
//! In: a store with conditional updates, the holder's name, a duration. Out: the right to write until
//! the lease expires. The holder renews well before; another node takes over only after the expiry and a
//! margin for clocks that differ. A holder that was paused past its expiry is fenced twice: it checks
//! the lease before each commit, and a log entry under a higher epoch ends its right for good.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Name of the lease object below the guarded prefix.
const NAME: &str = "_throughline_lease.json";

/// What the object says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Terms {
    /// Layout of this object.
    format_version: u32,
    /// Grows by one with each acquisition.
    epoch: u64,
    /// Name of the node; a node that comes back under its name takes its own lease over at once.
    holder: String,
    /// When the right ends, milliseconds since the Unix epoch; zero after a release.
    expires_unix_ms: i64,
    /// Random, so that a write whose reply was lost is recognised.
    nonce: String,
}

/// The right to write below a prefix.
#[derive(Debug)]
pub struct Lease {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    path: Path,
    epoch: u64,
    duration: Duration,
    held: Mutex<Held>,
}

#[derive(Debug, Clone)]
struct Held {
    terms: Terms,
    version: UpdateVersion,
    lost: Option<String>,
}

impl Lease {
    /// Takes the lease of `prefix` for `duration`, or says who has it. A third of `duration` is the
    /// margin for clocks that differ.
    pub async fn acquire(
        store: Arc<dyn ObjectStore>,
        prefix: Path,
        holder: &str,
        duration: Duration,
        now_unix_ms: i64,
    ) -> Result<Self, Error> {
        let path = prefix.clone().join(NAME);
        let (epoch, mode) = match read(store.as_ref(), &path).await? {
            None => (1, PutMode::Create),
            Some((terms, version)) => {
                let margin_ms = millis(duration) / 3;
                if terms.holder != holder && now_unix_ms < terms.expires_unix_ms.saturating_add(margin_ms) {
                    let detail = format!("`{}` holds it under epoch {}", terms.holder, terms.epoch);
                    return Err(Error::LeaseLost { prefix: prefix.to_string(), detail });
                }
                (terms.epoch + 1, PutMode::Update(version))
            }
        };
        let terms = Terms {
            format_version: 1,
            epoch,
            holder: holder.to_owned(),
            expires_unix_ms: now_unix_ms.saturating_add(millis(duration)),
            nonce: uuid::Uuid::new_v4().to_string(),
        };
        match write(store.as_ref(), &path, &terms, mode).await? {
            Ok(version) => {
                let held = Mutex::new(Held { terms, version, lost: None });
                Ok(Self { store, prefix, path, epoch, duration, held })
            }
            Err(other) => {
                let detail = format!("`{other}` took it in this moment");
                Err(Error::LeaseLost { prefix: prefix.to_string(), detail })
            }
        }
    }

    /// Extends the right from `now_unix_ms` on. After a failure of the store the right lasts as long as
    /// it was last extended; after [`Error::LeaseLost`] it is gone.
    pub async fn renew(&self, now_unix_ms: i64) -> Result<(), Error> {
        self.rewrite(now_unix_ms.saturating_add(millis(self.duration))).await
    }

    /// Gives the right up, so that another node need not wait.
    pub async fn release(&self) -> Result<(), Error> {
        self.rewrite(0).await?;
        self.lost("it was released".to_owned());
        Ok(())
    }

    /// The epoch of this acquisition.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether the right holds at this time.
    pub fn check(&self, now_unix_ms: i64) -> Result<(), Error> {
        let detail = {
            let held = self.held();
            match &held.lost {
                Some(detail) => detail.clone(),
                None if now_unix_ms >= held.terms.expires_unix_ms => "it has expired".to_owned(),
                None => return Ok(()),
            }
        };
        Err(Error::LeaseLost { prefix: self.prefix.to_string(), detail })
    }

    /// Why the right is gone for good, if it is. A lease that has expired is not: as long as nobody took it, the next
    /// renewal revives it.
    pub fn loss(&self) -> Option<Error> {
        let detail = self.held().lost.clone()?;
        Some(Error::LeaseLost { prefix: self.prefix.to_string(), detail })
    }

    /// Ends the right for good.
    pub(crate) fn lost(&self, detail: String) -> Error {
        self.held().lost.get_or_insert_with(|| detail.clone());
        Error::LeaseLost { prefix: self.prefix.to_string(), detail }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn rewrite(&self, expires_unix_ms: i64) -> Result<(), Error> {
        let held = self.held().clone();
        if let Some(detail) = held.lost {
            return Err(Error::LeaseLost { prefix: self.prefix.to_string(), detail });
        }
        let nonce = uuid::Uuid::new_v4().to_string();
        let terms = Terms { expires_unix_ms, nonce, ..held.terms };
        // An expired lease may still be ours: the conditional update decides, not the clock.
        match write(self.store.as_ref(), &self.path, &terms, PutMode::Update(held.version)).await {
            Ok(Ok(version)) => {
                let mut held = self.held();
                held.terms = terms;
                held.version = version;
                Ok(())
            }
            Ok(Err(other)) => Err(self.lost(format!("`{other}` took it"))),
            Err(error) => {
                self.adopt_late_write(&terms).await;
                Err(error)
            }
        }
    }

    /// A renewal whose reply and check were both lost may have taken place; without its version the next
    /// renewal would look like somebody else's.
    async fn adopt_late_write(&self, terms: &Terms) {
        if let Ok(Some((found, version))) = read(self.store.as_ref(), &self.path).await
            && found == *terms
        {
            let mut held = self.held();
            held.terms = found;
            held.version = version;
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

async fn read(store: &dyn ObjectStore, path: &Path) -> Result<Option<(Terms, UpdateVersion)>, Error> {
    let fails = |source| Error::objects("reading", path, source);
    let found = match store.get(path).await {
        Ok(found) => found,
        Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(fails(error)),
    };
    let version = UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
    let bytes = found.bytes().await.map_err(fails)?;
    let terms: Terms = serde_json::from_slice(&bytes).map_err(|error| Error::Unusable {
        location: path.to_string(),
        detail: format!("the lease cannot be read: {error}"),
    })?;
    if terms.format_version != 1 {
        return Err(Error::Unusable {
            location: path.to_string(),
            detail: format!("the lease has format version {}, this version knows 1", terms.format_version),
        });
    }
    Ok(Some((terms, version)))
}

/// Writes under a condition. The inner error is the name of the holder who was first.
async fn write(
    store: &dyn ObjectStore,
    path: &Path,
    terms: &Terms,
    mode: PutMode,
) -> Result<Result<UpdateVersion, String>, Error> {
    let bytes = Bytes::from(serde_json::to_vec(terms).map_err(|error| Error::Unusable {
        location: path.to_string(),
        detail: format!("the lease cannot be written: {error}"),
    })?);
    let options = PutOptions { mode, ..PutOptions::default() };
    let error = match store.put_opts(path, bytes.into(), options).await {
        Ok(written) => return Ok(Ok(UpdateVersion { e_tag: written.e_tag, version: written.version })),
        Err(error) => error,
    };
    match read(store, path).await? {
        Some((found, version)) if found == *terms => Ok(Ok(version)),
        Some((found, _))
            if matches!(error, StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) =>
        {
            Ok(Err(found.holder))
        }
        _ => Err(Error::objects("writing", path, error)),
    }
}
