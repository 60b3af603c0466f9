//! What a connection speaks, told by its first bytes: TLS, HTTP/2 with prior knowledge, or HTTP/1.
//!
//! In: a fresh connection. Out: its protocol and the connection with those bytes put back.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What every HTTP/2 connection begins with (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// First byte of a TLS handshake record (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A ClientHello.
    Tls,
    /// HTTP/2.
    Http2,
    /// Everything else; HTTP/1 says 400 to what it does not understand.
    Http1,
}

/// Reads until the protocol is clear; `None` when the other end closed without a word.
///
/// # Errors
/// Those of the connection.
pub async fn tell<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<(Protocol, Bytes)>> {
    let mut read = Vec::with_capacity(HTTP2_PREFACE.len());
    loop {
        let mut rest = [0u8; HTTP2_PREFACE.len()];
        let want = HTTP2_PREFACE.len() - read.len();
        let got = stream.read(&mut rest[..want]).await?;
        read.extend_from_slice(&rest[..got]);
        let protocol = match read.first() {
            None => return Ok(None),
            Some(&TLS_HANDSHAKE) => Protocol::Tls,
            Some(_) if read == HTTP2_PREFACE => Protocol::Http2,
            Some(_) if got > 0 && HTTP2_PREFACE.starts_with(&read) => continue,
            Some(_) => Protocol::Http1,
        };
        return Ok(Some((protocol, read.into())));
    }
}

/// A connection whose first bytes were read and are read again.
#[derive(Debug)]
pub struct PutBack<S> {
    first: Bytes,
    inner: S,
}

impl<S> PutBack<S> {
    /// Puts `first` before what `inner` still holds.
    pub fn new(first: Bytes, inner: S) -> Self {
        Self { first, inner }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PutBack<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let len = self.first.len().min(buf.remaining());
        buf.put_slice(&self.first[..len]);
        self.first.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PutBack<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn protocols() {
        let check = async |bytes: &'static [u8], expected: Option<Protocol>| {
            let mut stream = bytes;
            let told = tell(&mut stream).await.expect("reads from memory");
            assert_eq!(told.as_ref().map(|(protocol, _)| *protocol), expected, "{bytes:?}");
            let (_, first) = told.unwrap_or((Protocol::Http1, Bytes::new()));
            let mut whole = Vec::new();
            PutBack::new(first, stream).read_to_end(&mut whole).await.expect("reads from memory");
            assert_eq!(whole, bytes);
        };
        check(b"", None).await;
        check(b"\x16\x03\x01", Some(Protocol::Tls)).await;
        check(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0", Some(Protocol::Http2)).await;
        check(b"POST /v1/traces HTTP/1.1\r\n", Some(Protocol::Http1)).await;
        check(b"PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n", Some(Protocol::Http1)).await;
        check(b"PRI", Some(Protocol::Http1)).await;
        check(b"G", Some(Protocol::Http1)).await;
    }
}
