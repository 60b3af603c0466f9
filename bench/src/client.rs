//! One connection to a server, HTTP/1.1 or gRPC over h2, and one request at a time on it.
//!
//! In: an address and bodies. Out: status and body, or for gRPC the status of the trailers. Nothing is compressed and nothing
//! is tried again; the caller decides.

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::Error;

const GRPC_TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// What a request is sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP/HTTP with protobuf.
    Http,
    /// OTLP/gRPC.
    Grpc,
}

/// Where to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// How.
    pub protocol: Protocol,
    /// `HOST:PORT`.
    pub authority: String,
}

impl Address {
    /// Reads `http://HOST:PORT` or `grpc://HOST:PORT`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (protocol, rest) = if let Some(rest) = text.strip_prefix("grpc://") {
            (Protocol::Grpc, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (Protocol::Http, rest)
        } else {
            return Err(format!("`{text}` is no http://HOST:PORT or grpc://HOST:PORT").into());
        };
        Ok(Self { protocol, authority: rest.trim_end_matches('/').to_owned() })
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// Status of HTTP.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

enum Sender {
    Http(http1::SendRequest<Full<Bytes>>),
    Grpc(http2::SendRequest<Full<Bytes>>),
}

/// An open connection.
pub struct Connection {
    sender: Sender,
    authority: String,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("authority", &self.authority).finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects.
    pub async fn open(address: &Address) -> Result<Self, Error> {
        let stream = TcpStream::connect(&address.authority).await?;
        stream.set_nodelay(true)?;
        let io = TokioIo::new(stream);
        let sender = match address.protocol {
            Protocol::Http => {
                let (sender, connection) = http1::handshake(io).await?;
                tokio::spawn(connection);
                Sender::Http(sender)
            }
            Protocol::Grpc => {
                let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                    .initial_stream_window_size(4 << 20)
                    .initial_connection_window_size(8 << 20)
                    .handshake(io)
                    .await?;
                tokio::spawn(connection);
                Sender::Grpc(sender)
            }
        };
        Ok(Self { sender, authority: address.authority.clone() })
    }

    /// Sends a request of spans. `true`: acknowledged; `false`: the server wants it again later.
    pub async fn export(&mut self, body: Bytes) -> Result<bool, Error> {
        match &mut self.sender {
            Sender::Http(sender) => {
                let request = Request::post("/v1/traces")
                    .header("host", &self.authority)
                    .header("content-type", "application/x-protobuf")
                    .body(Full::new(body))?;
                sender.ready().await?;
                let response = sender.send_request(request).await?;
                let status = response.status().as_u16();
                let text = response.into_body().collect().await?.to_bytes();
                match status {
                    200..=299 => Ok(true),
                    429 | 502..=504 => Ok(false),
                    _ => Err(format!("status {status}: {}", String::from_utf8_lossy(&text)).into()),
                }
            }
            Sender::Grpc(sender) => {
                let mut message = BytesMut::with_capacity(body.len() + 5);
                message.put_u8(0);
                message.put_u32(u32::try_from(body.len())?);
                message.put(body);
                let request = Request::post(format!("http://{}{GRPC_TRACES}", self.authority))
                    .header("content-type", "application/grpc")
                    .header("te", "trailers")
                    .body(Full::new(message.freeze()))?;
                sender.ready().await?;
                let response = sender.send_request(request).await?;
                let headers = response.headers().clone();
                let collected = response.into_body().collect().await?;
                let found = |map: &HeaderMap| {
                    let text = |name| map.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
                    map.contains_key("grpc-status")
                        .then(|| (text("grpc-status").to_owned(), text("grpc-message").to_owned()))
                };
                let status = collected.trailers().and_then(found).or_else(|| found(&headers));
                match status {
                    Some((status, _)) if status == "0" => Ok(true),
                    Some((status, _)) if status == "14" || status == "8" => Ok(false),
                    Some((status, message)) => Err(format!("grpc-status {status}: {message}").into()),
                    None => Err("the answer has no grpc-status".into()),
                }
            }
        }
    }

    /// Asks over HTTP/1.1.
    pub async fn ask(&mut self, method: &str, path: &str, body: Bytes) -> Result<Reply, Error> {
        let Sender::Http(sender) = &mut self.sender else {
            return Err("questions go over HTTP".into());
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.authority)
            .header("content-type", "application/json")
            .body(Full::new(body))?;
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        Ok(Reply { status, body: response.into_body().collect().await?.to_bytes() })
    }
}
