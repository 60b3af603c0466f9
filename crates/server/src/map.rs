//! The service map over a running store: sums that follow the stream, kept in tables, and read for a range.
//!
//! In: accepted spans by [`sums`], which makes rows of them for the store's rounds ([`tables`] says which); a range to look at.
//! Out: [`facts::Facts`], the rows and names of that range, of which `topology::view` draws. [`book`] keeps the rules that name hosts.
//! Everything that a number means is the crate `topology`'s; here is only what it may not know: the store, files and time.

pub mod book;
pub mod facts;
pub mod rebuild;
pub mod sums;
pub mod tables;

use std::path::PathBuf;
use std::sync::Arc;

use book::RuleBook;
use facts::Decoded;
use sums::Sums;

/// The map of one store.
#[derive(Debug)]
pub struct Map {
    /// What follows the stream.
    pub sums: Arc<Sums>,
    /// The rules that name hosts.
    pub book: RuleBook,
    /// Rows of files that were read lately.
    pub(crate) decoded: Decoded,
}

impl Map {
    /// A map that has seen nothing. `rules` is the file that keeps the rules; without one they last as long as the process.
    pub fn new(rules: Option<PathBuf>) -> Self {
        Self { sums: Arc::new(Sums::default()), book: RuleBook::open(rules), decoded: Decoded::default() }
    }
}
