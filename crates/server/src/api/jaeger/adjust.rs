//! What Jaeger changes in a trace when it is read, in Jaeger's order; `raw=true` leaves it out.
//!
//! In: a trace's copy with its substitutes. Out: the same copy adjusted, with warnings at spans. Shared ids are
//! told apart, collections sorted, identical spans dropped, skewed clocks told of, addresses written with dots,
//! attributes of the instrumentation moved to the resource, links to nowhere removed.

mod clock_skew;

use std::collections::HashMap;
use std::sync::Arc;

use model::{AttrValue, Attrs, Event, Link, SpanId};
use query::identity::{content_hash, same_content};

use crate::api::trace::Trace;

/// Applies all adjusters.
pub fn adjust(trace: &mut Trace) {
    trace.part_shared_ids();
    sort_collections(trace);
    drop_identical(trace);
    clock_skew::warn(trace);
    write_addresses_with_dots(trace);
    move_library_attributes(trace);
    remove_empty_links(trace);
}

/// Attributes by key, events by name and then time, links by their ids.
fn sort_collections(trace: &mut Trace) {
    for resource in &mut trace.resources {
        sort_attrs(&mut Arc::make_mut(resource).attributes);
    }
    for scope in &mut trace.scopes {
        sort_attrs(&mut Arc::make_mut(scope).attributes);
    }
    for placed in &mut trace.spans {
        let span = &mut placed.span;
        sort_attrs(&mut span.attributes);
        for Event { attributes, .. } in &mut span.events {
            sort_attrs(attributes);
        }
        span.events.sort_by(|a, b| (&a.name, a.time).cmp(&(&b.name, b.time)));
        for Link { attributes, .. } in &mut span.links {
            sort_attrs(attributes);
        }
        span.links.sort_by_key(|link| (link.trace_id, link.span_id));
    }
}

fn sort_attrs(attrs: &mut Attrs) {
    if !attrs.0.is_sorted_by(|(a, _), (b, _)| a <= b) {
        attrs.0.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
}

/// Spans that are equal once their collections are sorted; the first of them stays.
fn drop_identical(trace: &mut Trace) {
    let mut times: HashMap<SpanId, u32> = HashMap::with_capacity(trace.spans.len());
    for placed in &trace.spans {
        *times.entry(placed.span.span_id).or_default() += 1;
    }
    let mut seen: HashMap<(usize, usize, u64), Vec<usize>> = HashMap::new();
    let mut keep = vec![true; trace.spans.len()];
    for (at, placed) in trace.spans.iter().enumerate() {
        if times.get(&placed.span.span_id).is_some_and(|times| *times < 2) {
            continue;
        }
        let key = (placed.resource, placed.scope, content_hash(&placed.span));
        let earlier = seen.entry(key).or_default();
        if earlier.iter().any(|&earlier| same_content(&trace.spans[earlier].span, &placed.span)) {
            keep[at] = false;
        } else {
            earlier.push(at);
        }
    }
    let mut keep = keep.into_iter();
    trace.spans.retain(|_| keep.next().unwrap_or(true));
}

/// The attributes that may hold an IPv4 address as a number.
const ADDRESS_KEYS: [&str; 2] = ["ip", "peer.ipv4"];

fn write_addresses_with_dots(trace: &mut Trace) {
    for resource in &mut trace.resources {
        if ADDRESS_KEYS.iter().any(|key| resource.attributes.get(key).is_some()) {
            dot_addresses(&mut Arc::make_mut(resource).attributes);
        }
    }
    for placed in &mut trace.spans {
        dot_addresses(&mut placed.span.attributes);
        placed.span.events.iter_mut().for_each(|event| dot_addresses(&mut event.attributes));
    }
}

fn dot_addresses(attrs: &mut Attrs) {
    for (key, value) in &mut attrs.0 {
        if !ADDRESS_KEYS.contains(&&**key) {
            continue;
        }
        let number = match value {
            // Only the lower 32 bits make an address.
            AttrValue::Int(number) => *number as u32,
            AttrValue::Double(number) => *number as u32,
            _ => continue,
        };
        *value = AttrValue::from(std::net::Ipv4Addr::from(number).to_string());
    }
}

/// Attributes of the instrumentation library, which describe the process and not one span.
const LIBRARY_KEYS: [&str; 5] = [
    "telemetry.sdk.language",
    "telemetry.sdk.name",
    "telemetry.sdk.version",
    "telemetry.distro.name",
    "telemetry.distro.version",
];

fn move_library_attributes(trace: &mut Trace) {
    for placed in &mut trace.spans {
        if !placed.span.attributes.iter().any(|(key, _)| LIBRARY_KEYS.contains(&key)) {
            continue;
        }
        let attributes = std::mem::take(&mut placed.span.attributes.0);
        let resource = &mut trace.resources[placed.resource];
        for (key, value) in attributes {
            if !LIBRARY_KEYS.contains(&&*key) {
                placed.span.attributes.0.push((key, value));
                continue;
            }
            match resource.attributes.get(&key) {
                None => Arc::make_mut(resource).attributes.0.push((key, value)),
                Some(held) if held.same_bits(&value) => {}
                Some(_) => {
                    placed
                        .warnings
                        .push(format!("conflicting values between Span and Resource for attribute {key}"));
                    placed.span.attributes.0.push((key, value));
                }
            }
        }
    }
}

fn remove_empty_links(trace: &mut Trace) {
    for placed in &mut trace.spans {
        let warnings = &mut placed.warnings;
        placed.span.links.retain(|link| {
            let is_empty = link.trace_id.is_zero();
            if is_empty {
                warnings.push("Invalid span link removed".to_owned());
            }
            !is_empty
        });
    }
}

#[cfg(test)]
mod tests;
