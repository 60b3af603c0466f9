//! What tests of several crates share: where outside data lie, and the report of conformance runs.
//!
//! A development dependency only; nothing that ships uses it. Data of other projects are read in place
//! through [`external`], never copied.

pub mod conformance;
pub mod external;
