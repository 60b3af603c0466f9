//! What tests of several crates share: where outside data lie, the report of conformance runs, and a disk
//! that fails on purpose ([`sim`]), and one example of each reply of the own API ([`pages`]).
//!
//! A development dependency only; nothing that ships uses it. Data of other projects are read in place
//! through [`external`], never copied.

pub mod conformance;
pub mod external;
pub mod otlp;
pub mod pages;
pub mod sim;
