//! Plain clients: HTTP/1.1 and gRPC as senders speak them.

use std::net::SocketAddr;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub trailers: HeaderMap,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).or_else(|| self.trailers.get(name));
        value.and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// One request on a connection of its own.
pub async fn http(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let stream = TcpStream::connect(address).await.expect("connects");
    http_over(stream, method, path, headers, body).await
}

/// The same over a given connection.
pub async fn http_over<S>(stream: S, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("speaks HTTP/1.1");
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(path).header("host", "server.test");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::copy_from_slice(body))).expect("a request");
    let response = sender.send_request(request).await.expect("an answer");
    reply(response).await
}

/// One call of gRPC; `body` is framed already.
pub async fn grpc(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let stream = TcpStream::connect(address).await.expect("connects");
    grpc_over(stream, path, headers, body).await
}

/// The same over a given connection.
pub async fn grpc_over<S>(stream: S, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("speaks HTTP/2");
    tokio::spawn(connection);
    let mut request = Request::builder()
        .method("POST")
        .uri(format!("http://server.test{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::copy_from_slice(body))).expect("a request");
    let response = sender.send_request(request).await.expect("an answer");
    reply(response).await
}

async fn reply(response: http::Response<hyper::body::Incoming>) -> Reply {
    let (parts, body) = response.into_parts();
    let collected = body.collect().await.expect("a whole answer");
    let trailers = collected.trailers().cloned().unwrap_or_default();
    let body = collected.to_bytes().to_vec();
    Reply { status: parts.status.as_u16(), headers: parts.headers, body, trailers }
}

/// A message with its prefix.
pub fn framed(message: &[u8], compressed: bool) -> Vec<u8> {
    let mut framed = BytesMut::new();
    framed.put_u8(u8::from(compressed));
    framed.put_u32(u32::try_from(message.len()).expect("a message of gRPC"));
    framed.put_slice(message);
    framed.to_vec()
}

/// Writes bytes and reads until the other end closes.
pub async fn raw(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(bytes).await.expect("writes");
    let mut answer = Vec::new();
    // A reset is an end, too.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}
