//! What lies between two nodes: lost context, missing instrumentation, topics, proxies, hosts of several.

use api::topology::{EdgeKind, Finding};

use super::{Found, Pair};
use crate::call_fact::Layer;
use crate::node::NodeKey;
use crate::view::flows::{Flow, Seen};
use crate::view::graph::{EdgeId, GraphEdge};

impl Pair<'_> {
    /// Edges from the one to the other.
    pub fn edges(&self) -> impl Iterator<Item = (&EdgeId, &GraphEdge)> {
        let graph = &self.drawing.graph;
        graph
            .edges
            .iter()
            .filter(|(id, _)| self.sources.contains(&&id.source) && self.targets.contains(&&id.target))
    }

    /// Flows from the one to the other.
    fn flows(&self) -> impl Iterator<Item = &Flow> {
        self.drawing
            .flows
            .flows
            .iter()
            .filter(|flow| self.sources.contains(&&flow.source) && self.targets.contains(&&flow.target))
    }

    fn calls(&self, keep: impl Fn(&Flow) -> bool) -> i64 {
        self.flows().filter(|flow| keep(flow)).map(|flow| flow.sums.calls).sum()
    }

    /// Calls that the target answered by its own account.
    fn answered(&self, layer: Layer) -> i64 {
        let answered = &self.drawing.flows.answered;
        let ours = answered.iter().filter(|((node, of), _)| *of == layer && self.targets.contains(&node));
        ours.map(|(_, tally)| tally.calls).sum()
    }

    /// Pairs of anybody with the target.
    fn paired_with_target(&self, layer: Layer) -> i64 {
        let flows = self.drawing.flows.flows.iter();
        let ours = flows.filter(|flow| {
            flow.layer == layer && flow.seen == Seen::Both && self.targets.contains(&&flow.target)
        });
        ours.map(|flow| flow.sums.calls).sum()
    }

    /// Calls that anybody made from the source.
    fn made_by_source(&self) -> i64 {
        let flows = self.drawing.flows.flows.iter();
        flows
            .filter(|flow| flow.kind != EdgeKind::Consume && self.sources.contains(&&flow.source))
            .map(|flow| flow.sums.calls)
            .sum()
    }
}

