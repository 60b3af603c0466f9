//! Sending recorded requests: one HTTP/1.1 and one HTTP/2 connection, made anew where a request broke its own.

use std::convert::Infallible;
use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Request};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::Outcome;
use super::recording::{Recorded, Transport};

/// Size of the pieces of a body that was sent in chunks.
const CHUNK_BYTES: usize = 64 << 10;

/// A server to send to.
#[derive(Debug, Clone)]
pub struct Target {
    authority: String,
}

/// The sender broke off here.
#[derive(Debug)]
struct BrokeOff;

impl fmt::Display for BrokeOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the recorded sender broke off here")
    }
}

impl std::error::Error for BrokeOff {}

type Body = UnsyncBoxBody<Bytes, BrokeOff>;

impl Target {
    /// Reads `http://HOST:PORT`.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no address to send to: write it like `http://127.0.0.1:4318`");
        let url = url::Url::parse(text).map_err(|_| wrong())?;
        if url.scheme() != "http" {
            return Err(wrong());
        }
        let host = url.host_str().ok_or_else(wrong)?;
        let port = url.port_or_known_default().ok_or_else(wrong)?;
        Ok(Self { authority: format!("{host}:{port}") })
    }

    async fn connect(&self) -> Result<TokioIo<TcpStream>, String> {
        let stream = TcpStream::connect(&self.authority)
            .await
            .map_err(|error| format!("connecting to {}: {error}", self.authority))?;
        // A socket that refuses is told by the first write.
        let _ = stream.set_nodelay(true);
        Ok(TokioIo::new(stream))
    }
}

/// The connections to a server.
struct Connections<'a> {
    target: &'a Target,
    http1: Option<http1::SendRequest<Body>>,
    http2: Option<http2::SendRequest<Body>>,
}

/// Sends requests in their order.
///
/// # Errors
/// When the server cannot be reached; what it answers is counted, whatever it is.
pub async fn all(target: &Target, requests: &[Recorded], outcome: &mut Outcome) -> Result<(), String> {
    let mut connections = Connections { target, http1: None, http2: None };
    for recorded in requests {
        let is_otlp = recorded.protocol.starts_with("otlp/") || recorded.protocol == "CORS preflight";
        let answer = match recorded.transport {
            _ if !is_otlp => None,
            Transport::Http1 => Some(connections.send_http1(recorded).await?),
            Transport::Grpc => Some(connections.send_grpc(recorded).await?),
            Transport::Other => None,
        };
        match answer {
            Some(answer) => *outcome.answers.entry(answer).or_default() += 1,
            None => *outcome.left_out.entry(recorded.protocol.clone()).or_default() += 1,
        }
    }
    Ok(())
}

impl Connections<'_> {
    async fn send_http1(&mut self, recorded: &Recorded) -> Result<String, String> {
        let mut kept = self.http1.take();
        if let Some(sender) = &mut kept
            && sender.ready().await.is_err()
        {
            // The server closed it after the last answer.
            kept = None;
        }
        let mut sender = match kept {
            Some(sender) => sender,
            None => {
                let (sender, connection) = http1::Builder::new()
                    .preserve_header_case(true)
                    .handshake(self.target.connect().await?)
                    .await
                    .map_err(told)?;
                tokio::spawn(connection);
                sender
            }
        };
        let request = request(recorded, recorded.path.clone(), &self.target.authority)?;
        let response = match sender.send_request(request).await {
            Ok(response) => response,
            Err(_) if recorded.incomplete => return Ok("cut".to_owned()),
            Err(error) => return Err(told(error)),
        };
        let status = response.status().as_u16();
        response.into_body().collect().await.map_err(told)?;
        if !recorded.incomplete {
            self.http1 = Some(sender);
        }
        Ok(format!("http {status}"))
    }

    async fn send_grpc(&mut self, recorded: &Recorded) -> Result<String, String> {
        let mut kept = self.http2.take();
        if let Some(sender) = &mut kept
            && sender.ready().await.is_err()
        {
            kept = None;
        }
        let mut sender = match kept {
            Some(sender) => sender,
            None => {
                let io = self.target.connect().await?;
                let (sender, connection) =
                    http2::Builder::new(TokioExecutor::new()).handshake(io).await.map_err(told)?;
                tokio::spawn(connection);
                sender
            }
        };
        let uri = format!("http://{}{}", self.target.authority, recorded.path);
        let request = request(recorded, uri, &self.target.authority)?;
        let response = match sender.send_request(request).await {
            Ok(response) => response,
            Err(_) if recorded.incomplete => return Ok("cut".to_owned()),
            Err(error) => return Err(told(error)),
        };
        let status = |headers: &http::HeaderMap| {
            headers.get("grpc-status").and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let at_once = status(response.headers());
        let collected = response.into_body().collect().await.map_err(told)?;
        let in_trailers = collected.trailers().and_then(status);
        self.http2 = Some(sender);
        Ok(format!("grpc {}", at_once.or(in_trailers).unwrap_or_else(|| "without status".to_owned())))
    }
}

fn told(error: hyper::Error) -> String {
    let cause = std::error::Error::source(&error).map_or(String::new(), |cause| format!(": {cause}"));
    format!("{error}{cause}")
}

/// The request with its recorded headers. Length and chunks are the body's own business, but for a request that was cut, whose
/// length is the promise that it broke; the host is the server's.
fn request(recorded: &Recorded, uri: String, authority: &str) -> Result<Request<Body>, String> {
    let uri = if uri.is_empty() { "/".to_owned() } else { uri };
    let mut request = Request::new(body(recorded));
    *request.method_mut() = recorded.method.parse().map_err(|_| format!("method `{}`", recorded.method))?;
    *request.uri_mut() = uri.parse().map_err(|error| format!("path `{uri}`: {error}"))?;
    let headers = request.headers_mut();
    for (name, value) in &recorded.headers {
        let name: HeaderName = name.parse().map_err(|error| format!("header `{name}`: {error}"))?;
        let is_hop = [HOST, TRANSFER_ENCODING, http::header::CONNECTION].contains(&name)
            || (name == CONTENT_LENGTH && (recorded.transport == Transport::Grpc || !recorded.incomplete));
        if !is_hop {
            headers.append(
                name,
                HeaderValue::from_bytes(value.as_bytes()).map_err(|error| format!("header: {error}"))?,
            );
        }
    }
    if recorded.transport == Transport::Http1 {
        let host = HeaderValue::from_str(authority).map_err(|error| error.to_string())?;
        headers.insert(HOST, host);
    }
    Ok(request)
}

fn body(recorded: &Recorded) -> Body {
    let bytes = Bytes::from(recorded.body.clone());
    let is_chunked = recorded.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("transfer-encoding"));
    if recorded.incomplete {
        let frames = [Ok(Frame::data(bytes)), Err(BrokeOff)];
        return StreamBody::new(futures::stream::iter(frames)).boxed_unsync();
    }
    if is_chunked {
        let chunks: Vec<_> =
            bytes.chunks(CHUNK_BYTES).map(|chunk| Ok(Frame::data(bytes.slice_ref(chunk)))).collect();
        return StreamBody::new(futures::stream::iter(chunks)).boxed_unsync();
    }
    Full::new(bytes).map_err(|never: Infallible| match never {}).boxed_unsync()
}
