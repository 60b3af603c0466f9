//! Removing from the store what no version that anybody may still read lists.
//!
//! In: an age and the files that running queries hold. Out: the removed files. A file goes when it is
//! not live, not protected, and was removed from the table (or, if it never was in it, written) longer
//! ago than the age. Files whose name or folder begins with `_` or `.` are not the table's.

use std::collections::HashSet;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use object_store::path::Path;

use crate::Error;
use crate::table::Table;

impl Table {
    /// Deletes files that have been out of the table, or never came into it, for longer than `keep`.
    /// `protected` are paths below the table's folder. Returns the paths of the deleted files, sorted.
    ///
    /// Uploads that take longer than `keep` from writing to commit must be in `protected`.
    pub async fn vacuum(&self, keep: Duration, protected: &HashSet<String>) -> Result<Vec<String>, Error> {
        self.refresh().await?;
        let keep_ms = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        let before = self.now_unix_ms().saturating_sub(keep_ms);
        let folder = self.folder().clone();
        // No commit may add a file between our look at the list and the deletion.
        let _turn = self.turn().await;
        let found: Vec<_> = self
            .store()
            .list(Some(&folder))
            .try_collect()
            .await
            .map_err(|error| Error::objects("listing", &folder, error))?;
        let mut doomed = Vec::new();
        {
            let view = self.view();
            for object in found {
                let Some(path) = below(&folder, &object.location) else { continue };
                if path.split('/').any(|part| part.starts_with(['_', '.']))
                    || view.files.contains_key(&path)
                    || protected.contains(&path)
                {
                    continue;
                }
                let written = object.last_modified.timestamp_millis();
                if view.tombstones.get(&path).copied().unwrap_or(written).max(written) < before {
                    doomed.push(object.location);
                }
            }
        }
        let mut removed = Vec::new();
        let mut outcomes = self.store().delete_stream(stream::iter(doomed).map(Ok).boxed());
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                Ok(location) => removed.extend(below(&folder, &location)),
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(Error::objects("deletion", &folder, error)),
            }
        }
        self.forget_tombstones(&removed, before);
        removed.sort();
        Ok(removed)
    }
}

fn below(folder: &Path, location: &Path) -> Option<String> {
    Some(location.as_ref().strip_prefix(folder.as_ref())?.strip_prefix('/')?.to_owned())
}
