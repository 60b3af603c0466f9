//! The table `traces`: mergeable parts, one a trace and flush round.
//!
//! A part condenses the spans of one trace that one round stored. Parts of a trace merge into one by
//! minimum, maximum and sum, in any order and grouping. A span that reached two rounds counts in both
//! parts until its copies are merged, so readers that must be exact recompute a trace with more than one
//! part from its spans.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

/// Version of this column list, written into each file.
pub const VERSION: u32 = 1;

macro_rules! columns {
    ($($index:ident = $name:ident: $data_type:ident, $null:literal, $doc:literal;)*) => {
        /// Positions of the columns.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(usize)]
        pub enum Column { $(#[doc = $doc] $index,)* }

        impl Column {
            /// Every column in order.
            pub const ALL: &'static [Self] = &[$(Self::$index,)*];

            /// Position in a batch.
            pub const fn at(self) -> usize {
                self as usize
            }

            /// Name of the column.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$index => stringify!($name),)* }
            }

            /// What the column holds, for the format page.
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$index => $doc,)* }
            }
        }

        /// The schema of batches of trace parts.
        pub fn schema() -> SchemaRef {
            static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
                Arc::new(Schema::new(vec![
                    $(Field::new(stringify!($name), DataType::$data_type, $null),)*
                ]))
            });
            Arc::clone(&SCHEMA)
        }
    };
}

columns! {
    TraceId = trace_id: BinaryView, false, "Trace id, 16 bytes.";
    Start = start_time_unix_nano: Int64, false, "Earliest start of its spans, nanoseconds since the epoch.";
    End = end_time_unix_nano: Int64, false, "Latest end of its spans (start where the end lies before it), nanoseconds.";
    SpanCount = span_count: Int64, false, "Number of spans.";
    ErrorCount = error_count: Int64, false, "Number of spans with status error.";
    RootStart = root_start_time_unix_nano: Int64, true, "Start of the root span; null while no span without a parent is known.";
    RootService = root_service: Utf8View, true, "Service of the root span; null when unknown or not sent.";
    RootName = root_name: Utf8View, true, "Name of the root span; null while unknown.";
    Services = services: Utf8View, false, "JSON array of {\"service\",\"spans\",\"errors\"}, sorted by service; a service that was not sent is null and comes first.";
    Received = received_time_unix_nano: Int64, false, "Latest receipt of its spans, nanoseconds since the epoch.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_match_the_schema() {
        let schema = schema();
        for column in Column::ALL {
            assert_eq!(schema.field(column.at()).name(), column.name());
        }
        assert_eq!(schema.fields().len(), Column::ALL.len());
    }
}
