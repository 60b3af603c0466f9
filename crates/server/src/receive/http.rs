//! OTLP/HTTP: one POST, one answer in the request's own format.
//!
//! In: requests to a path of OTLP, right or healed. Out: 200 with a partial success, or a `google.rpc.Status`
//! (OTLP specification, "OTLP/HTTP response"). Preflights of browsers are answered here, too.

use std::sync::atomic::Ordering;

use axum::body::Body;
use bytes::Bytes;
use decode::request::Format;
use decode::response;
use http::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::ext::ReasonPhrase;
use model::{DropReason, Signal};

use super::append::{Framed, append, open_store};
use super::cors::{self, Page};
use super::path::Meant;
use super::refusal::Refusal;
use super::{Sender, body, guess, tenant};
use crate::selfmon::Transport;
use crate::shared::Shared;

/// Answers a request whose path means something.
pub async fn answer(shared: &Shared, sender: Sender, meant: Meant, request: Request<Body>) -> Response<Body> {
    let page = cors::page(request.headers(), &shared.config.cors_origins);
    if cors::is_preflight(request.method(), request.headers()) {
        return preflight(shared, sender, page, request.headers());
    }
    let origin = match page {
        Page::Allowed(origin) => Some(origin),
        Page::None | Page::Refused => None,
    };
    let mut response = post(shared, sender, meant, request).await;
    cors::mark(origin, response.headers_mut());
    response
}

