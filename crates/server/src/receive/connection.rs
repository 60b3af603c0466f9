//! One connection: its protocol by the first bytes, its requests, its pace, its end.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::Sender;
use super::first_bytes::{Protocol, PutBack, tell};
use super::pace::{Answer, Pace, Paced, Verdict};
use super::tls::ALERT_HANDSHAKE_FAILURE;
use crate::shared::Shared;
use crate::wiring::routes::Service;

/// Bytes of one HTTP/2 stream that may be on their way: a batch of spans fits.
const STREAM_WINDOW_BYTES: u32 = 2 << 20;
/// The same of a whole connection.
const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;
/// Largest HTTP/2 frame that is taken.
const FRAME_BYTES: u32 = 64 << 10;
/// Requests at one time on a connection.
const STREAMS_MAX: u32 = 256;
/// Largest head of an HTTP/2 request.
const HEAD_BYTES_MAX: u32 = 64 << 10;
/// How often a silent HTTP/2 connection is asked whether it lives, and how long it may take to say so.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// See [`PING_INTERVAL`].
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves a connection to its end.
pub async fn serve(
    shared: &Arc<Shared>,
    sender: Sender,
    mut stream: TcpStream,
    service: Arc<Service>,
    tls: Option<TlsAcceptor>,
    mut stop: watch::Receiver<bool>,
) {
    let Some((protocol, first)) = first_bytes(shared, &mut stream, &mut stop).await else { return };
    let stream = PutBack::new(first, stream);
    if protocol != Protocol::Tls {
        if shared.config.tls_required && sender.listener.takes_tls() {
            refuse_plain(shared, sender);
            return;
        }
        requests(shared, sender, stream, protocol, service, stop).await;
        return;
    }
    let Some(tls) = tls else {
        refuse_tls(shared, sender, stream).await;
        return;
    };
    let connections = &shared.monitor.connections;
    match tokio::time::timeout(shared.config.limits.header_timeout, tls.accept(stream)).await {
        Err(_) => {
            connections.slow.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Err(error)) => {
            connections.tls_refused.fetch_add(1, Ordering::Relaxed);
            if shared.monitor.told.is_due("tls handshake", sender.peer.ip()) {
                tracing::warn!(peer = %sender.peer, listener = sender.listener.name(), %error,
                    "a TLS handshake failed; the sender must trust the certificate of `tls.certificate`");
            }
        }
        Ok(Ok(mut stream)) => {
            let Some((protocol, first)) = first_bytes(shared, &mut stream, &mut stop).await else { return };
            requests(shared, sender, PutBack::new(first, stream), protocol, service, stop).await;
        }
    }
}

/// The first bytes within their time; `None` ends the connection.
async fn first_bytes<S: AsyncRead + Unpin>(
    shared: &Shared,
    stream: &mut S,
    stop: &mut watch::Receiver<bool>,
) -> Option<(Protocol, bytes::Bytes)> {
    let told = tokio::select! {
        told = tokio::time::timeout(shared.config.limits.header_timeout, tell(stream)) => told,
        _ = stop.wait_for(|stop| *stop) => return None,
    };
    match told {
        // A connection that breaks before a word is nobody's loss.
        Ok(told) => told.ok().flatten(),
        Err(_) => {
            shared.monitor.connections.slow.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}

async fn refuse_tls<S: AsyncWrite + Unpin>(shared: &Shared, sender: Sender, mut stream: S) {
    shared.monitor.connections.tls_refused.fetch_add(1, Ordering::Relaxed);
    let name = sender.listener.name();
    if shared.monitor.told.is_due("tls", sender.peer.ip()) {
        let remedy = if sender.listener.takes_tls() {
            "write `http://` in the sender's endpoint (or set OTEL_EXPORTER_OTLP_INSECURE=true), or give this server a certificate with `tls.certificate` and `tls.key`"
        } else {
            "this listener speaks plain HTTP only: write `http://`"
        };
        tracing::warn!(peer = %sender.peer, listener = name, "TLS came to `{name}`, which has no certificate; {remedy}");
    }
    // The sender may be gone; then there is nobody to tell.
    let _ = stream.write_all(&ALERT_HANDSHAKE_FAILURE).await;
    let _ = stream.shutdown().await;
}

fn refuse_plain(shared: &Shared, sender: Sender) {
    shared.monitor.connections.tls_refused.fetch_add(1, Ordering::Relaxed);
    if shared.monitor.told.is_due("plain", sender.peer.ip()) {
        tracing::warn!(peer = %sender.peer, listener = sender.listener.name(),
            "a plain connection was closed because `tls.required` is on; write `https://` in the sender's endpoint");
    }
}

/// Serves the requests of a connection whose protocol is clear.
async fn requests<S>(
    shared: &Arc<Shared>,
    sender: Sender,
    stream: S,
    protocol: Protocol,
    service: Arc<Service>,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = &shared.config.limits;
    let pace = Pace::new(Instant::now());
    let noted = pace.clone();
    let answer = service_fn(move |request: Request<Incoming>| {
        let in_request = noted.request();
        let service = Arc::clone(&service);
        async move {
            let response: Response<Body> = service.answer(sender, request.map(Body::new)).await;
            Ok::<_, Infallible>(response.map(|body| Answer::new(body, in_request)))
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None);
    builder
        .http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    let builder = if protocol == Protocol::Http2 { builder.http2_only() } else { builder.http1_only() };
    let serving = builder.serve_connection(TokioIo::new(Paced::new(stream, pace.clone())), answer);
    let mut serving = std::pin::pin!(serving);
    let tick = (limits.header_timeout.min(limits.idle_timeout) / 4)
        .clamp(Duration::from_millis(20), Duration::from_secs(5));
    let mut tick = tokio::time::interval(tick);
    let mut ending: Option<Instant> = None;
    loop {
        tokio::select! {
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(peer = %sender.peer, %error, "a connection ended badly");
                }
                return;
            }
            _ = stop.wait_for(|stop| *stop), if ending.is_none() => {
                serving.as_mut().graceful_shutdown();
                ending = Some(Instant::now());
            }
            _ = tick.tick() => {
                let now = Instant::now();
                if ending.is_some_and(|since| now.duration_since(since) > limits.drain_timeout) {
                    return;
                }
                match pace.verdict(now, protocol == Protocol::Http1, limits) {
                    Verdict::Fine => {}
                    Verdict::SlowHead => {
                        shared.monitor.connections.slow.fetch_add(1, Ordering::Relaxed);
                        return;
                    }
                    Verdict::Unused if ending.is_none() => {
                        serving.as_mut().graceful_shutdown();
                        ending = Some(now);
                    }
                    Verdict::Unused => {}
                }
            }
        }
    }
}
