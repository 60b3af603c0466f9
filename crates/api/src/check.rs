//! Whether a query is right, while it is typed: its canonical form, or where it is wrong.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A checked query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Checked {
    /// The query in canonical form; null when it is wrong.
    pub canonical: Option<String>,
    /// What is wrong with it; empty when it is right.
    pub problems: Vec<Problem>,
}

/// Something wrong at a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// First byte of the place in the text, from 0.
    pub start: usize,
    /// First byte after the place.
    pub end: usize,
    /// What is wrong.
    pub message: String,
    /// What was expected there; may be empty.
    pub expected: Vec<String>,
    /// Whether it is right by the language and only not answered yet.
    pub unsupported: bool,
}
