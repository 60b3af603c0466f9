//! OTLP/gRPC: unary calls over HTTP/2 with our own framing, so that the compressed message reaches the log as it came.
//!
//! In: a POST with `application/grpc`. Out: one message and trailers, or trailers alone (gRPC over HTTP/2, "Responses").
//! Not here: streams, reflection, gRPC-Web.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::{BufMut, Bytes, BytesMut};
use decode::request::Format;
use decode::response::{self, Code};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::StreamBody;
use hyper::body::Frame;
use model::{DropReason, Signal};

use super::append::{Framed, append, open_store};
use super::refusal::Refusal;
use super::{Sender, body, path, tenant};
use crate::selfmon::Transport;
use crate::shared::Shared;

/// Bytes before a message: a flag and the length.
const PREFIX_BYTES: usize = 5;

/// Encodings that messages may have.
const ENCODINGS: &str = "identity,gzip,deflate,zstd";

/// Whether a request is gRPC.
pub fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let Some(rest) = content_type.strip_prefix(b"application/grpc") else { return false };
    matches!(rest, [] | [b'+' | b';', ..])
}

/// Answers a call.
pub async fn answer(shared: &Shared, sender: Sender, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Some(signal) = path::grpc(parts.uri.path()) else {
        shared.monitor.count_refused(None, DropReason::UnknownPath);
        body::discard(body, &shared.config.limits).await;
        let shown: String = parts.uri.path().chars().take(100).collect();
        return trailers_only(&Refusal {
            status: StatusCode::OK,
            code: Code::Unimplemented,
            message: format!(
                "unknown method {}; OTLP's Export of traces is served here",
                shown.escape_debug()
            ),
            retry_after_s: None,
        });
    };
    match call(shared, sender, signal, &parts.headers, body).await {
        Ok(message) => message_and_trailers(message),
        Err(refusal) => trailers_only(&refusal),
    }
}

async fn call(
    shared: &Shared,
    sender: Sender,
    signal: Signal,
    headers: &HeaderMap,
    body: Body,
) -> Result<Vec<u8>, Refusal> {
    let limits = &shared.config.limits;
    if open_store(shared).is_none() {
        shared.monitor.count_refused(Some(signal), DropReason::Unavailable);
        body::discard(body, limits).await;
        return Err(Refusal::not_open(shared.monitor.phase()));
    }
    let tenant = match tenant::of_sender(shared, headers) {
        Ok(tenant) => tenant,
        Err(message) => {
            shared.monitor.count_refused(Some(signal), DropReason::InvalidTenant);
            body::discard(body, limits).await;
            return Err(Refusal::wrong(StatusCode::BAD_REQUEST, message));
        }
    };
    if signal != Signal::Traces {
        shared.monitor.count_refused(Some(signal), DropReason::SignalNotAvailable);
        body::discard(body, limits).await;
        return Err(Refusal::not_available(signal));
    }
    let mut reservation = shared.budget.reservation();
    let max = limits.body_bytes_max.saturating_add(PREFIX_BYTES);
    let framed = body::read(body, max, limits, &mut reservation).await.map_err(|error| {
        shared.monitor.count_refused(Some(signal), error.reason());
        Refusal::from(error)
    })?;
    let (message, compressed) = unframed(framed).map_err(|message| {
        shared.monitor.count_refused(Some(signal), DropReason::Malformed);
        Refusal::wrong(StatusCode::BAD_REQUEST, message)
    })?;
    let encoding = if compressed {
        let name = headers.get("grpc-encoding").and_then(|value| value.to_str().ok()).unwrap_or("identity");
        known_encoding(name).map_err(|refusal| {
            shared.monitor.count_refused(Some(signal), DropReason::ContentEncoding);
            refusal
        })?
    } else {
        ""
    };
    if !sender.listener.is_for_otlp() {
        super::http::note_healed(shared, sender, "port", signal);
    }
    let framed = Framed {
        tenant,
        signal,
        format: Format::Protobuf,
        encoding: encoding.to_owned(),
        body: message,
        transport: Transport::Grpc,
    };
    let receipt = append(shared, framed).await?;
    Ok(if receipt.rejected.is_empty() {
        // An empty message is the whole answer of gRPC servers to a request that was taken.
        Vec::new()
    } else {
        response::partial(signal, Format::Protobuf, &receipt.rejected)
    })
}

