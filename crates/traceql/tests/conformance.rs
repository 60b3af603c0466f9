//! Runs the oracles of this language; `make conformance` prints their scores.

fn main() {}
