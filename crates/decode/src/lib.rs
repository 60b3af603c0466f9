//! Bytes of every ingest protocol to batches of `model`, and nothing else: pure, total, capped.
//!
//! In: decompressed or compressed bodies. Out: Arrow batches, rejected items with reasons.
