//! Requests by number, and a blocking connection that can end at any byte.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

/// Spans of each request.
pub const SPANS: usize = 12;

fn id(request: u64) -> [u8; 16] {
    let mut id = [0x5a; 16];
    // Scattered, so that files overlap in their ids.
    id[..8].copy_from_slice(&request.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    id[8..].copy_from_slice(&(request + 1).to_be_bytes());
    id
}

/// The trace of a request, in hexadecimal.
pub fn trace_id(request: u64) -> String {
    id(request).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The body of a request; the same each time.
pub fn body(request: u64) -> Vec<u8> {
    let start = 1_764_000_000_000_000_000 + request * 1_000_000;
    let spans = (0..SPANS as u64)
        .map(|at| Span {
            trace_id: id(request).to_vec(),
            span_id: (request * 64 + at + 1).to_be_bytes().to_vec(),
            name: format!("span {at}"),
            start_time_unix_nano: start + at,
            end_time_unix_nano: start + at + 1_000,
            ..Span::default()
        })
        .collect();
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

/// A connection that is kept.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a protobuf body; the status of the answer.
    pub fn post(&mut self, path: &str, body: &[u8]) -> io::Result<u16> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.stream.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        self.answer().map(|(status, _)| status)
    }

    /// Status and body.
    pub fn get(&mut self, path: &str) -> io::Result<(u16, Vec<u8>)> {
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\naccept: application/json\r\n\r\n");
        self.stream.get_mut().write_all(head.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<(u16, Vec<u8>)> {
        let broken = || io::Error::other("the answer is no HTTP");
        let status =
            self.line()?.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
        let (mut len, mut chunked) = (0, false);
        loop {
            let line = self.line()?.to_ascii_lowercase();
            match line.split_once(':') {
                None => break,
                Some(("content-length", text)) => len = text.trim().parse().map_err(|_| broken())?,
                Some(("transfer-encoding", _)) => chunked = true,
                Some(_) => {}
            }
        }
        let mut body = Vec::new();
        loop {
            if chunked {
                len = usize::from_str_radix(&self.line()?, 16).map_err(|_| broken())?;
            }
            let at = body.len();
            body.resize(at + len, 0);
            self.stream.read_exact(&mut body[at..])?;
            if !chunked {
                return Ok((status, body));
            }
            self.line()?;
            if len == 0 {
                return Ok((status, body));
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}
