//! Label names as small numbers, so that stages compare integers instead of texts.
//!
//! Names of the query come first and stay; names found in lines are forgotten when there are too many
//! of them, so that lines with ever new keys cannot take unbounded memory.

use std::sync::Arc;

use hashbrown::HashMap;

/// A name of this pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameId(u32);

impl NameId {
    /// `__error__`
    pub const ERROR: Self = Self(0);
    /// `__error_details__`
    pub const ERROR_DETAILS: Self = Self(1);
    /// `__preserve_error__`
    pub const PRESERVE_ERROR: Self = Self(2);
}

/// Names found in lines that are kept between lines.
const FOUND_MAX: usize = 16_384;

/// The names of a pipeline.
#[derive(Debug, Clone)]
pub struct Names {
    ids: HashMap<Arc<str>, NameId>,
    texts: Vec<Arc<str>>,
    of_query: usize,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Self { ids: HashMap::new(), texts: Vec::new(), of_query: 0 };
        for text in ["__error__", "__error_details__", "__preserve_error__"] {
            names.intern(text);
        }
        names
    }
}

impl Names {
    /// The number of a name.
    pub fn intern(&mut self, text: &str) -> NameId {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let id = NameId(self.texts.len() as u32);
        let shared: Arc<str> = Arc::from(text);
        self.texts.push(Arc::clone(&shared));
        self.ids.insert(shared, id);
        id
    }

    /// The text of a name.
    pub fn text(&self, id: NameId) -> &Arc<str> {
        &self.texts[id.0 as usize]
    }

    /// Says that all names so far belong to the query.
    pub fn seal(&mut self) {
        self.of_query = self.texts.len();
    }

    /// Forgets names found in lines if there are too many; true if so, and then all their numbers are
    /// void. To be called between lines only.
    pub fn trim(&mut self) -> bool {
        if self.texts.len() <= self.of_query + FOUND_MAX {
            return false;
        }
        for text in self.texts.drain(self.of_query..) {
            self.ids.remove(&text);
        }
        true
    }
}
