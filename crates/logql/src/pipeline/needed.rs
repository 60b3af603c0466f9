//! Which labels the rest of a query can see, so that parsers extract no others.

use super::names::NameId;

/// Labels that are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needed {
    /// Every one, for example because they are shown.
    All,
    /// Only these.
    Only(Vec<NameId>),
}

impl Needed {
    /// Whether a label is needed.
    pub fn wants(&self, id: NameId) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(&id),
        }
    }

    /// Whether none is needed, not even to see an error: then parsing can be left out.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Only(ids) if ids.is_empty())
    }

    /// Adds a label.
    pub fn add(&mut self, id: NameId) {
        if let Self::Only(ids) = self
            && !ids.contains(&id)
        {
            ids.push(id);
        }
    }
}
