//! The web UI out of the binary: hashed assets for ever, `index.html` for every page of it.
//!
//! In: a path and what encodings the client takes. Out: a file as it was built, compressed if that helps, with the headers that keep
//! a page to its own origin. Without a built UI nothing is answered here, and [`crate::page`] stands in.

use axum::body::Body;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, Response};

/// One file.
#[derive(Debug)]
struct Asset {
    path: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

const ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/ui.rs"));

/// Keeps scripts, styles, images and calls to this server alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; \
                      connect-src 'self'; worker-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

/// Whether the binary has the UI.
pub fn is_built() -> bool {
    ASSETS.iter().any(|asset| asset.path == "index.html")
}

/// The file of a path, or the UI's one page for a path that is none of a file; `None` for paths of other parts of the server.
pub fn answer(path: &str, headers: &HeaderMap) -> Option<Response<Body>> {
    let name = path.trim_start_matches('/');
    if let Some(asset) = ASSETS.iter().find(|asset| asset.path == name) {
        return Some(file(asset, headers));
    }
    let index = ASSETS.iter().find(|asset| asset.path == "index.html")?;
    let last = name.rsplit('/').next().unwrap_or_default();
    (!is_taken(name) && !last.contains('.')).then(|| file(index, headers))
}

/// Whether another part of the server answers below the first segment.
fn is_taken(name: &str) -> bool {
    let first = name.split('/').next().unwrap_or_default();
    matches!(
        first,
        "api"
            | "v1"
            | "otlp"
            | "jaeger"
            | "tempo"
            | "loki"
            | "prometheus"
            | "zipkin"
            | "metrics"
            | "healthz"
            | "readyz"
            | "assets"
    )
}

fn file(asset: &Asset, headers: &HeaderMap) -> Response<Body> {
    let takes = |coding: &str| {
        let all = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let mut codings =
            all.flat_map(|value| value.split(',')).map(|one| one.split(';').next().unwrap_or_default());
        codings.any(|one| one.trim().eq_ignore_ascii_case(coding))
    };
    let (bytes, coding) = match (asset.brotli, asset.gzip) {
        (Some(brotli), _) if takes("br") => (brotli, Some("br")),
        (_, Some(gzip)) if takes("gzip") => (gzip, Some("gzip")),
        _ => (asset.plain, None),
    };
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(asset.path)));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(coding) = coding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    // The names of assets hold a hash of their content; those of the others stay and their content does not.
    let kept =
        if asset.path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    headers.insert("content-security-policy", HeaderValue::from_static(POLICY));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.insert("referrer-policy", HeaderValue::from_static("same-origin"));
    headers.insert("x-frame-options", HeaderValue::from_static("DENY"));
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "txt" => "text/plain; charset=utf-8",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_parts_of_the_server_keep_their_paths() {
        for path in ["/api/v1/none", "/v1/traces", "/jaeger/search", "/metrics", "/assets/gone-123.js"] {
            assert!(answer(path, &HeaderMap::new()).is_none(), "{path}");
        }
        for path in ["/", "/topology", "/trace/4bf92f3577b34da6a3ce929d0e0e4736"] {
            assert_eq!(answer(path, &HeaderMap::new()).is_some(), is_built(), "{path}");
        }
    }
}
