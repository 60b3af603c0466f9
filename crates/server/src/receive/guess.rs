//! The signal of an OTLP body whose path does not say it.
//!
//! The three requests have the same outer shape, so that the first record decides: a span begins with a trace id of 16
//! bytes, a log record with a time of 8, a metric with its name. Only healed requests to `/` come here.

use decode::request::Format;
use model::Signal;

/// What a plain body holds; `None` when nothing in it tells. A body without records is of traces.
pub fn signal(format: Format, body: &[u8]) -> Option<Signal> {
    match format {
        Format::Json => json(body),
        Format::Protobuf => protobuf(body),
    }
}

fn json(body: &[u8]) -> Option<Signal> {
    // The first key of the three decides; reading the whole body twice would help nobody.
    let text = &body[..body.len().min(4096)];
    let at = |name: &[u8]| memchr_find(text, name);
    let keys = [
        (Signal::Traces, &b"\"resourceSpans\""[..]),
        (Signal::Logs, b"\"resourceLogs\""),
        (Signal::Metrics, b"\"resourceMetrics\""),
    ];
    keys.into_iter()
        .filter_map(|(signal, key)| at(key).map(|at| (at, signal)))
        .min()
        .map(|(_, signal)| signal)
}

fn memchr_find(text: &[u8], name: &[u8]) -> Option<usize> {
    text.windows(name.len()).position(|window| window == name)
}

/// Request -> resource (1) -> scope (2) -> record (2).
fn protobuf(body: &[u8]) -> Option<Signal> {
    if body.is_empty() {
        return Some(Signal::Traces);
    }
    for resource in Fields(body).messages(1) {
        for scope in Fields(resource).messages(2) {
            if let Some(record) = Fields(scope).messages(2).next() {
                return record_signal(record);
            }
        }
    }
    None
}

fn record_signal(record: &[u8]) -> Option<Signal> {
    // Only a metric begins with a name; its gauge has the number of a span's name and of a log record's body.
    let mut named = false;
    for (number, value) in Fields(record) {
        match (number, value) {
            (5, Value::Message(_)) if named => return Some(Signal::Metrics),
            (1, Value::Message(id)) if id.len() == 16 && !is_text(id) => return Some(Signal::Traces),
            // Span id, start or end: a log record has none of these numbers with these types.
            (2, Value::Message(id)) if id.len() == 8 && !is_text(id) => return Some(Signal::Traces),
            (7 | 8, Value::Fixed64) => return Some(Signal::Traces),
            (1 | 11, Value::Fixed64) => return Some(Signal::Logs),
            (7 | 9 | 10 | 11, Value::Message(_)) => return Some(Signal::Metrics),
            (1, Value::Message(_)) => named = true,
            _ => {}
        }
    }
    None
}

fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
}

/// The fields of a message, as far as they can be read.
struct Fields<'a>(&'a [u8]);

enum Value<'a> {
    Message(&'a [u8]),
    Fixed64,
    Other,
}

impl<'a> Fields<'a> {
    fn messages(self, wanted: u64) -> impl Iterator<Item = &'a [u8]> {
        self.filter_map(move |(number, value)| match value {
            Value::Message(bytes) if number == wanted => Some(bytes),
            _ => None,
        })
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, len: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(len).ok()?)?;
        self.0 = rest;
        Some(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => self.varint().map(|_| Value::Other)?,
            1 => self.take(8).map(|_| Value::Fixed64)?,
            2 => {
                let len = self.varint()?;
                Value::Message(self.take(len)?)
            }
            5 => self.take(4).map(|_| Value::Other)?,
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
    use opentelemetry_proto::tonic::metrics::v1::{Gauge, Metric, ResourceMetrics, ScopeMetrics, metric};
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
    use prost::Message;

    #[test]
    fn first_records_tell() {
        let span = Span { trace_id: vec![7; 16], span_id: vec![7; 8], name: "GET".into(), ..Span::default() };
        let scope_spans =
            vec![ScopeSpans::default(), ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
        let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
        let traces = ExportTraceServiceRequest { resource_spans };
        assert_eq!(signal(Format::Protobuf, &traces.encode_to_vec()), Some(Signal::Traces));

        for record in [
            LogRecord { time_unix_nano: 5, ..LogRecord::default() },
            LogRecord { observed_time_unix_nano: 5, ..LogRecord::default() },
        ] {
            let scope_logs = vec![ScopeLogs { log_records: vec![record], ..ScopeLogs::default() }];
            let logs = ExportLogsServiceRequest {
                resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }],
            };
            assert_eq!(signal(Format::Protobuf, &logs.encode_to_vec()), Some(Signal::Logs));
        }

        let metric = Metric {
            name: "sixteen.letters!".into(),
            data: Some(metric::Data::Gauge(Gauge::default())),
            ..Metric::default()
        };
        let scope_metrics = vec![ScopeMetrics { metrics: vec![metric], ..ScopeMetrics::default() }];
        let resource_metrics = vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }];
        let metrics = ExportMetricsServiceRequest { resource_metrics };
        assert_eq!(signal(Format::Protobuf, &metrics.encode_to_vec()), Some(Signal::Metrics));

        assert_eq!(signal(Format::Protobuf, b""), Some(Signal::Traces));
        assert_eq!(signal(Format::Protobuf, b"\xff\xff garbage"), None);
        assert_eq!(signal(Format::Json, b"{\"resourceLogs\":[]}"), Some(Signal::Logs));
        assert_eq!(signal(Format::Json, b"[]"), None);
    }
}
