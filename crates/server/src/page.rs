//! The page at `/` of `main`: where this server listens and settings to copy, until the user interface is there.
//!
//! In: the bound addresses and the name by which the browser reached us. Out: one HTML page without anything from elsewhere,
//! in Korean or English as the browser prefers, readable in light and dark.

use axum::body::Body;
use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HOST, VARY};
use http::{HeaderMap, HeaderValue, Response};

use crate::shared::Shared;
use crate::wiring::listen::Listener;

const FRAME: &str = include_str!("page/frame.html");

/// The page.
pub fn answer(shared: &Shared, headers: &HeaderMap) -> Response<Body> {
    let text =
        |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let html = render(shared, host_name(text(HOST)), is_korean(text(ACCEPT_LANGUAGE)));
    let mut response = Response::new(Body::from(html));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(VARY, HeaderValue::from_static("accept-language"));
    headers.insert(
        "content-security-policy",
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
    );
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

/// The host part of `Host`, if it can be shown as it is.
fn host_name(host: &str) -> Option<&str> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let may = |b: u8| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b);
    (!name.is_empty() && name.bytes().all(may)).then_some(name)
}

/// Whether Korean comes before English among the languages that a browser prefers.
fn is_korean(languages: &str) -> bool {
    let at = |prefix: &str| {
        languages.split(',').position(|language| language.trim().to_ascii_lowercase().starts_with(prefix))
    };
    match (at("ko"), at("en")) {
        (Some(ko), Some(en)) => ko < en,
        (ko, _) => ko.is_some(),
    }
}

fn render(shared: &Shared, host: Option<&str>, korean: bool) -> String {
    let address = |listener| {
        let bound = shared.addresses.get(&listener)?;
        // An address that means all of them is none that a sender can use.
        Some(match host {
            Some(host) if bound.ip().is_unspecified() || bound.ip().is_loopback() => {
                format!("{host}:{}", bound.port())
            }
            _ => bound.to_string(),
        })
    };
    let say = |english: &'static str, in_korean: &'static str| if korean { in_korean } else { english };
    let rows: String = Listener::ALL
        .into_iter()
        .map(|listener| {
            let what = match listener {
                Listener::Main => say(
                    "this page, own API, /jaeger, /tempo, OTLP/HTTP, /metrics",
                    "이 페이지, 자체 API, /jaeger, /tempo, OTLP/HTTP, /metrics",
                ),
                Listener::OtlpGrpc => say("OTLP, gRPC and HTTP", "OTLP (gRPC, HTTP 모두)"),
                Listener::OtlpHttp => say("OTLP, HTTP and gRPC", "OTLP (HTTP, gRPC 모두)"),
                Listener::Jaeger => say("Jaeger query API, for Grafana", "Jaeger 조회 API (Grafana용)"),
                Listener::Tempo => say("Tempo API, for Grafana", "Tempo API (Grafana용)"),
            };
            let address = address(listener).unwrap_or_else(|| {
                say("off or busy, see the log", "꺼져 있거나 포트 사용 중 (로그 참고)").to_owned()
            });
            format!("<tr><th>{}</th><td><code>{address}</code></td><td>{what}</td></tr>\n", listener.name())
        })
        .collect();
    let main = address(Listener::Main).unwrap_or_default();
    let http = address(Listener::OtlpHttp).unwrap_or_else(|| main.clone());
    let grpc = address(Listener::OtlpGrpc).unwrap_or_else(|| main.clone());
    FRAME
        .replace("{{lang}}", say("en", "ko"))
        .replace("{{version}}", env!("CARGO_PKG_VERSION"))
        .replace("{{lead}}", say(
            "This server takes traces from any OpenTelemetry SDK, keeps them in open tables, and answers Jaeger and Tempo clients.",
            "이 서버는 모든 OpenTelemetry SDK의 트레이스를 받아 개방형 테이블에 보관하고 Jaeger와 Tempo 클라이언트에 응답합니다.",
        ))
        .replace("{{addresses}}", say("Addresses", "주소"))
        .replace("{{settings}}", say("Settings to copy", "복사해서 쓰는 설정"))
        .replace("{{settings_note}}", say(
            "Environment of your service. Traces only: logs and metrics are not available in this version.",
            "서비스의 환경 변수입니다. 이 버전은 트레이스만 받습니다. 로그와 메트릭은 아직 받지 않습니다.",
        ))
        .replace("{{try}}", say("Send a first span", "첫 스팬 보내기"))
        .replace("{{look}}", say("Look", "확인"))
        .replace("{{stages}}", say("what came in and what became of it", "무엇이 들어와 어떻게 되었는지"))
        .replace("{{services}}", say("services that sent spans", "스팬을 보낸 서비스"))
        .replace("{{metrics}}", say("the server's own metrics", "서버 자체 메트릭"))
        .replace("{{rows}}", &rows)
        .replace("{{main}}", &main)
        .replace("{{http}}", &http)
        .replace("{{grpc}}", &grpc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_languages() {
        assert_eq!(host_name("example.org:4300"), Some("example.org"));
        assert_eq!(host_name("[::1]:4300"), Some("[::1]"));
        assert_eq!(host_name("localhost"), Some("localhost"));
        assert_eq!(host_name("<script>"), None);
        assert_eq!(host_name(""), None);
        assert!(is_korean("ko-KR,ko;q=0.9,en-US;q=0.8"));
        assert!(!is_korean("en-US,en;q=0.9,ko;q=0.8"));
        assert!(!is_korean(""));
    }
}
