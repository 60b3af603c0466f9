//! The rules that name hosts, kept in a file of the data folder so that they outlive the process.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use topology::names::rules::Problem;
use topology::names::{Book, BookState, Names};

/// The rules in force and where they are kept.
#[derive(Debug)]
pub struct RuleBook {
    book: Mutex<Book>,
    path: Option<PathBuf>,
}

/// Why rules were not put in force.
#[derive(Debug)]
pub enum RuleError {
    /// Another revision is in force than the one that was edited.
    Changed {
        /// The one in force.
        revision: u64,
    },
    /// The text is wrong.
    Wrong(Vec<Problem>),
    /// The file could not be written; nothing changed.
    File(String),
}

impl RuleBook {
    /// The rules of a file; those of an unreadable file are reported and none are in force.
    pub fn open(path: Option<PathBuf>) -> Self {
        // Numbers grow over restarts, so that a page that was open before one cannot overwrite by chance.
        let started = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let mut book = Book::after(started.map(|since| since.as_secs()).unwrap_or(0));
        if let Some(path) = &path {
            match std::fs::read_to_string(path) {
                Ok(text) => {
                    if let Err(problems) = book.put_rules(&text) {
                        let first =
                            problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
                        tracing::error!(path = %path.display(), first, "the rules that name hosts are wrong and not in force");
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    tracing::error!(path = %path.display(), %error, "the rules that name hosts cannot be read")
                }
            }
        }
        Self { book: Mutex::new(book), path }
    }

    /// The names in force.
    pub fn names(&self) -> Arc<Names> {
        self.book.lock().names()
    }

    /// What is in force and what was refused.
    pub fn state(&self) -> BookState {
        self.book.lock().state()
    }

    /// The names that a draft would give.
    pub fn draft(&self, text: &str) -> Result<Names, Vec<Problem>> {
        self.book.lock().draft(text)
    }

    /// Puts rules in force, after they are in the file.
    pub fn put(&self, text: &str, based_on: Option<u64>) -> Result<u64, RuleError> {
        let mut book = self.book.lock();
        let revision = book.names().revision();
        if based_on.is_some_and(|based_on| based_on != revision) {
            return Err(RuleError::Changed { revision });
        }
        book.draft(text).map_err(RuleError::Wrong)?;
        if let Some(path) = &self.path {
            let new = path.with_extension("new");
            let written = std::fs::write(&new, text)
                .and_then(|()| std::fs::File::open(&new)?.sync_all())
                .and_then(|()| std::fs::rename(&new, path));
            written.map_err(|error| RuleError::File(format!("writing `{}`: {error}", path.display())))?;
        }
        book.put_rules(text).map_err(RuleError::Wrong)
    }

    /// Puts the ServiceEntries of a file in force, or those of a changed file in the place of its old ones.
    pub fn put_entries(&self, source: &str, text: &str) -> Result<usize, Problem> {
        self.book.lock().put_entries(source, text).map(|imported| imported.entries.len())
    }
}
