//! Where objects live: a local folder or a bucket, behind the `object_store` crate's one trait.
//!
//! In: a location and explicit options. Out: a store whose acknowledged writes are durable and whose
//! conditional writes decide races. It knows nothing of tables.

mod disk;
pub mod faulty;
mod lease;
mod local;
mod once;
mod place;

pub use lease::Lease;
pub use local::DurableLocalStore;
pub(crate) use once::{Outcome, put_once};
pub use place::{OpenPlace, PlaceOptions, open};
