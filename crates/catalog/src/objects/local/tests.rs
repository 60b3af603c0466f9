//! Crash tests of the local store.
