//! Answers as a stream of frames, one JSON object a line: `meta`, `rows`, `progress`, `warning`, `error`, `end`.
//!
//! The first frame is `meta`, the last one `end` or `error`; a stream without either was cut. While nothing else comes, a `progress` frame
//! comes each second.

use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use futures::Stream;
use http::header::ACCEPT;
use http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::ApiError;
use crate::api::response::with_body;

/// Content type of frames.
pub(super) const NDJSON: &str = "application/x-ndjson";

/// Time between two frames of progress.
const PROGRESS: Duration = Duration::from_secs(1);

/// Whether the client asks for this content type.
pub(super) fn asks_for(headers: &HeaderMap, content_type: &str) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .any(|range| range.trim().eq_ignore_ascii_case(content_type))
}

/// Sends the frames of one answer; the client is gone when sending fails.
#[derive(Debug)]
pub(super) struct Frames {
    to: mpsc::Sender<Bytes>,
    started: Instant,
}

impl Frames {
    /// Sends one frame. `false` means that nobody listens any more.
    pub(super) async fn send(&self, name: &str, content: Value) -> bool {
        let mut line = json!({ name: content }).to_string();
        line.push('\n');
        self.to.send(line.into()).await.is_ok()
    }

    /// Sends the refusal that ends the stream.
    pub(super) async fn fail(&self, error: &ApiError) {
        self.send("error", json!(error.envelope().error)).await;
    }

    /// Waits for work, telling the progress each second; `None` when the client left, which cancels the work.
    pub(super) async fn while_working<T>(
        &self,
        work: impl Future<Output = T>,
        progress: impl Fn() -> Value,
    ) -> Option<T> {
        let mut work = std::pin::pin!(work);
        let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + PROGRESS, PROGRESS);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                () = self.to.closed() => return None,
                _ = tick.tick() => {
                    if !self.send("progress", progress()).await {
                        return None;
                    }
                }
            }
        }
    }

    /// Time since the request, nanoseconds.
    pub(super) fn elapsed_nano(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// An answer whose frames `work` sends.
pub(super) fn answer<F, W>(work: F) -> Response<Body>
where
    F: FnOnce(Frames) -> W,
    W: Future<Output = ()> + Send + 'static,
{
    let (to, from) = mpsc::channel(4);
    tokio::spawn(work(Frames { to, started: Instant::now() }));
    let lines = tokio_stream::wrappers::ReceiverStream::new(from);
    with_body(StatusCode::OK, NDJSON, Body::from_stream(infallible(lines)))
}

fn infallible(
    lines: impl Stream<Item = Bytes>,
) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> {
    futures::StreamExt::map(lines, Ok)
}
