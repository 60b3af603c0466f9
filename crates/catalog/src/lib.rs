//! Which segments exist: Delta commits, views in memory, vacuum, and the durable object store under them.
//!
//! In: files to add and remove, as the flush rounds and compactions of `store` wrote them. Out: versions
//! of Delta tables (`docs/formats/tables.md`) that every Delta reader can read, and the list of live
//! files. It reads no Parquet, plans no query and opens no socket but the object store's; it is async
//! because object stores are.

mod catalog;
mod error;
mod files;
mod load;
mod log;
pub mod objects;
mod schema;
mod table;
#[cfg(test)]
mod tests;
mod vacuum;
mod view;

pub use catalog::{Catalog, CatalogOptions, TableSpec};
pub use error::Error;
pub use files::{AddFile, Changes, FileEntry, partition_folder};
pub use table::{Commit, Table};
