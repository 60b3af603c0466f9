//! What forms and completion offer: attribute keys and values with counts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Attribute keys with how often each is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Keys {
    /// The most frequent first.
    pub attributes: Vec<KeyCount>,
    /// Whether every key of the range is there.
    pub complete: bool,
}

/// A key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KeyCount {
    /// span, resource, scope, event or link.
    pub scope: String,
    /// The key as sent.
    pub key: String,
    /// How often it is stored in the files that overlap the range.
    pub count: u64,
}

/// Values of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Values {
    /// The most frequent first.
    pub values: Vec<ValueCount>,
    /// Whether all rows of the range were looked at and all values are there.
    pub complete: bool,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ValueCount {
    /// Its text.
    pub value: String,
    /// How often it was seen.
    pub count: u64,
}
