//! The vocabulary of telemetry: ids, times, attribute values, spans, label sets, samples, histograms,
//! and the column layout of each table.
//!
//! In: nothing but values. Out: types that every other crate speaks. It opens no file, knows no
//! protocol and no dialect, and is synchronous (invariants I1, I2). The words are OpenTelemetry's;
//! a dialect's own words live in the dialect's crate.

pub mod attr_json;
pub mod attrs;
pub mod histogram;
pub mod ids;
pub mod labels;
pub mod reason;
pub mod sample;
pub mod schema;
pub mod span;
pub mod span_rows;
pub mod time;

pub use attrs::{AttrValue, Attrs};
pub use histogram::{Histogram, ResetHint};
pub use ids::{SpanId, TenantId, TraceId};
pub use labels::{Labels, LabelsBuilder};
pub use reason::{DropReason, Signal};
pub use sample::FloatSample;
pub use span::{Event, Link, Resource, Scope, Span, SpanKind, StatusCode};
pub use time::{TimeNs, TimeRange};