fn preflight(shared: &Shared, sender: Sender, page: Page, asked: &HeaderMap) -> Response<Body> {
    let Page::Allowed(origin) = page else {
        shared.monitor.preflights_refused.fetch_add(1, Ordering::Relaxed);
        if shared.monitor.told.is_due("preflight", sender.peer.ip()) {
            let origin =
                asked.get(http::header::ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or("");
            tracing::warn!(origin, peer = %sender.peer,
                "a browser asked whether this page may send telemetry and was refused; add the page to `cors.allowed_origins`");
        }
        let text = "this page may not send here; add its origin to `cors.allowed_origins` of the server\n";
        return plain(StatusCode::FORBIDDEN, text);
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    cors::permit(asked, origin, response.headers_mut());
    response
}

async fn post(shared: &Shared, sender: Sender, meant: Meant, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let content_type =
        parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let format = Format::of_content_type(content_type);
    let signal = match meant {
        Meant::Signal { signal, .. } => Some(signal),
        Meant::Root | Meant::Nothing => None,
    };
    if parts.method != Method::POST {
        let refusal =
            Refusal::wrong(StatusCode::METHOD_NOT_ALLOWED, "405 method not allowed, supported: [POST]");
        let mut response = refuse(format.unwrap_or(Format::Json), &refusal);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let Some(format) = format else {
        shared.monitor.count_refused(signal, DropReason::ContentType);
        body::discard(body, &shared.config.limits).await;
        let shown: String = content_type.chars().take(100).collect();
        let message = format!(
            "415 unsupported media type `{}`, supported: [application/json, application/x-protobuf]",
            shown.escape_debug()
        );
        return refuse(Format::Json, &Refusal::wrong(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    };
    match keep(shared, sender, meant, format, &parts.headers, body).await {
        Ok((signal, receipt)) => with_body(
            StatusCode::OK,
            format.content_type(),
            response::partial(signal, format, &receipt.rejected),
        ),
        Err(refusal) => refuse(format, &refusal),
    }
}

async fn keep(
    shared: &Shared,
    sender: Sender,
    meant: Meant,
    format: Format,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Signal, store::Receipt), Refusal> {
    let limits = &shared.config.limits;
    let (known, healed) = match meant {
        Meant::Signal { signal, healed } => (Some(signal), healed),
        Meant::Root | Meant::Nothing => (None, Some("root")),
    };
    if open_store(shared).is_none() {
        shared.monitor.count_refused(known, DropReason::Unavailable);
        body::discard(body, limits).await;
        return Err(Refusal::not_open(shared.monitor.phase()));
    }
    let tenant = match tenant::of_sender(shared, headers) {
        Ok(tenant) => tenant,
        Err(message) => {
            shared.monitor.count_refused(known, DropReason::InvalidTenant);
            body::discard(body, limits).await;
            return Err(Refusal::wrong(StatusCode::BAD_REQUEST, message));
        }
    };
    if let Some(signal) = known
        && signal != Signal::Traces
    {
        body::discard(body, limits).await;
        return Err(not_available(shared, signal));
    }
    let encoding = content_encoding(headers);
    let mut reservation = shared.budget.reservation();
    let body = body::read(body, limits.body_bytes_max, limits, &mut reservation).await.map_err(|error| {
        shared.monitor.count_refused(known, error.reason());
        Refusal::from(error)
    })?;
    let signal = match known {
        Some(signal) => signal,
        None => match guessed(shared, format, &encoding, &body).await {
            Some(Signal::Traces) => Signal::Traces,
            Some(signal) => return Err(not_available(shared, signal)),
            None => {
                shared.monitor.count_refused(None, DropReason::UnknownPath);
                let message = "nothing of OTLP is at this path, and the body does not tell what it is; send to /v1/traces";
                return Err(Refusal::wrong(StatusCode::NOT_FOUND, message));
            }
        },
    };
    if let Some(what) = healed {
        note_healed(shared, sender, what, signal);
    }
    let framed = Framed { tenant, signal, format, encoding, body, transport: Transport::Http };
    Ok((signal, append(shared, framed).await?))
}

/// Counts and tells that a request came to a wrong place and was taken.
pub fn note_healed(shared: &Shared, sender: Sender, what: &'static str, signal: Signal) {
    shared.monitor.count_healed(what);
    if shared.monitor.told.is_due(what, sender.peer.ip()) {
        let upper = signal.as_str().to_ascii_uppercase();
        let remedy = match what {
            "query" => "the endpoint has a query, which has no meaning here: leave it out".to_owned(),
            "doubled" => format!(
                "the endpoint has the path already: leave it out of OTEL_EXPORTER_OTLP_ENDPOINT, or use OTEL_EXPORTER_OTLP_{upper}_ENDPOINT for it"
            ),
            "root" => format!("OTEL_EXPORTER_OTLP_{upper}_ENDPOINT must end in /v1/{signal}"),
            "prefix" => "leave the prefix before /v1 out of the endpoint".to_owned(),
            "port" => "send OTLP to the port of `otlp-http`, `otlp-grpc` or `main`".to_owned(),
            _ => format!("the path is /v1/{signal} without more slashes"),
        };
        tracing::warn!(peer = %sender.peer, listener = sender.listener.name(), what,
            "{signal} came to a wrong place and were taken all the same; {remedy}");
    }
}

fn not_available(shared: &Shared, signal: Signal) -> Refusal {
    shared.monitor.count_refused(Some(signal), DropReason::SignalNotAvailable);
    Refusal::not_available(signal)
}

async fn guessed(shared: &Shared, format: Format, encoding: &str, body: &Bytes) -> Option<Signal> {
    let max = shared.config.limits.body_bytes_max;
    let _room = shared.budget.decoding(encoding, body.len(), max).await.ok()?;
    let plain = decode::body::decompress(encoding, body.clone(), max).ok()?;
    guess::signal(format, &plain)
}

/// The content encoding as sent; several of them become one name that nobody knows.
fn content_encoding(headers: &HeaderMap) -> String {
    let values: Vec<&str> =
        headers.get_all(CONTENT_ENCODING).iter().filter_map(|value| value.to_str().ok()).collect();
    values.join(", ").chars().take(200).collect()
}

/// A refusal in the request's format.
pub fn refuse(format: Format, refusal: &Refusal) -> Response<Body> {
    let body = response::status(format, refusal.code, &refusal.message);
    let mut response = with_body(refusal.status, format.content_type(), body);
    if let Some(seconds) = refusal.retry_after_s {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if refusal.code == response::Code::Unimplemented {
        // SDKs print the reason phrase and not the body.
        response.extensions_mut().insert(ReasonPhrase::from_static(b"Not available in this version"));
    }
    response
}

fn with_body(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A plain text for people.
pub fn plain(status: StatusCode, text: impl Into<String>) -> Response<Body> {
    with_body(status, "text/plain; charset=utf-8", text.into().into_bytes())
}
