//! The columns of the map's tables, the one place where they are named. Signed integers, texts, booleans and bytes only, so
//! that every reader of Delta reads them; partition columns (`tenant`, `date`) stand in no file.
//!
//! Ids are 64-bit hashes stored as signed integers with the same bits. Words (`kind`, `layer`, ...) are those of
//! `as_str` of their types. Histograms are the bytes of `histogram::encoding`. `codes` is JSON text: a list of
//! `[code, flags, server code, server flags, calls]`.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

/// Version of these column lists, written into each file.
pub const VERSION: u32 = 1;

macro_rules! table {
    ($(#[$doc:meta])* $name:ident { $($column:literal: $kind:expr, $null:literal;)* }) => {
        $(#[$doc])*
        pub fn $name() -> SchemaRef {
            static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
                Arc::new(Schema::new(vec![$(Field::new($column, $kind, $null),)*]))
            });
            Arc::clone(&SCHEMA)
        }
    };
}

use DataType::{Binary, Int32, Int64, Utf8};

table! {
    /// `edges_10s|1m|1h|1d`.
    edges {
        "bucket_unix_nano": Int64, false;
        "kind": Utf8, false;
        "layer": Utf8, false;
        "protocol": Utf8, false;
        "security": Utf8, false;
        "class": Utf8, false;
        "src": Int64, false;
        "peer": Int64, false;
        "dst": Int64, false;
        "op": Utf8, false;
        "calls": Int64, false;
        "calls_weighted": Int64, false;
        "calls_weighted_squared": Int64, false;
        "errors": Int64, false;
        "errors_weighted": Int64, false;
        "codes": Utf8, false;
        "duration_sum_nano": Int64, false;
        "duration": Binary, false;
        "server_duration": Binary, false;
        "network": Binary, false;
        "request_bytes": Int64, false;
        "response_bytes": Int64, false;
        "sized": Int64, false;
        "retries": Int64, false;
        "asynchronous": Int64, false;
        "skew_us": Int64, false;
        "skewed": Int64, false;
        "exemplar_trace_id": Binary, true;
        "exemplar_span_id": Binary, true;
        "error_trace_id": Binary, true;
        "error_span_id": Binary, true;
    }
}

table! {
    /// `operations_10s|1m|1h|1d`.
    operations {
        "bucket_unix_nano": Int64, false;
        "entity": Int64, false;
        "name": Utf8, false;
        "kind": Int32, false;
        "status": Int32, false;
        "class": Utf8, false;
        "calls": Int64, false;
        "calls_weighted": Int64, false;
        "errors": Int64, false;
        "errors_weighted": Int64, false;
        "duration_sum_nano": Int64, false;
        "duration": Binary, false;
        "exemplar_trace_id": Binary, true;
        "exemplar_span_id": Binary, true;
    }
}

table! {
    /// `entities`.
    entities {
        "entity": Int64, false;
        "cluster": Utf8, false;
        "environment": Utf8, false;
        "namespace": Utf8, false;
        "kind": Utf8, false;
        "workload": Utf8, false;
        "service": Utf8, false;
        "version": Utf8, false;
        "app_group": Utf8, false;
        "instance": Utf8, false;
        "pod": Utf8, false;
        "node": Utf8, false;
        "addresses": Utf8, false;
        "language": Utf8, false;
        "first_seen_unix_nano": Int64, false;
        "last_seen_unix_nano": Int64, false;
    }
}

table! {
    /// `peers`.
    peers {
        "peer": Int64, false;
        "peer_type": Utf8, false;
        "system": Utf8, false;
        "host": Utf8, false;
        "port": Int32, false;
        "name": Utf8, false;
        "extra": Utf8, false;
        "first_seen_unix_nano": Int64, false;
        "last_seen_unix_nano": Int64, false;
    }
}