/// All findings about the pair.
pub fn findings(pair: &Pair<'_>) -> Vec<Finding> {
    [
        server_not_instrumented(pair),
        client_not_instrumented(pair),
        no_context(pair),
        proxy_only(pair),
        messages_without_link(pair),
        half_sampled(pair),
        ambiguous_host(pair),
        unnamed_hosts(pair),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn server_not_instrumented(pair: &Pair<'_>) -> Option<Finding> {
    let is_silent = pair.targets.iter().any(|key| matches!(key, NodeKey::Silent { .. }));
    let called = pair.calls(|flow| matches!(flow.target, NodeKey::Silent { .. }));
    let is_known =
        !pair.lookup.named(pair.target).is_empty() || pair.targets.iter().any(|key| key.is_instrumented());
    let target = pair.target;
    if is_silent && called > 0 {
        let trace =
            pair.flows().find_map(|flow| flow.sums.exemplar).map(|exemplar| exemplar.trace_id.to_string());
        return Some(
            Found::new(
                "TOPO-02",
                format!("{} calls {target} {called} times, but no span of {target} has come", pair.source),
                "instrument it and send its spans here, or name it by a rule if it is somebody else's",
            )
            .value("target", target)
            .counted("calls without an answering span", called)
            .shown("client spans without an answer", pair.spans.caller_unanswered.as_ref())
            .trace(trace)
            .done(),
        );
    }
    (!is_known && pair.targets.is_empty()).then(|| {
        Found::new(
            "TOPO-02",
            format!("no span of {target} has come, and no span names it as called"),
            "check its name and that it sends its spans here",
        )
        .value("target", target)
        .counted("spans", 0)
        .done()
    })
}

fn client_not_instrumented(pair: &Pair<'_>) -> Option<Finding> {
    let source = pair.source;
    let is_known = !pair.lookup.named(source).is_empty();
    let unknown = pair
        .drawing
        .flows
        .flows
        .iter()
        .filter(|flow| flow.source == NodeKey::UnknownCaller && pair.targets.contains(&&flow.target))
        .collect::<Vec<_>>();
    let calls = unknown.iter().map(|flow| flow.sums.calls).sum::<i64>();
    if (is_known && pair.made_by_source() > 0) || pair.calls(|_| true) > 0 {
        return None;
    }
    let message = if is_known {
        format!("{source} sends spans, but none of an outgoing call: its HTTP client is not instrumented")
    } else {
        format!("no span of {source} has come")
    };
    let trace =
        unknown.iter().find_map(|flow| flow.sums.exemplar).map(|exemplar| exemplar.trace_id.to_string());
    Some(
        Found::new(
            "TOPO-03",
            message,
            "switch on the instrumentation of its clients (for Python httpx, requests; for Node http)",
        )
        .value("source", source)
        .value("target", pair.target)
        .counted("calls of the target from unknown callers", calls)
        .shown("server spans without a parent", pair.spans.callee_roots.as_ref())
        .shown("server spans whose parent was not found", pair.spans.callee_orphans.as_ref())
        .trace(trace)
        .done(),
    )
}

/// The caller's calls reach the callee, as their numbers say, but the callee begins new traces.
fn no_context(pair: &Pair<'_>) -> Option<Finding> {
    let unpaired = pair.calls(|flow| {
        flow.seen == Seen::Client && flow.layer == Layer::App && matches!(flow.target, NodeKey::Service(..))
    });
    let paired = pair.calls(|flow| flow.seen == Seen::Both && flow.layer == Layer::App);
    let unmatched = pair.answered(Layer::App) - pair.paired_with_target(Layer::App);
    // Some unpaired calls are failed connections; half of them answered elsewhere is more than that.
    if unpaired == 0 || unmatched * 2 < unpaired || paired > unpaired {
        return None;
    }
    let trace = pair.flows().filter(|flow| flow.seen == Seen::Client).find_map(|flow| flow.sums.exemplar);
    Some(
        Found::new(
            "TOPO-01",
            format!(
                "{} calls {} {unpaired} times and {} answers {unmatched} calls of nobody: the trace context is lost between them",
                pair.source, pair.target, pair.target
            ),
            "let both use the same propagator (OTEL_PROPAGATORS=tracecontext,baggage) and every hop between pass the header on",
        )
        .value("source", pair.source)
        .value("target", pair.target)
        .counted("calls without an answering span", unpaired)
        .counted("answered calls without a calling span", unmatched)
        .counted("pairs", paired)
        .shown("server spans without a parent", pair.spans.callee_roots.as_ref())
        .shown("client spans without an answer", pair.spans.caller_unanswered.as_ref())
        .trace(trace.map(|exemplar| exemplar.trace_id.to_string()))
        .done(),
    )
}

/// The proxies see the pair, the applications do not: the application does not forward headers.
fn proxy_only(pair: &Pair<'_>) -> Option<Finding> {
    let proxies = pair.calls(|flow| flow.seen == Seen::Both && flow.layer == Layer::Proxy);
    let apps = pair.calls(|flow| flow.seen == Seen::Both && flow.layer == Layer::App);
    let unmatched = pair.answered(Layer::App) - pair.paired_with_target(Layer::App);
    (proxies > 0 && apps == 0 && unmatched > 0).then(|| {
        Found::new(
            "TOPO-11",
            format!(
                "the proxies of {} and {} see {proxies} calls, but the spans of {} begin new traces",
                pair.source, pair.target, pair.target
            ),
            "let the application forward traceparent (or b3) from the requests that it gets to those that it makes",
        )
        .counted("pairs by the proxies", proxies)
        .counted("answered calls without a calling span", unmatched)
        .shown("server spans without a parent", pair.spans.callee_roots.as_ref())
        .done()
    })
}

fn messages_without_link(pair: &Pair<'_>) -> Option<Finding> {
    let flows = &pair.drawing.flows.flows;
    let topic = flows
        .iter()
        .filter(|flow| flow.kind == EdgeKind::Publish && pair.sources.contains(&&flow.source))
        .find_map(|sent| {
            let taken = flows.iter().find(|flow| {
                flow.kind == EdgeKind::Consume
                    && flow.source == sent.target
                    && (pair.targets.contains(&&flow.target) || pair.targets.contains(&&sent.target))
            })?;
            Some((sent, taken))
        });
    let (sent, taken) = topic?;
    if pair.drawing.flows.paired_messages.get(&sent.target).copied().unwrap_or(0) > 0 {
        return None;
    }
    let NodeKey::Queue { name, .. } = &sent.target else { return None };
    let trace = taken.sums.exemplar.or(sent.sums.exemplar).map(|exemplar| exemplar.trace_id.to_string());
    Some(
        Found::new(
            "TOPO-10",
            format!("{name} has producers and consumers, but no consumer's span has a link or parent to a producer's"),
            "inject the trace context into message headers and let the consumer's instrumentation read it",
        )
        .value("topic", name)
        .counted("messages sent", sent.sums.calls)
        .counted("messages taken", taken.sums.calls)
        .counted("pairs", 0)
        .trace(trace)
        .done(),
    )
}

fn half_sampled(pair: &Pair<'_>) -> Option<Finding> {
    let paired = pair.calls(|flow| flow.seen == Seen::Both);
    let unpaired =
        pair.calls(|flow| flow.seen == Seen::Client && matches!(flow.target, NodeKey::Service(..)));
    let sampled = pair.edges().map(|(_, edge)| edge.tally.sampled).sum::<i64>();
    let shares = [&pair.spans.caller_sampled_share, &pair.spans.callee_sampled_share];
    let by_flags = shares.iter().filter_map(|share| share.as_ref()).any(|share| share.value > 0.0);
    let is_partly_missing = unpaired > 0 && paired > 0
        || pair.spans.callee_orphans.as_ref().is_some_and(|orphans| orphans.value > 0.0);
    ((sampled > 0 || by_flags) && is_partly_missing).then(|| {
        Found::new(
            "TOPO-04",
            format!("spans are sampled, and {unpaired} of {} calls have only one half", unpaired + paired),
            "sample by the parent's decision (OTEL_TRACES_SAMPLER=parentbased_traceidratio) with one ratio at the entry",
        )
        .counted("sampled calls", sampled)
        .counted("calls with one half", unpaired)
        .counted("pairs", paired)
        .shown("sampled share of the caller", pair.spans.caller_sampled_share.as_ref())
        .shown("sampled share of the callee", pair.spans.callee_sampled_share.as_ref())
        .shown("server spans whose parent was not found", pair.spans.callee_orphans.as_ref())
        .done()
    })
}

fn ambiguous_host(pair: &Pair<'_>) -> Option<Finding> {
    let calls_host = |host: &str, port: u16| {
        pair.drawing.flows.flows.iter().any(|flow| {
            pair.sources.contains(&&flow.source)
                && flow.seen == Seen::Client
                && pair.lookup.peer(flow.peer).is_some_and(|peer| &*peer.host == host && peer.port == port)
        })
    };
    let is_target = |service: &crate::node::ServiceKey| {
        pair.targets.iter().any(|key| matches!(key, NodeKey::Service(own, _) if own == service))
    };
    let ambiguous = pair.lookup.known().ambiguous();
    let (host, port, services) = ambiguous.into_iter().find(|(host, port, services)| {
        services.iter().any(|(service, _)| is_target(service)) && calls_host(host, *port)
    })?;
    let names = services
        .iter()
        .take(5)
        .map(|(service, _)| service.service.to_string())
        .collect::<Vec<_>>()
        .join(", ");
    let mut found = Found::new(
        "TOPO-14",
        format!("{} calls {host}, behind which {names} answer, so an unanswered call cannot be given to one of them", pair.source),
        "let the gateway send spans, or name the host by a rule of kind gateway",
    )
    .value("host", crate::view::reply::with_port(host, port));
    for (service, calls) in services.iter().take(5) {
        found = found.counted(&format!("pairs with {}", service.service), *calls);
    }
    Some(found.done())
}

fn unnamed_hosts(pair: &Pair<'_>) -> Option<Finding> {
    if pair.calls(|_| true) > 0 {
        return None;
    }
    let mut hosts = pair
        .drawing
        .flows
        .flows
        .iter()
        .filter(|flow| pair.sources.contains(&&flow.source))
        .filter(|flow| pair.drawing.flows.labels.get(&flow.target).is_some_and(|label| label.is_unnamed))
        .filter_map(|flow| Some((flow.sums.calls, pair.lookup.peer(flow.peer)?.host.to_string())))
        .collect::<Vec<_>>();
    hosts.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
    let (_, first) = hosts.first()?;
    let mut found = Found::new(
        "TOPO-07",
        format!(
            "{} calls hosts that nothing names, such as {first}; {} may be one of them",
            pair.source, pair.target
        ),
        "name the host by a rule: `- { name: NAME, kind: internal:NAMESPACE/SERVICE, match: [HOST] }`",
    )
    .value("host", first);
    for (calls, host) in hosts.iter().take(5) {
        found = found.counted(&format!("calls to {host}"), *calls);
    }
    Some(found.done())
}
