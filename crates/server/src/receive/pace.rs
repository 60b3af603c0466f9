//! Watching a connection's pace: heads that trickle in, and connections that nobody uses.
//!
//! The protocol library's own head timer runs while a kept connection merely rests, and would cut senders off that export
//! every few seconds; this one starts with the first byte of a head.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::config::Limits;

/// What a connection does.
#[derive(Debug, Clone)]
pub struct Pace {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    requests: usize,
    resting_since: Instant,
    head_since: Option<Instant>,
}

/// What is to be done about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Fine,
    /// A head takes too long.
    SlowHead,
    /// Nobody uses it.
    Unused,
}

impl Pace {
    /// A new connection, whose first head has begun.
    pub fn new(now: Instant) -> Self {
        let state = State { requests: 0, resting_since: now, head_since: None };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Notes that bytes came; without a request in flight they are a head's.
    fn bytes_came(&self) {
        let mut state = self.lock();
        if state.requests == 0 {
            state.head_since.get_or_insert_with(Instant::now);
        }
    }

    /// A head is complete and its request begins.
    pub fn request(&self) -> InRequest {
        let mut state = self.lock();
        state.requests += 1;
        state.head_since = None;
        InRequest { pace: self.clone() }
    }

    /// What is to be done at `now`. `heads` says whether bytes between requests are heads, which they are in HTTP/1 only.
    pub fn verdict(&self, now: Instant, heads: bool, limits: &Limits) -> Verdict {
        let state = self.lock();
        if state.requests > 0 {
            return Verdict::Fine;
        }
        let over = |since: Instant, limit: Duration| now.saturating_duration_since(since) > limit;
        if heads && state.head_since.is_some_and(|since| over(since, limits.header_timeout)) {
            return Verdict::SlowHead;
        }
        if over(state.resting_since, limits.idle_timeout) { Verdict::Unused } else { Verdict::Fine }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in flight, until its answer is sent.
#[derive(Debug)]
pub struct InRequest {
    pace: Pace,
}

impl Drop for InRequest {
    fn drop(&mut self) {
        let mut state = self.pace.lock();
        state.requests -= 1;
        state.resting_since = Instant::now();
    }
}

/// A connection whose reads are noted.
#[derive(Debug)]
pub struct Paced<S> {
    inner: S,
    pace: Pace,
}

impl<S> Paced<S> {
    /// Notes the reads of `inner`.
    pub fn new(inner: S, pace: Pace) -> Self {
        Self { inner, pace }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.pace.bytes_came();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
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

/// An answer that keeps its request in flight until it is sent.
#[derive(Debug)]
pub struct Answer {
    body: Body,
    _in_request: InRequest,
}

impl Answer {
    /// Ties a body to its request.
    pub fn new(body: Body, in_request: InRequest) -> Self {
        Self { body, _in_request: in_request }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_rests() {
        let limits = Limits {
            body_bytes_max: 1,
            in_flight_bytes_max: 1,
            decoding_bytes_max: 1,
            connections_max: 1,
            header_timeout: Duration::from_secs(10),
            body_idle_timeout: Duration::from_secs(1),
            body_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(600),
            drain_timeout: Duration::from_secs(1),
        };
        let start = Instant::now();
        let pace = Pace::new(start);
        let check = |seconds: u64, heads: bool, expected: Verdict| {
            let now = Instant::now() + Duration::from_secs(seconds);
            assert_eq!(pace.verdict(now, heads, &limits), expected, "{seconds} {heads}");
        };
        check(11, true, Verdict::Fine);
        check(601, true, Verdict::Unused);
        pace.bytes_came();
        check(11, true, Verdict::SlowHead);
        check(11, false, Verdict::Fine);
        let request = pace.request();
        pace.bytes_came();
        check(10_000, true, Verdict::Fine);
        drop(request);
        check(500, true, Verdict::Fine);
        check(601, false, Verdict::Unused);
    }
}
