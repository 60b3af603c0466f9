//! Which pages of browsers may send: preflights and the headers of answers (Fetch standard, "CORS protocol").

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};
use std::net::IpAddr;

use crate::config::Origin;

/// Seconds for which browsers remember a preflight.
const REMEMBER_S: &str = "7200";

/// What the page of a request may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// No browser's page is named.
    None,
    /// It may send; the value goes into the answer.
    Allowed(HeaderValue),
    /// It may not.
    Refused,
}

/// Judges the `Origin` of a request.
pub fn page(headers: &HeaderMap, allowed: &[Origin]) -> Page {
    let Some(value) = headers.get(ORIGIN) else { return Page::None };
    let Ok(text) = value.to_str() else { return Page::Refused };
    let may = allowed.iter().any(|origin| match origin {
        Origin::Any => true,
        Origin::Loopback => is_loopback(text),
        Origin::Exact(exact) => exact.eq_ignore_ascii_case(text),
    });
    if may { Page::Allowed(value.clone()) } else { Page::Refused }
}

/// Whether a browser asks what it may send.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Writes the permission of a preflight.
pub fn permit(asked: &HeaderMap, origin: HeaderValue, answer: &mut HeaderMap) {
    mark(Some(origin), answer);
    answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    let headers = asked.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, headers.unwrap_or(HeaderValue::from_static("content-type")));
    answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(REMEMBER_S));
    // A page from a public address asks this before it may reach a private one.
    if asked.contains_key("access-control-request-private-network") {
        answer.insert("access-control-allow-private-network", HeaderValue::from_static("true"));
    }
}

/// Lets an allowed page read an answer.
pub fn mark(origin: Option<HeaderValue>, answer: &mut HeaderMap) {
    if let Some(origin) = origin {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
        answer.append(VARY, HeaderValue::from_static("origin"));
    }
}

fn is_loopback(origin: &str) -> bool {
    let Ok(url) = url::Url::parse(origin) else { return false };
    if !matches!(url.scheme(), "http" | "https") {
        return false;
    }
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(url::Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let check = |origin: &str, allowed: &[Origin], may: bool| {
            let value = HeaderValue::from_str(origin).expect("a header");
            let headers = HeaderMap::from_iter([(ORIGIN, value.clone())]);
            let expected = if may { Page::Allowed(value) } else { Page::Refused };
            assert_eq!(page(&headers, allowed), expected, "{origin} {allowed:?}");
        };
        let loopback = [Origin::Loopback];
        for origin in
            ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:8080", "http://shop.localhost"]
        {
            check(origin, &loopback, true);
        }
        for origin in ["https://shop.example", "http://localhost.evil.example", "null", "file://"] {
            check(origin, &loopback, false);
        }
        let exact = [Origin::Exact("https://shop.example".to_owned())];
        check("https://shop.example", &exact, true);
        check("http://shop.example", &exact, false);
        check("https://anything.example", &[Origin::Any], true);
        assert_eq!(page(&HeaderMap::new(), &[Origin::Any]), Page::None);
    }
}
