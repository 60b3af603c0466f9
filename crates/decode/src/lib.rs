//! Bytes of every ingest protocol to batches of `model`, and nothing else: pure, total, capped.
//!
//! In: compressed or plain bodies. Out: Arrow batches whose texts are views into the body, rejected items
//! with reasons, and the replies of the protocol. Any bytes give a batch or one [`Malformed`]; memory stays
//! within [`Limits`]. Nothing here opens a socket, reads a clock or knows a tenant.
//!
//! [`body`] takes the content encoding off, [`request`] picks the format, [`otlp_json`] turns OTLP/JSON into
//! protobuf, [`otlp`] walks protobuf into columns, [`response`] writes what the sender hears.

pub mod body;
mod error;
pub mod otlp;
pub mod otlp_json;
pub mod request;
pub mod response;
mod wire;

pub use body::BodyError;
pub use error::{Malformed, Place};

use arrow::array::RecordBatch;
use model::reason::DropReason;

/// Caps on what one request may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest decompressed body in bytes; at most 256 MiB whatever is set.
    pub body_bytes_max: usize,
    /// Deepest nesting of arrays and maps in an attribute value; at most `attr_json::DEPTH_MAX`. A span
    /// with a deeper one is rejected.
    pub depth_max: usize,
    /// Largest record in bytes, on the wire and as the JSON text made of it.
    pub item_bytes_max: usize,
    /// Most records of one request; the rest is rejected.
    pub items_max: usize,
    /// Most bytes of JSON text made of one request, at most 1 GiB; records beyond it are rejected.
    pub text_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 64 << 20,
            depth_max: model::attr_json::DEPTH_MAX,
            item_bytes_max: 16 << 20,
            items_max: 1 << 18,
            text_bytes_max: 256 << 20,
        }
    }
}

/// Records of one request that were refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Why.
    pub reason: DropReason,
    /// How many.
    pub count: u64,
    /// The first of them: where it stands in the protobuf body, what is wrong, what to do.
    pub message: String,
}

/// The spans of one request.
#[derive(Debug, Clone)]
pub struct SpanBatch {
    /// Rows of `model::schema::spans::schema()` in the order sent. Every text column shares two buffers,
    /// the body and one of JSON text, so Arrow's own memory size of the batch counts them many times over.
    pub batch: RecordBatch,
    /// What was refused.
    pub rejected: Vec<Rejected>,
    /// Texts in which invalid UTF-8 was replaced by U+FFFD.
    pub repaired_texts: u64,
    /// Fields that this version does not know and left out.
    pub unknown_fields: u64,
    /// Spans in the request: rows plus rejected ones.
    pub spans_received: u64,
}
