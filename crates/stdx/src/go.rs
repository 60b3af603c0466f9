//! The atoms of Go's standard library that users of the four dialects see in texts and answers.
//!
//! In: strings and numbers. Out: what a Go program would have printed, parsed or refused, with
//! Go's own error texts, because clients compare them. The dialects have only this code in common.
//!
//! Deliberately not here: anything about telemetry, and no clock, zone database or locale. The
//! Unicode tables follow Unicode 15.0, the version of Go 1.21 to 1.26.

pub mod duration;
pub mod number;
pub mod quote;
pub mod regex;
pub mod template;
pub mod text;
pub mod time;
