//! A blocking HTTP/1.1 connection that can end at any byte.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// An answer; names of headers in lower case.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
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
        let headers = [("content-type", "application/x-protobuf")];
        self.ask("POST", path, &headers, body).map(|reply| reply.status)
    }

    /// Status and body.
    pub fn get(&mut self, path: &str) -> io::Result<(u16, Vec<u8>)> {
        let reply = self.ask("GET", path, &[("accept", "application/json")], b"")?;
        Ok((reply.status, reply.body))
    }

    /// Rows of a question in SQL.
    pub fn sql(&mut self, sql: &str) -> io::Result<serde_json::Value> {
        let body = serde_json::json!({ "sql": sql }).to_string();
        let reply =
            self.ask("POST", "/api/v1/sql", &[("content-type", "application/json")], body.as_bytes())?;
        if reply.status != 200 {
            return Err(io::Error::other(format!("{sql}: {} {}", reply.status, reply.text())));
        }
        Ok(reply.json())
    }

    /// Any request.
    pub fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Reply> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if method != "GET" && method != "HEAD" || !body.is_empty() {
            request.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        self.write(&[request.as_bytes(), body].concat())?;
        self.answer(method == "HEAD")
    }

    /// Sends bytes, whatever they mean.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Reads until the other end closes; a reset is an end, too.
    pub fn rest(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = self.stream.read_to_end(&mut bytes);
        bytes
    }

    /// Reads an answer; one to `HEAD` has no body, whatever its length says.
    pub fn answer(&mut self, is_head: bool) -> io::Result<Reply> {
        let broken = || io::Error::other("the answer is no HTTP");
        let status =
            self.line()?.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut reply = Reply { status, headers, body: Vec::new() };
        if is_head {
            return Ok(reply);
        }
        let chunked = reply.header("transfer-encoding") == Some("chunked");
        let mut len = match reply.header("content-length") {
            Some(text) => text.parse().map_err(|_| broken())?,
            None => 0,
        };
        loop {
            if chunked {
                len = usize::from_str_radix(&self.line()?, 16).map_err(|_| broken())?;
            }
            let at = reply.body.len();
            reply.body.resize(at + len, 0);
            self.stream.read_exact(&mut reply.body[at..])?;
            if !chunked {
                return Ok(reply);
            }
            self.line()?;
            if len == 0 {
                return Ok(reply);
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
