//! Tells where the clocks of two hosts disagree; times are shown as they were sent.
//!
//! In: a trace. Out: warnings. A child on another host than its parent that does not lie inside its parent was
//! shifted by the difference of the clocks; the warning says by how much it would have to be moved. Walks each
//! span once, without recursion, so that a chain of any length is fine; a cycle has no root and is left alone.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use model::{AttrValue, Resource, Span, SpanId};
use stdx::go::duration::format_duration;

use crate::api::trace::Trace;

/// A span on the way down from its root: its place, its parent's place, and what was found out above.
struct Visit<'a> {
    at: usize,
    parent: Option<usize>,
    host: &'a str,
    delta_ns: i64,
}

/// Adds the warnings.
pub fn warn(trace: &mut Trace) {
    let hosts: Vec<String> = trace.resources.iter().map(|resource| host_key(resource)).collect();
    let mut places: HashMap<SpanId, usize> = HashMap::with_capacity(trace.spans.len());
    let mut is_node = vec![true; trace.spans.len()];
    for (at, placed) in trace.spans.iter_mut().enumerate() {
        match places.entry(placed.span.span_id) {
            Entry::Vacant(place) => _ = place.insert(at),
            Entry::Occupied(_) => {
                is_node[at] = false;
                placed.warnings.push("duplicate span IDs; skipping clock skew adjustment".to_owned());
            }
        }
    }

    let mut children: Vec<Vec<usize>> = vec![Vec::new(); trace.spans.len()];
    let mut roots = Vec::new();
    for (at, placed) in trace.spans.iter_mut().enumerate().filter(|(at, _)| is_node[*at]) {
        let Some(parent) = placed.span.parent_span_id else {
            roots.push(at);
            continue;
        };
        if let Some(&parent) = places.get(&parent) {
            children[parent].push(at);
        } else {
            roots.push(at);
            placed
                .warnings
                .push(format!("parent span ID={parent} is not in the trace; skipping clock skew adjustment"));
        }
    }

    let mut stack: Vec<Visit<'_>> = roots
        .into_iter()
        .map(|at| Visit { at, parent: None, host: &hosts[trace.spans[at].resource], delta_ns: 0 })
        .collect();
    while let Some(Visit { at, parent, mut host, mut delta_ns }) = stack.pop() {
        let own_host = hosts[trace.spans[at].resource].as_str();
        if let Some(parent) = parent.filter(|_| own_host != host || own_host.is_empty()) {
            host = own_host;
            delta_ns = skew_ns(&trace.spans[at].span, &trace.spans[parent].span);
        }
        if delta_ns != 0 {
            trace.spans[at].warnings.push(format!(
                "clock skew adjustment disabled; not applying calculated delta of {}",
                format_duration(delta_ns)
            ));
        }
        stack.extend(children[at].iter().map(|&child| Visit { at: child, parent: Some(at), host, delta_ns }));
    }
}

/// What tells the host of a process, or the empty text.
fn host_key(resource: &Resource) -> String {
    let attributes = &resource.attributes;
    if let Some(id) = attributes.get("host.id") {
        return id.as_str().unwrap_or_default().to_owned();
    }
    match attributes.get("host.ip") {
        Some(AttrValue::Str(ip)) => return ip.to_string(),
        Some(AttrValue::Array(ips)) => {
            if let Some(ip) = ips.first().and_then(AttrValue::as_str) {
                return ip.to_owned();
            }
        }
        _ => {}
    }
    attributes.get_str("host.name").unwrap_or_default().to_owned()
}

/// By how much the child must be moved so that it lies inside its parent: to the parent's middle, as if the way
/// there and back took the same time, or to its start when the child lasts longer.
fn skew_ns(child: &Span, parent: &Span) -> i64 {
    let until_start = parent.start.0.saturating_sub(child.start.0);
    if child.duration_nano > parent.duration_nano {
        return until_start.max(0);
    }
    if until_start <= 0 && child.end() <= parent.end() {
        return 0;
    }
    until_start.saturating_add(parent.duration_nano.saturating_sub(child.duration_nano) / 2)
}
