//! The messages of OTLP's traces as tables: what the fields are called in JSON and what they are in
//! protobuf. Source: OTLP's `trace.proto`, `common.proto`, `resource.proto`, 1.x.

/// What a field holds.
pub(crate) enum Kind {
    /// A message.
    One(&'static Shape),
    /// A list of messages.
    List(&'static Shape),
    Text,
    /// Base64.
    Bytes,
    /// An id of so many bytes in hexadecimal digits.
    Id(usize),
    Fixed64,
    Fixed32,
    Uint32,
    /// A signed number of an attribute.
    Int,
    Bool,
    Double,
    /// Names by number.
    Enum(&'static [&'static str]),
}

/// One field.
pub(crate) struct Field {
    /// Name as OTLP/JSON wants it.
    pub camel: &'static str,
    /// Name in the proto file, which protobuf's own JSON takes too.
    pub snake: &'static str,
    /// Number in protobuf.
    pub number: u32,
    pub kind: Kind,
}

/// One message.
pub(crate) struct Shape {
    pub fields: &'static [Field],
    /// Whether it is one level of nesting of an attribute value.
    pub nests: bool,
}

impl Shape {
    /// The field called `key`.
    pub fn field(&self, key: &[u8]) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.camel.as_bytes() == key || field.snake.as_bytes() == key)
    }
}

const fn field(number: u32, camel: &'static str, snake: &'static str, kind: Kind) -> Field {
    Field { camel, snake, number, kind }
}

use Kind::{Bool, Bytes, Double, Enum, Fixed32, Fixed64, Id, Int, List, One, Text, Uint32};

const SPAN_KINDS: &[&str] = &[
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

const STATUS_CODES: &[&str] = &["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

/// `ExportTraceServiceRequest`, which is `TracesData`.
pub(crate) static TRACES: Shape =
    Shape { nests: false, fields: &[field(1, "resourceSpans", "resource_spans", List(&RESOURCE_SPANS))] };

static RESOURCE_SPANS: Shape = Shape {
    nests: false,
    fields: &[
        field(1, "resource", "resource", One(&RESOURCE)),
        field(2, "scopeSpans", "scope_spans", List(&SCOPE_SPANS)),
        field(3, "schemaUrl", "schema_url", Text),
    ],
};

static RESOURCE: Shape = Shape {
    nests: false,
    fields: &[
        field(1, "attributes", "attributes", List(&KEY_VALUE)),
        field(2, "droppedAttributesCount", "dropped_attributes_count", Uint32),
    ],
};

static SCOPE_SPANS: Shape = Shape {
    nests: false,
    fields: &[
        field(1, "scope", "scope", One(&SCOPE)),
        field(2, "spans", "spans", List(&SPAN)),
        field(3, "schemaUrl", "schema_url", Text),
    ],
};

static SCOPE: Shape = Shape {
    nests: false,
    fields: &[
        field(1, "name", "name", Text),
        field(2, "version", "version", Text),
        field(3, "attributes", "attributes", List(&KEY_VALUE)),
        field(4, "droppedAttributesCount", "dropped_attributes_count", Uint32),
    ],
};

static SPAN: Shape = Shape {
    nests: false,
    fields: &[
        field(1, "traceId", "trace_id", Id(16)),
        field(2, "spanId", "span_id", Id(8)),
        field(3, "traceState", "trace_state", Text),
        field(4, "parentSpanId", "parent_span_id", Id(8)),
        field(5, "name", "name", Text),
        field(6, "kind", "kind", Enum(SPAN_KINDS)),
        field(7, "startTimeUnixNano", "start_time_unix_nano", Fixed64),
        field(8, "endTimeUnixNano", "end_time_unix_nano", Fixed64),
        field(9, "attributes", "attributes", List(&KEY_VALUE)),
        field(10, "droppedAttributesCount", "dropped_attributes_count", Uint32),
        field(11, "events", "events", List(&EVENT)),
        field(12, "droppedEventsCount", "dropped_events_count", Uint32),
        field(13, "links", "links", List(&LINK)),
        field(14, "droppedLinksCount", "dropped_links_count", Uint32),
        field(15, "status", "status", One(&STATUS)),
        field(16, "flags", "flags", Fixed32),
    ],
};

static STATUS: Shape = Shape {
    nests: false,
    fields: &[field(2, "message", "message", Text), field(3, "code", "code", Enum(STATUS_CODES))],
};

static EVENT: Shape = Shape {
    nests: false,
    fields: &[
        field(1, "timeUnixNano", "time_unix_nano", Fixed64),
        field(2, "name", "name", Text),
        field(3, "attributes", "attributes", List(&KEY_VALUE)),
        field(4, "droppedAttributesCount", "dropped_attributes_count", Uint32),
    ],
};

static LINK: Shape = Shape {
    nests: false,
    fields: &[
        field(1, "traceId", "trace_id", Id(16)),
        field(2, "spanId", "span_id", Id(8)),
        field(3, "traceState", "trace_state", Text),
        field(4, "attributes", "attributes", List(&KEY_VALUE)),
        field(5, "droppedAttributesCount", "dropped_attributes_count", Uint32),
        field(6, "flags", "flags", Fixed32),
    ],
};

static KEY_VALUE: Shape = Shape {
    nests: false,
    fields: &[field(1, "key", "key", Text), field(2, "value", "value", One(&ANY_VALUE))],
};

static ANY_VALUE: Shape = Shape {
    nests: false,
    fields: &[
        field(1, "stringValue", "string_value", Text),
        field(2, "boolValue", "bool_value", Bool),
        field(3, "intValue", "int_value", Int),
        field(4, "doubleValue", "double_value", Double),
        field(5, "arrayValue", "array_value", One(&ARRAY_VALUE)),
        field(6, "kvlistValue", "kvlist_value", One(&KVLIST_VALUE)),
        field(7, "bytesValue", "bytes_value", Bytes),
    ],
};

static ARRAY_VALUE: Shape = Shape { nests: true, fields: &[field(1, "values", "values", List(&ANY_VALUE))] };

static KVLIST_VALUE: Shape = Shape { nests: true, fields: &[field(1, "values", "values", List(&KEY_VALUE))] };
