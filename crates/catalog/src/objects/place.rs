//! From a location as configured to a store: a local folder, `s3://`, `gs://` or `az://`.
//!
//! In: the location and the store's options by the names of the `object_store` crate (for example
//! `aws_region`); the environment is not read (invariant I1). Out: the store, the folder in it and the
//! URL. A store that does not honour conditional writes is refused: two writers would both believe that
//! they had won.

use std::collections::BTreeMap;
use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use url::Url;

use super::DurableLocalStore;
use crate::Error;

/// Options of an object store, by the names that the `object_store` crate gives them.
pub type PlaceOptions = BTreeMap<String, String>;

/// Where tables can be kept.
#[derive(Debug, Clone)]
pub struct OpenPlace {
    /// The store.
    pub store: Arc<dyn ObjectStore>,
    /// Folder in the store.
    pub root: Path,
    /// Address of that folder.
    pub url: Url,
    /// Whether other machines can reach it, so that a [`super::Lease`] is needed.
    pub shared: bool,
}

/// Opens `location`. A local folder is made when absent; a bucket must exist and is probed with one
/// small object below the location, which is removed again.
pub async fn open(location: &str, options: &PlaceOptions) -> Result<OpenPlace, Error> {
    let unusable = |detail: String| Error::Unusable { location: location.to_owned(), detail };
    let scheme = location.split_once("://").map(|(scheme, _)| scheme);
    let Some(scheme) = scheme.filter(|scheme| *scheme != "file") else {
        return open_folder(location);
    };
    let url = Url::parse(location).map_err(|error| unusable(error.to_string()))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(unusable("it names no bucket".to_owned()));
    }
    let root = Path::from_url_path(url.path()).map_err(|error| unusable(error.to_string()))?;
    let store: Arc<dyn ObjectStore> = match scheme {
        "s3" | "s3a" => {
            let mut builder = AmazonS3Builder::new().with_url(location);
            for (name, value) in options {
                let key: AmazonS3ConfigKey = name.parse().map_err(|_| unknown_option(location, name))?;
                builder = builder.with_config(key, value);
            }
            Arc::new(builder.build().map_err(|error| unusable(error.to_string()))?)
        }
        "gs" => {
            let mut builder = GoogleCloudStorageBuilder::new().with_url(location);
            for (name, value) in options {
                let key: GoogleConfigKey = name.parse().map_err(|_| unknown_option(location, name))?;
                builder = builder.with_config(key, value);
            }
            Arc::new(builder.build().map_err(|error| unusable(error.to_string()))?)
        }
        "az" | "abfs" | "abfss" => {
            let mut builder = MicrosoftAzureBuilder::new().with_url(location);
            for (name, value) in options {
                let key: AzureConfigKey = name.parse().map_err(|_| unknown_option(location, name))?;
                builder = builder.with_config(key, value);
            }
            Arc::new(builder.build().map_err(|error| unusable(error.to_string()))?)
        }
        other => return Err(unusable(format!("`{other}` is none of file, s3, gs, az"))),
    };
    probe(store.as_ref(), &root, location).await?;
    Ok(OpenPlace { store, root, url, shared: true })
}

fn unknown_option(location: &str, name: &str) -> Error {
    Error::Unusable { location: location.to_owned(), detail: format!("option `{name}` is unknown") }
}

fn open_folder(location: &str) -> Result<OpenPlace, Error> {
    let unusable = |detail: String| Error::Unusable { location: location.to_owned(), detail };
    let path = match location.starts_with("file://") {
        true => Url::parse(location)
            .ok()
            .and_then(|url| url.to_file_path().ok())
            .ok_or_else(|| unusable("it is no file URL".to_owned()))?,
        false => std::path::absolute(location).map_err(|error| unusable(error.to_string()))?,
    };
    let url = Url::from_directory_path(&path).map_err(|()| unusable("it is no absolute path".to_owned()))?;
    let store = DurableLocalStore::open(path)?;
    Ok(OpenPlace { store: Arc::new(store), root: Path::default(), url, shared: false })
}

/// Tries what commits and the lease rely on: creation only if absent, and update only if unchanged.
pub(crate) async fn probe(store: &dyn ObjectStore, root: &Path, location: &str) -> Result<(), Error> {
    let path = root.clone().join(format!("_throughline_probe_{}", uuid::Uuid::new_v4()));
    let outcome = try_conditions(store, &path).await;
    // The name is random: what a failed removal leaves disturbs nobody.
    let _ = store.delete(&path).await;
    match outcome {
        Ok(None) => Ok(()),
        Ok(Some(lacks)) => Err(Error::Unusable { location: location.to_owned(), detail: lacks.to_owned() }),
        Err(error @ (StoreError::NotImplemented { .. } | StoreError::NotSupported { .. })) => {
            Err(Error::Unusable {
                location: location.to_owned(),
                detail: format!("it has no conditional writes: {error}"),
            })
        }
        Err(error) => Err(Error::objects("probing", &path, error)),
    }
}

async fn try_conditions(store: &dyn ObjectStore, path: &Path) -> Result<Option<&'static str>, StoreError> {
    let put = |text: &'static str, mode| {
        store.put_opts(path, text.into(), PutOptions { mode, ..PutOptions::default() })
    };
    let first = put("1", PutMode::Create).await?;
    match put("2", PutMode::Create).await {
        Err(StoreError::AlreadyExists { .. }) => {}
        Err(error) => return Err(error),
        Ok(_) => return Ok(Some("it overwrites where it was asked to create only")),
    }
    let first = UpdateVersion { e_tag: first.e_tag, version: first.version };
    put("3", PutMode::Update(first.clone())).await?;
    match put("4", PutMode::Update(first)).await {
        Err(StoreError::Precondition { .. }) => Ok(None),
        Err(error) => Err(error),
        Ok(_) => Ok(Some("it updates an object that has changed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places() {
        let check = |outcome: Result<OpenPlace, Error>, text: &str| {
            assert_eq!(outcome.expect_err(text).to_string(), text);
        };
        let none = PlaceOptions::new();
        check(
            open("ftp://host/x", &none).await,
            "`ftp://host/x` cannot be used for storage: `ftp` is none of file, s3, gs, az",
        );
        check(open("s3:///x", &none).await, "`s3:///x` cannot be used for storage: it names no bucket");
        let odd = PlaceOptions::from([("colour".to_owned(), "red".to_owned())]);
        check(
            open("s3://bucket/x", &odd).await,
            "`s3://bucket/x` cannot be used for storage: option `colour` is unknown",
        );

        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("deep/data");
        let place = open(inner.to_str().expect("UTF-8"), &none).await.expect("is made");
        assert_eq!((place.shared, place.root), (false, Path::default()));
        assert_eq!(place.url.to_file_path(), Ok(inner));
        // A disk has no conditional update, so that it could not pass for a bucket.
        let refused =
            probe(place.store.as_ref(), &Path::from("p"), "here").await.expect_err("no update").to_string();
        assert!(
            refused.starts_with("`here` cannot be used for storage: it has no conditional writes"),
            "{refused}"
        );
        probe(&object_store::memory::InMemory::new(), &Path::from("p"), "memory").await.expect("has both");
    }
}