/// The one message of a unary call, and whether it is compressed.
fn unframed(mut framed: Bytes) -> Result<(Bytes, bool), String> {
    let &[flag, a, b, c, d, ..] = &framed[..] else {
        return Err(format!(
            "the call has {} bytes; a message begins with 5 for flag and length",
            framed.len()
        ));
    };
    let len = u32::from_be_bytes([a, b, c, d]) as usize;
    let rest = framed.len() - PREFIX_BYTES;
    if flag > 1 {
        return Err(format!("the message's flag is {flag}; 0 and 1 are known"));
    }
    if rest < len {
        return Err(format!("the message should have {len} bytes and has {rest}"));
    }
    if rest > len {
        return Err("a unary call has one message, and more came".to_owned());
    }
    Ok((framed.split_off(PREFIX_BYTES), flag == 1))
}

fn known_encoding(name: &str) -> Result<&'static str, Refusal> {
    let name = name.trim();
    for known in ["gzip", "deflate", "zstd"] {
        if name.eq_ignore_ascii_case(known) {
            return Ok(known);
        }
    }
    if name.is_empty() || name.eq_ignore_ascii_case("identity") {
        let message = "the message is flagged as compressed, but grpc-encoding names no compression";
        return Err(Refusal { code: Code::Internal, ..Refusal::wrong(StatusCode::BAD_REQUEST, message) });
    }
    let shown: String = name.chars().take(64).collect();
    let message = format!("grpc-encoding `{}` is not known; send {ENCODINGS}", shown.escape_debug());
    Err(Refusal { code: Code::Unimplemented, ..Refusal::wrong(StatusCode::BAD_REQUEST, message) })
}

fn base_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/grpc")),
        (http::HeaderName::from_static("grpc-accept-encoding"), HeaderValue::from_static(ENCODINGS)),
    ])
}

fn message_and_trailers(message: Vec<u8>) -> Response<Body> {
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put_slice(&message);
    let trailers =
        HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"))]);
    let frames =
        [Ok::<_, std::convert::Infallible>(Frame::data(framed.freeze())), Ok(Frame::trailers(trailers))];
    let mut response = Response::new(Body::new(StreamBody::new(futures::stream::iter(frames))));
    *response.headers_mut() = base_headers();
    response
}

fn trailers_only(refusal: &Refusal) -> Response<Body> {
    let mut headers = base_headers();
    headers.insert("grpc-status", HeaderValue::from(u16::from(refusal.code as u8)));
    let mut insert = |name: &'static str, text: String| {
        // Percent-encoding and base64 leave nothing that a header may not hold.
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    };
    insert("grpc-message", percent_encoded(&refusal.message));
    if let Some(seconds) = refusal.retry_after_s {
        let details = response::status_with_retry(refusal.code, &refusal.message, seconds);
        insert("grpc-status-details-bin", STANDARD_NO_PAD.encode(details));
    }
    let mut response = Response::new(Body::empty());
    *response.headers_mut() = headers;
    response
}

/// The text of `grpc-message` (gRPC over HTTP/2, "Percent-Encoded").
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if matches!(byte, 0x20..=0x7e) && byte != b'%' {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames() {
        let check = |bytes: &'static [u8], expected: Result<(&'static [u8], bool), &str>| {
            let expected =
                expected.map(|(message, flag)| (Bytes::from_static(message), flag)).map_err(str::to_owned);
            assert_eq!(unframed(Bytes::from_static(bytes)), expected);
        };
        check(b"\0\0\0\0\0", Ok((b"", false)));
        check(b"\x01\0\0\0\x02ab", Ok((b"ab", true)));
        check(b"\0\0\0\0\x03ab", Err("the message should have 3 bytes and has 2"));
        check(b"\0\0\0\0\x01ab", Err("a unary call has one message, and more came"));
        check(b"\x02\0\0\0\0", Err("the message's flag is 2; 0 and 1 are known"));
        check(b"", Err("the call has 0 bytes; a message begins with 5 for flag and length"));
    }

    #[test]
    fn content_types_and_texts() {
        for (value, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc;x=y", true),
            ("application/grpc-web", false),
            ("application/json", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))]);
            assert_eq!(is_grpc(&headers), expected, "{value}");
        }
        assert_eq!(percent_encoded("100 % \u{b7}\n"), "100 %25 %C2%B7%0A");
    }
}
