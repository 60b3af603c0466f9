//! The face of [`DurableLocalStore`] towards the `object_store` crate: every operation runs on tokio's
//! blocking threads, large reads and listings arrive in pieces.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error as StoreError, GetOptions, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    UploadPart,
};

use super::{DurableLocalStore, Folder, at, failed, meta};
use crate::objects::disk::DiskFile;

/// Largest piece of a streamed read, bytes.
const READ_CHUNK_BYTES: u64 = 4 << 20;

/// Deletions that share one sync of their folders.
const DELETE_BATCH: usize = 256;

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await?
}

fn read(file: &dyn DiskFile, range: Range<u64>, location: &Path) -> Result<Bytes, StoreError> {
    let len = usize::try_from(range.end - range.start).map_err(failed)?;
    let mut bytes = vec![0; len];
    file.read_exact_at(&mut bytes, range.start).map_err(at(location))?;
    Ok(bytes.into())
}

impl Folder {
    fn open(&self, location: &Path) -> Result<(Box<dyn DiskFile>, ObjectMeta), StoreError> {
        let file = self.disk.open(&self.path(location)?).map_err(at(location))?;
        let stat = file.stat().map_err(at(location))?;
        if stat.is_folder {
            return Err(at(location)(std::io::ErrorKind::NotFound.into()));
        }
        Ok((file, meta(location.clone(), stat)))
    }

    fn get(&self, location: &Path, options: &GetOptions) -> Result<GetResult, StoreError> {
        let (file, meta) = self.open(location)?;
        options.check_preconditions(&meta)?;
        let range = match &options.range {
            Some(range) => range.as_range(meta.size).map_err(failed)?,
            None => 0..meta.size,
        };
        let payload = if options.head {
            stream::empty().boxed()
        } else if range.end - range.start <= READ_CHUNK_BYTES {
            let bytes = read(file.as_ref(), range.clone(), location);
            stream::once(async { bytes }).boxed()
        } else {
            stream_file(Arc::from(file), range.clone(), location.clone())
        };
        Ok(GetResult {
            payload: GetResultPayload::Stream(payload),
            meta,
            range,
            attributes: Default::default(),
        })
    }
}

fn stream_file(
    file: Arc<dyn DiskFile>,
    range: Range<u64>,
    location: Path,
) -> BoxStream<'static, Result<Bytes, StoreError>> {
    stream::try_unfold(range, move |rest| {
        let (file, location) = (Arc::clone(&file), location.clone());
        async move {
            if rest.is_empty() {
                return Ok(None);
            }
            let end = rest.end.min(rest.start + READ_CHUNK_BYTES);
            let bytes = blocking(move || read(file.as_ref(), rest.start..end, &location)).await?;
            Ok(Some((bytes, end..rest.end)))
        }
    })
    .boxed()
}

impl fmt::Display for DurableLocalStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "local disk at {}", self.folder.root.display())
    }
}

#[async_trait]
impl ObjectStore for DurableLocalStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult, StoreError> {
        let (folder, location) = (Arc::clone(&self.folder), location.clone());
        blocking(move || folder.put(&location, &payload, &options.mode)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>, StoreError> {
        let (folder, location) = (Arc::clone(&self.folder), location.clone());
        blocking(move || {
            let (temporary, file) = folder.create_temporary().map_err(at(&location))?;
            Ok(Box::new(Upload { folder, location, temporary, file: Arc::from(file), len: 0 }) as _)
        })
        .await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult, StoreError> {
        let (folder, location) = (Arc::clone(&self.folder), location.clone());
        blocking(move || folder.get(&location, &options)).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, StoreError> {
        let (folder, location, ranges) = (Arc::clone(&self.folder), location.clone(), ranges.to_vec());
        blocking(move || {
            let (file, _) = folder.open(&location)?;
            ranges.into_iter().map(|range| read(file.as_ref(), range, &location)).collect()
        })
        .await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path, StoreError>>,
    ) -> BoxStream<'static, Result<Path, StoreError>> {
        let folder = Arc::clone(&self.folder);
        locations
            .ready_chunks(DELETE_BATCH)
            .then(move |batch| {
                let folder = Arc::clone(&folder);
                async move {
                    let (mut names, mut outcomes) = (Vec::new(), Vec::new());
                    for location in batch {
                        match location {
                            Ok(location) => names.push(location),
                            Err(error) => outcomes.push(Err(error)),
                        }
                    }
                    match blocking(move || Ok(folder.delete(&names))).await {
                        Ok(deleted) => outcomes.extend(deleted),
                        Err(error) => outcomes.push(Err(error)),
                    }
                    stream::iter(outcomes)
                }
            })
            .flatten()
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta, StoreError>> {
        let folder = Arc::clone(&self.folder);
        let prefix = prefix.cloned().unwrap_or_default();
        stream::once(blocking(move || {
            let mut found = Vec::new();
            folder.walk(&folder.root.join(prefix.as_ref()), prefix.as_ref(), &mut found)?;
            found.sort_by(|a, b| a.location.cmp(&b.location));
            Ok(found)
        }))
        .map(|found| match found {
            Ok(found) => stream::iter(found).map(Ok).boxed(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        })
        .flatten()
        .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult, StoreError> {
        let folder = Arc::clone(&self.folder);
        let prefix = prefix.cloned().unwrap_or_default();
        blocking(move || {
            let path = folder.root.join(prefix.as_ref());
            let mut result = ListResult { common_prefixes: Vec::new(), objects: Vec::new() };
            for (name, is_folder) in folder.entries(&path)? {
                let text = if prefix.as_ref().is_empty() { name.clone() } else { format!("{prefix}/{name}") };
                let Ok(location) = Path::parse(text) else { continue };
                if is_folder {
                    result.common_prefixes.push(location);
                } else if let Ok(stat) = folder.disk.stat(&path.join(name)) {
                    result.objects.push(meta(location, stat));
                }
            }
            Ok(result)
        })
        .await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<(), StoreError> {
        let (folder, from, to) = (Arc::clone(&self.folder), from.clone(), to.clone());
        let only_if_absent = matches!(options.mode, CopyMode::Create);
        blocking(move || folder.copy(&from, &to, only_if_absent)).await
    }
}

/// A large object on its way: parts go to their offsets in one temporary file.
#[derive(Debug)]
struct Upload {
    folder: Arc<Folder>,
    location: Path,
    temporary: PathBuf,
    file: Arc<dyn DiskFile>,
    len: u64,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let mut offset = self.len;
        self.len += data.content_length() as u64;
        let (file, location) = (Arc::clone(&self.file), self.location.clone());
        Box::pin(blocking(move || {
            for chunk in &data {
                file.write_all_at(chunk, offset).map_err(at(&location))?;
                offset += chunk.len() as u64;
            }
            Ok(())
        }))
    }

    async fn complete(&mut self) -> Result<PutResult, StoreError> {
        let (folder, location) = (Arc::clone(&self.folder), self.location.clone());
        let (temporary, file) = (self.temporary.clone(), Arc::clone(&self.file));
        blocking(move || folder.publish(&temporary, file.as_ref(), &location, false)).await
    }

    async fn abort(&mut self) -> Result<(), StoreError> {
        let (folder, location, temporary) =
            (Arc::clone(&self.folder), self.location.clone(), self.temporary.clone());
        blocking(move || folder.disk.remove_file(&temporary).map_err(at(&location))).await
    }
}
