//! Attribute values and ordered attribute lists, as OTLP's `AnyValue` and `KeyValue` define them.

use std::sync::Arc;

/// One attribute value. `Empty` is an `AnyValue` without a value, which OTLP allows and keeps.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum AttrValue {
    /// No value was set.
    #[default]
    Empty,
    /// UTF-8 text.
    Str(Arc<str>),
    /// A truth value.
    Bool(bool),
    /// A signed 64-bit integer.
    Int(i64),
    /// A 64-bit float, any bit pattern.
    Double(f64),
    /// Raw bytes.
    Bytes(Arc<[u8]>),
    /// Values of any kinds in order.
    Array(Vec<AttrValue>),
    /// Named values in the order sent.
    Map(Attrs),
}

impl AttrValue {
    /// The text of a string value.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The number of an integer value.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// Equality that also holds for NaN with the same bits and tells 0.0 from -0.0.
    pub fn same_bits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Double(a), Self::Double(b)) => a.to_bits() == b.to_bits(),
            (Self::Array(a), Self::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_bits(b))
            }
            (Self::Map(a), Self::Map(b)) => a.same_bits(b),
            _ => self == other,
        }
    }
}

impl From<&str> for AttrValue {
    fn from(text: &str) -> Self {
        Self::Str(Arc::from(text))
    }
}

impl From<String> for AttrValue {
    fn from(text: String) -> Self {
        Self::Str(Arc::from(text))
    }
}

impl From<bool> for AttrValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for AttrValue {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for AttrValue {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

/// Keys and values in the order in which they came. OTLP forbids doubled keys; one that came all the
/// same is kept, and [`Attrs::get`] answers the first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attrs(pub Vec<(Arc<str>, AttrValue)>);

impl Attrs {
    /// An empty list.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The first value under `key`.
    pub fn get(&self, key: &str) -> Option<&AttrValue> {
        self.0.iter().find(|(k, _)| &**k == key).map(|(_, value)| value)
    }

    /// The first value under `key` if it is text.
    pub fn get_str(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(AttrValue::as_str)
    }

    /// Appends a pair without looking for an earlier one.
    pub fn push(&mut self, key: impl Into<Arc<str>>, value: impl Into<AttrValue>) {
        self.0.push((key.into(), value.into()));
    }

    /// Pairs in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AttrValue)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Equality by bits, order included; see [`AttrValue::same_bits`].
    pub fn same_bits(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.0.iter().zip(&other.0).all(|((ka, a), (kb, b))| ka == kb && a.same_bits(b))
    }
}

impl<K: Into<Arc<str>>, V: Into<AttrValue>> FromIterator<(K, V)> for Attrs {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}
