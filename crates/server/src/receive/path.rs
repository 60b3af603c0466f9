//! What a path of OTLP means, also where it is wrong but can mean one thing only.
//!
//! Wrong paths come from settings that look right: an endpoint that has the path already and gets it a second time, an
//! endpoint of one signal without its path, a prefix that another product wants. Senders do not try a 404 again, so that
//! refusing these would lose everything for the sake of a slash.

use model::Signal;

/// What a path means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    /// This signal. `healed` says what was wrong with the path, if anything.
    Signal {
        /// The signal.
        signal: Signal,
        /// What was wrong.
        healed: Option<&'static str>,
    },
    /// The root: the body alone can tell the signal.
    Root,
    /// Nothing of OTLP.
    Nothing,
}

/// Reads a path, without its query, and whether there was a query.
pub fn meant(path: &str, has_query: bool) -> Meant {
    if let Some(signal) = exact(path) {
        return Meant::Signal { signal, healed: has_query.then_some("query") };
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Meant::Root;
    }
    // The last pair decides: the sender's library appended it for the signal it sends.
    let [before @ .., "v1", last] = parts.as_slice() else { return Meant::Nothing };
    let Some(signal) = signal(last) else { return Meant::Nothing };
    let doubled = !before.is_empty()
        && before.chunks(2).all(|pair| matches!(pair, ["v1", name] if self::signal(name).is_some()));
    let healed = match before {
        [] => "slash",
        _ if doubled => "doubled",
        ["otlp"] | ["api", "v1", "otlp"] | ["api", "otlp"] | ["opentelemetry"] => "prefix",
        _ => return Meant::Nothing,
    };
    Meant::Signal { signal, healed: Some(healed) }
}

/// The signal of a correct path.
pub fn exact(path: &str) -> Option<Signal> {
    path.strip_prefix("/v1/").and_then(signal)
}

fn signal(name: &str) -> Option<Signal> {
    Signal::ALL.into_iter().find(|signal| signal.as_str() == name)
}

/// The signal of a gRPC path.
pub fn grpc(path: &str) -> Option<Signal> {
    match path {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => Some(Signal::Traces),
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => Some(Signal::Logs),
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => Some(Signal::Metrics),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let check = |path: &str, expected: Option<(Signal, Option<&'static str>)>| {
            let (path, query) = path.split_once('?').map_or((path, false), |(path, _)| (path, true));
            let expected =
                expected.map_or(Meant::Nothing, |(signal, healed)| Meant::Signal { signal, healed });
            assert_eq!(meant(path, query), expected, "{path}");
        };
        let (traces, logs, metrics) = (Signal::Traces, Signal::Logs, Signal::Metrics);
        check("/v1/traces", Some((traces, None)));
        check("/v1/traces?tenant=growbin", Some((traces, Some("query"))));
        check("/v1/traces/", Some((traces, Some("slash"))));
        check("//v1/traces", Some((traces, Some("slash"))));
        check("/v1/traces/v1/traces", Some((traces, Some("doubled"))));
        check("/v1/traces/v1/metrics", Some((metrics, Some("doubled"))));
        check("/otlp/v1/logs", Some((logs, Some("prefix"))));
        check("/api/v1/otlp/v1/metrics", Some((metrics, Some("prefix"))));
        for other in
            ["/v1", "/v1/profiles", "/v2/traces", "/api/v1/traces", "/shop/v1/traces", "/v1/traces/x"]
        {
            check(other, None);
        }
        assert_eq!(meant("/", false), Meant::Root);
        assert_eq!(meant("", true), Meant::Root);
        assert_eq!(grpc("/opentelemetry.proto.collector.logs.v1.LogsService/Export"), Some(logs));
    }
}
