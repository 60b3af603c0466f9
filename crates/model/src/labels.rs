//! Label sets: sorted, immutable, cheap to clone, with a 64-bit hash computed once.

use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

/// A sorted list of distinct names with values; any UTF-8 on both sides. An empty value means that the
/// label is absent, so such a pair is never kept.
#[derive(Clone)]
pub struct Labels {
    pairs: Arc<[(Arc<str>, Arc<str>)]>,
    hash: u64,
}

impl Labels {
    /// The set without labels.
    pub fn empty() -> Self {
        Self::from_sorted(Vec::new())
    }

    /// From pairs in any order; of a doubled name the last value wins.
    pub fn from_pairs<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut builder = LabelsBuilder::default();
        for (name, value) in pairs {
            builder.set(name.as_ref(), value.as_ref());
        }
        builder.finish()
    }

    fn from_sorted(pairs: Vec<(Arc<str>, Arc<str>)>) -> Self {
        let mut hasher = Xxh3::new();
        for (name, value) in &pairs {
            hasher.update(name.as_bytes());
            hasher.update(&[0xff]);
            hasher.update(value.as_bytes());
            hasher.update(&[0xff]);
        }
        Self { hash: hasher.digest(), pairs: pairs.into() }
    }

    /// The value of a label; `None` when absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .binary_search_by(|(n, _)| (**n).cmp(name))
            .ok()
            .and_then(|at| self.pairs.get(at))
            .map(|(_, value)| &**value)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The shared pairs themselves, sorted by name.
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

    /// A hash of names and values, stable over processes.
    pub const fn hash64(&self) -> u64 {
        self.hash
    }

    /// A hash of the labels for which `keep` says yes, in order; for grouping without building a set.
    pub fn hash_where(&self, mut keep: impl FnMut(&str) -> bool) -> u64 {
        let mut hasher = Xxh3::new();
        for (name, value) in self.iter().filter(|(name, _)| keep(name)) {
            hasher.update(name.as_bytes());
            hasher.update(&[0xff]);
            hasher.update(value.as_bytes());
            hasher.update(&[0xff]);
        }
        hasher.digest()
    }

    /// The labels for which `keep` says yes.
    pub fn filtered(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        Self::from_sorted(self.pairs.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }

    /// A builder that begins with these labels.
    pub fn to_builder(&self) -> LabelsBuilder {
        LabelsBuilder { pairs: self.pairs.to_vec() }
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self::empty()
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && (Arc::ptr_eq(&self.pairs, &other.pairs) || self.pairs == other.pairs)
    }
}

impl Eq for Labels {}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Labels {
    /// By the sorted pairs, name before value, as Prometheus orders label sets.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.pairs.cmp(&other.pairs)
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Builds a [`Labels`].
#[derive(Debug, Clone, Default)]
pub struct LabelsBuilder {
    pairs: Vec<(Arc<str>, Arc<str>)>,
}

impl LabelsBuilder {
    /// Sets a label, replacing an earlier value; an empty value removes it.
    pub fn set(&mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> &mut Self {
        let (name, value) = (name.as_ref(), value.as_ref());
        match self.pairs.binary_search_by(|(n, _)| (**n).cmp(name)) {
            Ok(at) if value.is_empty() => drop(self.pairs.remove(at)),
            Ok(at) => self.pairs[at].1 = Arc::from(value),
            Err(_) if value.is_empty() => {}
            Err(at) => self.pairs.insert(at, (Arc::from(name), Arc::from(value))),
        }
        self
    }

    /// Removes a label.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.set(name, "")
    }

    /// The present value of a label.
    pub fn get(&self, name: &str) -> Option<&str> {
        let at = self.pairs.binary_search_by(|(n, _)| (**n).cmp(name)).ok()?;
        self.pairs.get(at).map(|(_, value)| &**value)
    }

    /// The finished set.
    pub fn finish(self) -> Labels {
        Labels::from_sorted(self.pairs)
    }
}

/// Keeps one copy of each text, so that label sets of many series share their names and values.
#[derive(Debug, Default)]
pub struct Interner {
    texts: HashSet<Arc<str>>,
}

impl Interner {
    /// The shared copy of `text`.
    pub fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(found) = self.texts.get(text) {
            return Arc::clone(found);
        }
        let fresh: Arc<str> = Arc::from(text);
        self.texts.insert(Arc::clone(&fresh));
        fresh
    }

    /// The same label set with shared texts.
    pub fn share(&mut self, labels: &Labels) -> Labels {
        let pairs = labels.iter().map(|(n, v)| (self.intern(n), self.intern(v))).collect::<Vec<_>>();
        Labels { pairs: pairs.into(), hash: labels.hash }
    }

    /// Number of distinct texts.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether nothing was interned.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_empty_values_vanish() {
        let a = Labels::from_pairs([("b", "2"), ("a", "1"), ("c", "")]);
        let b = Labels::from_pairs([("a", "0"), ("a", "1"), ("b", "2")]);
        assert_eq!(a, b);
        assert_eq!(a.hash64(), b.hash64());
        assert_eq!(a.get("a"), Some("1"));
        assert_eq!(a.get("c"), None);
        assert_ne!(Labels::from_pairs([("ab", "c")]), Labels::from_pairs([("a", "bc")]));
        assert_eq!(a.filtered(|name| name == "b"), Labels::from_pairs([("b", "2")]));
        let mut interner = Interner::default();
        let (x, y) = (interner.share(&a), interner.share(&b));
        assert!(Arc::ptr_eq(&x.pairs()[0].0, &y.pairs()[0].0));
    }
}
