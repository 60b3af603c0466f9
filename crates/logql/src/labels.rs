//! Label sets as LogQL shows them: sorted by name, and unlike `model::Labels` with empty values, which
//! `logfmt --keep-empty` and `json x="..."` give.

use std::fmt::{self, Write as _};
use std::sync::Arc;

/// Sorted, distinct names with values.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LabelSet {
    pairs: Arc<[(Arc<str>, Arc<str>)]>,
}

impl LabelSet {
    /// From pairs in any order; of a doubled name the last value wins.
    pub fn from_pairs<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let pairs = pairs
            .into_iter()
            .map(|(name, value)| (Arc::from(name.as_ref()), Arc::from(value.as_ref())))
            .collect();
        Self::from_shared(pairs)
    }

    /// As [`LabelSet::from_pairs`] with texts that are shared already.
    pub fn from_shared(mut pairs: Vec<(Arc<str>, Arc<str>)>) -> Self {
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        // Stable sorting keeps the order of doubled names; the last one goes into the first's place.
        pairs.dedup_by(|later, earlier| {
            let is_double = later.0 == earlier.0;
            if is_double {
                std::mem::swap(&mut later.1, &mut earlier.1);
            }
            is_double
        });
        Self { pairs: pairs.into() }
    }

    /// The value of a label; `None` when absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        // Streams have few labels, for which looking at all is faster than halving.
        self.pairs.iter().find(|(key, _)| &**key == name).map(|(_, value)| &**value)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The shared pairs themselves.
    pub fn pairs(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.pairs
    }

    /// Number of labels.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there is no label.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The labels for which `keep` says yes.
    pub fn filtered(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        Self { pairs: self.pairs.iter().filter(|(name, _)| keep(name)).cloned().collect() }
    }

    /// With a label set, or removed if the value is empty.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut pairs: Vec<_> = self.pairs.iter().filter(|(key, _)| &**key != name).cloned().collect();
        if !value.is_empty() {
            pairs.push((Arc::from(name), Arc::from(value)));
        }
        Self::from_shared(pairs)
    }

    /// Bytes that this set takes, for memory budgets; shared texts are counted fully.
    pub fn heap_bytes(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + value.len() + 64).sum()
    }
}

impl fmt::Display for LabelSet {
    /// `{a="b", c="d"}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('{')?;
        for (index, (name, value)) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{name}={}", stdx::go::quote::quote(value))?;
        }
        f.write_char('}')
    }
}

impl fmt::Debug for LabelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
