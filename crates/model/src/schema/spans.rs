//! The table `spans`: one row a span. The fixed columns are part of the public contract.
//!
//! In memory texts and bytes are Arrow views, so that a row's text can point into the request's body or
//! be shared by all rows of a resource; on disk they are plain Parquet strings and byte arrays. A null
//! text means empty or absent (an empty `service_name` that was sent is an empty text, not null).

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::well_known::{ColumnType, WELL_KNOWN};

/// Version of this column list, written into each file.
pub const VERSION: u32 = 1;

macro_rules! columns {
    ($($index:ident = $name:ident: $kind:ident, $null:literal, $doc:literal;)*) => {
        /// Positions of the fixed columns.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(usize)]
        pub enum Column { $(#[doc = $doc] $index,)* }

        impl Column {
            /// Every fixed column in order.
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

        fn fixed_fields() -> Vec<Field> {
            vec![$(Field::new(stringify!($name), columns!(@type $kind), $null),)*]
        }
    };
    (@type text) => { DataType::Utf8View };
    (@type bytes) => { DataType::BinaryView };
    (@type int) => { DataType::Int32 };
    (@type long) => { DataType::Int64 };
}

columns! {
    TraceId = trace_id: bytes, false, "Trace id, 16 bytes.";
    SpanId = span_id: bytes, false, "Span id, 8 bytes.";
    ParentSpanId = parent_span_id: bytes, true, "Span id of the parent, null for a root.";
    Name = name: text, false, "Name of the span, may be empty.";
    Kind = kind: int, false, "Kind as OTLP numbers it, 0 to 5.";
    StatusCode = status_code: int, false, "Status as OTLP numbers it: 0 unset, 1 ok, 2 error.";
    Start = start_time_unix_nano: long, false, "Start in nanoseconds since the Unix epoch.";
    Duration = duration_nano: long, false, "End minus start in nanoseconds, negative if sent so.";
    Received = received_time_unix_nano: long, false, "Receipt by this server, nanoseconds since the epoch.";
    StatusMessage = status_message: text, true, "Text of the status.";
    TraceState = trace_state: text, true, "W3C trace state.";
    Flags = flags: long, false, "W3C flags and OTLP's remote bits, unsigned 32 bits.";
    Attributes = attributes: text, true, "JSON object of the span attributes that have no column.";
    ResourceAttributes = resource_attributes: text, true, "JSON object of the resource attributes that have no column.";
    ScopeAttributes = scope_attributes: text, true, "JSON object of the scope's attributes.";
    Events = events: text, true, "JSON array of events.";
    Links = links: text, true, "JSON array of links.";
    ScopeName = scope_name: text, true, "Name of the instrumentation scope.";
    ScopeVersion = scope_version: text, true, "Version of the instrumentation scope.";
    ScopeSchemaUrl = scope_schema_url: text, true, "Schema URL of the scope's spans.";
    ResourceSchemaUrl = resource_schema_url: text, true, "Schema URL of the resource.";
    DroppedAttributes = dropped_attributes_count: int, false, "Attributes that the sender dropped.";
    DroppedEvents = dropped_events_count: int, false, "Events that the sender dropped.";
    DroppedLinks = dropped_links_count: int, false, "Links that the sender dropped.";
    ResourceDropped = resource_dropped_attributes_count: int, false, "Resource attributes that the sender dropped.";
    ScopeDropped = scope_dropped_attributes_count: int, false, "Scope attributes that the sender dropped.";
    Spellings = attribute_spellings: long, true, "Two bits a well-known column with two spellings; null means zero.";
}

/// Position in a batch of the well-known column with this position in [`WELL_KNOWN`].
pub const fn well_known_at(position: usize) -> usize {
    Column::ALL.len() + position
}

/// The schema of span batches: the fixed columns, then the well-known ones.
pub fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let mut fields = fixed_fields();
        for column in WELL_KNOWN {
            let data_type = match column.column_type {
                ColumnType::Text => DataType::Utf8View,
                ColumnType::Int => DataType::Int64,
            };
            fields.push(Field::new(column.column, data_type, true));
        }
        Arc::new(Schema::new(fields))
    });
    Arc::clone(&SCHEMA)
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
        for (at, column) in WELL_KNOWN.iter().enumerate() {
            assert_eq!(schema.field(well_known_at(at)).name(), column.column);
        }
        assert_eq!(schema.fields().len(), Column::ALL.len() + WELL_KNOWN.len());
    }
}
