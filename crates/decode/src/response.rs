//! What the sender of a request hears: `Export*ServiceResponse` and `google.rpc.Status`, in protobuf and
//! JSON. In: counts, codes and texts. Out: bodies. HTTP statuses and headers are the server's.
//! Sources: OTLP specification 1.x, "OTLP/HTTP response"; `google/rpc/status.proto`, `error_details.proto`.

use model::reason::{DropReason, Signal};

use crate::Rejected;
use crate::request::Format;

/// A code of `google.rpc.Code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// The request is wrong and will stay so.
    InvalidArgument = 3,
    /// Something is used up.
    ResourceExhausted = 8,
    /// Not offered by this server.
    Unimplemented = 12,
    /// A fault of the server.
    Internal = 13,
    /// Come again.
    Unavailable = 14,
    /// Who are you?
    Unauthenticated = 16,
}

/// The answer to a request of which everything was taken: an empty partial success, as the collector's
/// receivers send it.
pub fn success(format: Format) -> Vec<u8> {
    match format {
        Format::Protobuf => vec![0x0a, 0x00],
        Format::Json => b"{\"partialSuccess\":{}}".to_vec(),
    }
}

/// The answer to a request that was taken but for `rejected` items; [`success`] when there are none.
pub fn partial(signal: Signal, format: Format, rejected: &[Rejected]) -> Vec<u8> {
    let count: u64 = rejected.iter().map(|one| one.count).sum();
    if count == 0 {
        return success(format);
    }
    let message = rejected_text(rejected);
    match format {
        Format::Protobuf => {
            let mut inner = vec![0x08];
            push_varint(&mut inner, count);
            push_bytes(&mut inner, 0x12, message.as_bytes());
            let mut out = Vec::with_capacity(inner.len() + 6);
            push_bytes(&mut out, 0x0a, &inner);
            out
        }
        Format::Json => {
            let field = match signal {
                Signal::Traces => "rejectedSpans",
                Signal::Logs => "rejectedLogRecords",
                Signal::Metrics => "rejectedDataPoints",
            };
            let mut out =
                format!("{{\"partialSuccess\":{{\"{field}\":\"{count}\",\"errorMessage\":").into_bytes();
            model::attr_json::write::push_str(&mut out, &message);
            out.extend_from_slice(b"}}");
            out
        }
    }
}

/// One text for people about everything that was refused.
fn rejected_text(rejected: &[Rejected]) -> String {
    let texts: Vec<String> =
        rejected.iter().map(|one| format!("{} rejected, first: {}", one.count, one.message)).collect();
    texts.join("; ")
}

/// A `google.rpc.Status`.
pub fn status(format: Format, code: Code, message: &str) -> Vec<u8> {
    match format {
        Format::Protobuf => {
            let mut out = vec![0x08, code as u8];
            if !message.is_empty() {
                push_bytes(&mut out, 0x12, message.as_bytes());
            }
            out
        }
        Format::Json => {
            let mut out = format!("{{\"code\":{},\"message\":", code as u8).into_bytes();
            model::attr_json::write::push_str(&mut out, message);
            out.push(b'}');
            out
        }
    }
}

/// A protobuf `google.rpc.Status` that asks to come again after some seconds: `grpc-status-details-bin`.
/// OTLP's senders retry `RESOURCE_EXHAUSTED` only if this is there.
pub fn status_with_retry(code: Code, message: &str, retry_secs: u32) -> Vec<u8> {
    let mut delay = vec![0x08];
    push_varint(&mut delay, u64::from(retry_secs));
    let mut retry = Vec::new();
    push_bytes(&mut retry, 0x0a, &delay);
    let mut any = Vec::new();
    push_bytes(&mut any, 0x0a, b"type.googleapis.com/google.rpc.RetryInfo");
    push_bytes(&mut any, 0x12, &retry);
    let mut out = status(Format::Protobuf, code, message);
    push_bytes(&mut out, 0x1a, &any);
    out
}

/// The answer for a signal that this version does not take.
pub fn not_available(signal: Signal, format: Format) -> Vec<u8> {
    let cause = DropReason::SignalNotAvailable.describe();
    status(
        format,
        Code::Unimplemented,
        &format!(
            "{signal}: {cause} Switch its exporter off, for example OTEL_{}_EXPORTER=none",
            signal.as_str().to_ascii_uppercase()
        ),
    )
}

fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn push_bytes(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    push_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
    use prost::Message;

    fn rejected() -> Vec<Rejected> {
        let one = |reason, count, message: &str| Rejected { reason, count, message: message.into() };
        vec![one(DropReason::InvalidTraceId, 300, "a \"b\""), one(DropReason::TooDeep, 1, "c")]
    }

    #[test]
    fn successes() {
        assert_eq!(success(Format::Protobuf), [0x0a, 0]);
        assert_eq!(partial(Signal::Logs, Format::Json, &[]), b"{\"partialSuccess\":{}}");
        let bytes = partial(Signal::Traces, Format::Protobuf, &rejected());
        let partial_success =
            ExportTraceServiceResponse::decode(&bytes[..]).expect("a message").partial_success;
        let partial_success = partial_success.expect("set");
        assert_eq!(partial_success.rejected_spans, 301);
        let text = "300 rejected, first: a \"b\"; 1 rejected, first: c";
        assert_eq!(partial_success.error_message, text);
        let json = partial(Signal::Traces, Format::Json, &rejected());
        let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        let expected = serde_json::json!({"partialSuccess": {"rejectedSpans": "301", "errorMessage": text}});
        assert_eq!(json, expected);
    }

    #[test]
    fn statuses() {
        assert_eq!(status(Format::Protobuf, Code::InvalidArgument, "no"), b"\x08\x03\x12\x02no");
        assert_eq!(status(Format::Json, Code::InvalidArgument, "no"), b"{\"code\":3,\"message\":\"no\"}");
        let retry = status_with_retry(Code::Unavailable, "", 300);
        let any =
            [b"\x0a\x28type.googleapis.com/google.rpc.RetryInfo".as_slice(), b"\x12\x05\x0a\x03\x08\xac\x02"]
                .concat();
        assert_eq!(retry, [b"\x08\x0e\x1a".as_slice(), &[any.len() as u8], &any].concat());
        let text = String::from_utf8(not_available(Signal::Logs, Format::Json)).expect("text");
        assert!(text.starts_with("{\"code\":12,\"message\":\"logs: "), "{text}");
    }
}
