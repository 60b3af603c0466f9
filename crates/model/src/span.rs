//! One span as a row: what trace assembly, the Jaeger and Tempo answers, TraceQL and the service map
//! look at. Field names and meanings are those of OTLP's `trace.proto`.

use std::sync::Arc;

use crate::attrs::Attrs;
use crate::ids::{SpanId, TraceId};
use crate::time::TimeNs;

/// `SpanKind` of OTLP; a number outside the list is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SpanKind(pub i32);

impl SpanKind {
    /// Not set.
    pub const UNSPECIFIED: Self = Self(0);
    /// An operation inside a process.
    pub const INTERNAL: Self = Self(1);
    /// The handling of a request.
    pub const SERVER: Self = Self(2);
    /// A request to a remote service.
    pub const CLIENT: Self = Self(3);
    /// The sending of a message.
    pub const PRODUCER: Self = Self(4);
    /// The receiving or processing of a message.
    pub const CONSUMER: Self = Self(5);

    /// Lower-case name; `unspecified` for zero and every unknown number.
    pub const fn as_str(self) -> &'static str {
        match self.0 {
            1 => "internal",
            2 => "server",
            3 => "client",
            4 => "producer",
            5 => "consumer",
            _ => "unspecified",
        }
    }

    /// The kind with this name in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        (0..=5).map(Self).find(|kind| kind.as_str().eq_ignore_ascii_case(name))
    }
}

/// `Status.StatusCode` of OTLP; a number outside the list is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct StatusCode(pub i32);

impl StatusCode {
    /// Nothing was said.
    pub const UNSET: Self = Self(0);
    /// Declared successful.
    pub const OK: Self = Self(1);
    /// Failed.
    pub const ERROR: Self = Self(2);

    /// Lower-case name; `unset` for zero and every unknown number.
    pub const fn as_str(self) -> &'static str {
        match self.0 {
            1 => "ok",
            2 => "error",
            _ => "unset",
        }
    }
}

/// What produced the spans; shared by all spans of one `ResourceSpans`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resource {
    /// Attributes as sent, `service.name` included.
    pub attributes: Attrs,
    /// How many attributes the sender dropped.
    pub dropped_attributes_count: u32,
    /// Schema URL of the resource, empty when absent.
    pub schema_url: Arc<str>,
}

impl Resource {
    /// `service.name` if it was sent as text, which may be empty.
    pub fn service_name(&self) -> Option<&str> {
        self.attributes.get_str("service.name")
    }
}

/// The instrumentation that made the spans; shared by all spans of one `ScopeSpans`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scope {
    /// Name of the instrumentation, empty when absent.
    pub name: Arc<str>,
    /// Its version, empty when absent.
    pub version: Arc<str>,
    /// Its attributes.
    pub attributes: Attrs,
    /// How many attributes the sender dropped.
    pub dropped_attributes_count: u32,
    /// Schema URL of the scope's spans, empty when absent.
    pub schema_url: Arc<str>,
}

/// Something that happened at an instant of a span.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Event {
    /// When.
    pub time: TimeNs,
    /// What.
    pub name: Arc<str>,
    /// Its attributes.
    pub attributes: Attrs,
    /// How many attributes the sender dropped.
    pub dropped_attributes_count: u32,
}

/// A pointer to a span of the same or another trace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Link {
    /// The other trace; zero bytes are kept, another length than 16 is padded or cut by the decoder.
    pub trace_id: TraceId,
    /// The other span.
    pub span_id: SpanId,
    /// W3C trace state of the other span.
    pub trace_state: Arc<str>,
    /// Its attributes.
    pub attributes: Attrs,
    /// How many attributes the sender dropped.
    pub dropped_attributes_count: u32,
    /// W3C flags and OTLP's remote bits.
    pub flags: u32,
}

/// One span with everything that was sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Span {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// Its parent's id; `None` for a root.
    pub parent_span_id: Option<SpanId>,
    /// Its name; may be empty.
    pub name: Arc<str>,
    /// Its kind.
    pub kind: SpanKind,
    /// When it began.
    pub start: TimeNs,
    /// End minus start in nanoseconds; negative when the end lies before the start.
    pub duration_nano: i64,
    /// Its status.
    pub status_code: StatusCode,
    /// Text of the status, empty when absent.
    pub status_message: Arc<str>,
    /// W3C trace state, empty when absent.
    pub trace_state: Arc<str>,
    /// W3C flags and OTLP's remote bits.
    pub flags: u32,
    /// Attributes as sent.
    pub attributes: Attrs,
    /// How many attributes the sender dropped.
    pub dropped_attributes_count: u32,
    /// Events in the order sent.
    pub events: Vec<Event>,
    /// How many events the sender dropped.
    pub dropped_events_count: u32,
    /// Links in the order sent.
    pub links: Vec<Link>,
    /// How many links the sender dropped.
    pub dropped_links_count: u32,
    /// What produced it.
    pub resource: Arc<Resource>,
    /// What instrumented it.
    pub scope: Arc<Scope>,
    /// When this server received it.
    pub received: TimeNs,
}

impl Span {
    /// Start plus duration; saturates.
    pub const fn end(&self) -> TimeNs {
        self.start.saturating_add(self.duration_nano)
    }
}
