//! The binary `throughline`, and the only crate that knows HTTP, gRPC, TLS, flags and processes.

fn main() {}
