//! Writing an object exactly once although replies get lost.
//!
//! In: a path and bytes that no other writer produces (they hold a random id). Out: whether these bytes
//! now stand there, or another writer's do. A store client may itself repeat a write whose reply was
//! lost and then report its own object as somebody else's; reading it back tells.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use super::local;
use crate::Error;

/// How often a write is repeated when neither reply nor read tells its outcome.
const ATTEMPTS: u32 = 3;

/// What stands at the path now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Our bytes.
    Written,
    /// Another writer's.
    Taken,
}

/// Puts `bytes` at `path` unless something is there. `Error::OutcomeUnknown` means that the object may
/// still appear.
pub(crate) async fn put_once(store: &dyn ObjectStore, path: &Path, bytes: &Bytes) -> Result<Outcome, Error> {
    let mut attempt = 1;
    loop {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let error = match store.put_opts(path, bytes.clone().into(), options).await {
            Ok(_) => return Ok(Outcome::Written),
            Err(error) if is_final(&error) => return Err(Error::objects("creation", path, error)),
            Err(error) => error,
        };
        match store.get(path).await {
            Ok(found) => match found.bytes().await {
                Ok(found) if found == *bytes => return Ok(Outcome::Written),
                Ok(_) => return Ok(Outcome::Taken),
                Err(source) if attempt == ATTEMPTS => {
                    return Err(Error::OutcomeUnknown { path: path.to_string(), source });
                }
                Err(_) => {}
            },
            // Deleted since: whoever deletes log entries has read them, so that it was not ours to judge.
            Err(StoreError::NotFound { .. }) if matches!(error, StoreError::AlreadyExists { .. }) => {
                return Ok(Outcome::Taken);
            }
            Err(_) if attempt == ATTEMPTS => {
                return Err(Error::OutcomeUnknown { path: path.to_string(), source: error });
            }
            Err(_) => {}
        }
        attempt += 1;
    }
}

/// Whether the failure says for certain that nothing was written.
fn is_final(error: &StoreError) -> bool {
    match error {
        StoreError::Generic { store, .. } => *store == local::STORE,
        StoreError::InvalidPath { .. }
        | StoreError::NotImplemented { .. }
        | StoreError::NotSupported { .. } => true,
        _ => false,
    }
}
