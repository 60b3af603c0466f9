//! Not a bench yet.
fn main() {}
