//! The page that stands where Jaeger serves its UI.
//!
//! Out: a page that says what is here and where the UI will be. It carries the capabilities in the line in which
//! Jaeger's own page tells them, so that scripts which look for it read the truth: there is no archive, there are
//! no metrics of spans, and a search needs no service.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use crate::api::response::{HTML, with_body};

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<meta charset="UTF-8">
<title>Throughline: Jaeger API</title>
<body style="max-width: 700px; margin: 0 auto; font-family: sans-serif;">
<h1>Jaeger API</h1>
<p>This address answers the HTTP API of Jaeger: <code>/api/services</code>, <code>/api/traces</code>,
<code>/api/v3/trace-summaries</code> and the rest. Point Grafana's Jaeger data source here.</p>
<p>The user interface is not part of this version; it will be served at this place.</p>
<script>
const JAEGER_BACKEND_CAPABILITIES = {"archiveStorage":false,"metricsStorage":false,"searchWithoutServiceName":true,"aiAssistant":false};
const JAEGER_STORAGE_CAPABILITIES = {"archiveStorage":false,"metricsStorage":false};
</script>
</body>
</html>
"#;

/// Whether a path is one of the UI's own addresses, all of which the one page answers.
pub fn is_route(segments: &[&str]) -> bool {
    matches!(
        segments,
        [""] | ["search" | "dependencies" | "deep-dependencies" | "quality-metrics" | "monitor"]
            | ["trace", _]
    )
}

/// The page.
pub fn answer() -> Response<Body> {
    with_body(StatusCode::OK, HTML, PAGE)
}
