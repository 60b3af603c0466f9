//! Why something was not stored: the closed list that counters, the table `ingest` and the doctor share
//! (invariant I10).

use std::fmt;

/// The kind of telemetry that a counter speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Log records.
    Logs,
    /// Metric data points.
    Metrics,
}

impl Signal {
    /// Every signal.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Logs, Self::Metrics];

    /// The name in counters, tables and configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! reasons {
    ($($variant:ident = $name:literal, $text:literal;)*) => {
        /// Why an item or a whole request was refused or dropped.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum DropReason {
            $(#[doc = $text] $variant,)*
        }

        impl DropReason {
            /// Every reason, in the order of the data's path.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in counters and tables.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One sentence for people: the cause.
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The reason with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.as_str() == name)
            }
        }
    };
}

reasons! {
    ContentType = "content_type", "The content type is none that this endpoint takes.";
    ContentEncoding = "content_encoding", "The content encoding is unknown or its data are broken.";
    BodyTooLarge = "body_too_large", "The decompressed body is larger than the limit.";
    BodyIncomplete = "body_incomplete", "The connection ended before the body was complete.";
    Malformed = "malformed", "The body is not a valid message of its format.";
    UnknownPath = "unknown_path", "No endpoint is at this path and none can be meant.";
    InvalidTenant = "invalid_tenant", "The tenant's name is missing or not allowed.";
    SignalNotAvailable = "signal_not_available", "This signal is not available in this version.";
    Overloaded = "overloaded", "A memory budget was exhausted; the sender was asked to come again.";
    Unavailable = "unavailable", "The log on disk could not be written; the sender was asked to come again.";
    DiskFull = "disk_full", "Too little disk is free; the sender was asked to come again.";
    InvalidTraceId = "invalid_trace_id", "The trace id is not 16 bytes or is all zero.";
    InvalidSpanId = "invalid_span_id", "The span id is not 8 bytes or is all zero.";
    TooDeep = "too_deep", "An attribute value is nested deeper than the limit.";
    ItemTooLarge = "item_too_large", "One record is larger than the limit.";
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
