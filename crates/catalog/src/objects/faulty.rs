//! An object store that fails as real ones do, on a plan that a seed or a test gives.
//!
//! In: a store and, per operation, a [`Fault`]. Out: the same store seen through a bad network. After a
//! crash every operation fails, so that a test can open the inner store anew and look at what is left.
//! Reads, writes and listings alike are operations.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error as StoreError, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};

/// What happens to one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is done.
    None,
    /// It is not done, and an error says that something went wrong.
    Refused,
    /// It is done, but an error says that something went wrong.
    LostReply,
    /// It is not done, and neither is any operation after it.
    CrashBefore,
    /// It is done, its reply is lost, and no operation after it is done.
    CrashAfter,
}

/// Gives the fault of the operation with this number, counted from zero.
pub type Plan = dyn Fn(u64) -> Fault + Send + Sync;

/// A store behind a plan of faults.
#[derive(Clone)]
pub struct FaultyStore {
    inner: Arc<dyn ObjectStore>,
    plan: Arc<Plan>,
    operations: Arc<AtomicU64>,
    crashed: Arc<AtomicBool>,
}

impl FaultyStore {
    /// Puts `plan` before `inner`.
    pub fn new(inner: Arc<dyn ObjectStore>, plan: impl Fn(u64) -> Fault + Send + Sync + 'static) -> Self {
        Self { inner, plan: Arc::new(plan), operations: Arc::default(), crashed: Arc::default() }
    }

    /// A plan in which one operation of `every` on average is refused and one loses its reply.
    pub fn seed_plan(seed: u64, every: u64) -> impl Fn(u64) -> Fault + Send + Sync + 'static {
        move |number| match mix(seed ^ mix(number)) % every.max(2) {
            0 => Fault::Refused,
            1 => Fault::LostReply,
            _ => Fault::None,
        }
    }

    /// How many operations were asked for.
    pub fn operations(&self) -> u64 {
        self.operations.load(Ordering::SeqCst)
    }

    /// Whether the plan has crashed it.
    pub fn crashed(&self) -> bool {
        self.crashed.load(Ordering::SeqCst)
    }

    /// Counts an operation. `Ok(true)`: do it and lose the reply.
    fn next(&self) -> Result<bool, StoreError> {
        let number = self.operations.fetch_add(1, Ordering::SeqCst);
        if self.crashed() {
            return Err(fault("the store has crashed"));
        }
        match (self.plan)(number) {
            Fault::None => Ok(false),
            Fault::Refused => Err(fault("refused")),
            Fault::LostReply => Ok(true),
            Fault::CrashBefore => {
                self.crashed.store(true, Ordering::SeqCst);
                Err(fault("crash before the operation"))
            }
            Fault::CrashAfter => {
                self.crashed.store(true, Ordering::SeqCst);
                Ok(true)
            }
        }
    }
}

/// SplitMix64's finisher: each bit of the input moves half of the output.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

fn fault(text: &'static str) -> StoreError {
    StoreError::Generic { store: "faulty", source: text.into() }
}

/// The reply of a finished operation, or its loss.
fn reply<T>(lost: bool, done: Result<T, StoreError>) -> Result<T, StoreError> {
    match lost {
        true => Err(fault("reply lost")),
        false => done,
    }
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultyStore({:?}, {} operations)", self.inner, self.operations())
    }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "faulty {}", self.inner)
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult, StoreError> {
        let lost = self.next()?;
        reply(lost, self.inner.put_opts(location, payload, options).await)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>, StoreError> {
        let lost = self.next()?;
        reply(lost, self.inner.put_multipart_opts(location, options).await)
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult, StoreError> {
        let lost = self.next()?;
        reply(lost, self.inner.get_opts(location, options).await)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, StoreError> {
        let lost = self.next()?;
        reply(lost, self.inner.get_ranges(location, ranges).await)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path, StoreError>>,
    ) -> BoxStream<'static, Result<Path, StoreError>> {
        let this = self.clone();
        locations
            .then(move |location| {
                let this = this.clone();
                async move {
                    let (location, lost) = (location?, this.next()?);
                    let one = stream::once(async { Ok(location) }).boxed();
                    let done = this.inner.delete_stream(one).next().await;
                    reply(lost, done.unwrap_or_else(|| Err(fault("no outcome of a deletion"))))
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta, StoreError>> {
        match self.next() {
            Ok(false) => self.inner.list(prefix),
            Ok(true) => stream::once(async { Err(fault("reply lost")) }).boxed(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult, StoreError> {
        let lost = self.next()?;
        reply(lost, self.inner.list_with_delimiter(prefix).await)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<(), StoreError> {
        let lost = self.next()?;
        reply(lost, self.inner.copy_opts(from, to, options).await)
    }
}
