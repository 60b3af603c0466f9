//! Go's numbers as text: package `strconv` without the quoting.
//!
//! In: a text with base and bit size, or a number with a format. Out: the other one, with Go's
//! error texts and, for values out of range, Go's clamped value inside the error.
//!
//! Deliberately not here: `fmt`'s widths and flags, and the number syntax of the dialects.

mod format;
mod parse;

pub use format::{FloatFormat, format_float, format_float_json, format_float32, format_int, format_uint};
pub use parse::{
    NumError, Reason, atoi, parse_bool, parse_float, parse_int, parse_uint, quoted_number_error,
};

#[cfg(test)]
mod tests;
