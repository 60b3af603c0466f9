//! What the standard library should have had, and nothing about telemetry.
//!
//! Clocks and files that a simulator can own ([`clock`], [`dir`]), sizes and durations as people
//! write them ([`human`]), the kinds of failure that a server maps to status codes ([`kind`]), and
//! the atoms of Go's standard library that users of the dialects see ([`go`]).
//! It knows no signal, opens no socket and reads no environment variable (invariant I1).

pub mod clock;
pub mod dir;
pub mod go;
pub mod human;
pub mod kind;

pub use clock::{Clock, ManualClock, SystemClock};
pub use dir::{Dir, DirFile, OsDir};
pub use kind::Kind;
