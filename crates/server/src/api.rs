//! The answers to HTTP clients, one module a dialect. What several dialects share stands beside them.
//!
//! In: requests and the sources of `query`. Out: responses with the status, headers and bytes that the dialect's
//! clients expect. Nothing here writes what is stored.

mod go_json;
pub mod jaeger;
mod otlp_json;
pub mod params;
mod response;
pub mod tempo;
mod trace;
pub mod v1;
