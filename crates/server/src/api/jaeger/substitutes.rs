//! What Jaeger prints in place of names that were not sent, and of ends that lie before their start.
//!
//! In: a trace's copy, or a name that a client asks for. Out: the copy with substitutes and warnings, or the
//! condition that finds what the name stands for. The tables never hold a substitute.

use std::sync::Arc;

use model::{AttrValue, Resource, TimeNs};
use query::predicate::Predicate;
use stdx::go::time::{STRING, Time};

use crate::api::trace::Trace;

/// Stands for a service whose resource has no `service.name`.
pub const MISSING_SERVICE: &str = "missing-service-name";
/// Stands for a service whose `service.name` is empty.
pub const EMPTY_SERVICE: &str = "empty-service-name";
/// Stands for an empty span name.
pub const EMPTY_SPAN: &str = "empty-span-name";

/// The name of a service as Jaeger prints it.
pub fn service_name(stored: Option<&str>) -> &str {
    match stored {
        None => MISSING_SERVICE,
        Some("") => EMPTY_SERVICE,
        Some(name) => name,
    }
}

/// The name of a span as Jaeger prints it.
pub fn span_name(stored: &str) -> &str {
    if stored.is_empty() { EMPTY_SPAN } else { stored }
}

/// The stored names that Jaeger prints as this service.
pub fn stored_services(printed: &str) -> Vec<Option<&str>> {
    match printed {
        MISSING_SERVICE => vec![None, Some(printed)],
        EMPTY_SERVICE => vec![Some(""), Some(printed)],
        _ => vec![Some(printed)],
    }
}

/// Finds spans of a service by its printed name.
pub fn service_is(printed: &str) -> Predicate {
    let mut stored = stored_services(printed).into_iter();
    let condition = |name: Option<&str>| Predicate::Service(name.map(str::to_owned));
    match (stored.next(), stored.next()) {
        (Some(one), None) => condition(one),
        (one, two) => Predicate::Any(one.into_iter().chain(two).map(condition).collect()),
    }
}

/// Finds spans by their printed name.
pub fn operation_is(printed: &str) -> Predicate {
    let condition = Predicate::Operation(printed.to_owned());
    if printed == EMPTY_SPAN {
        Predicate::Any(vec![Predicate::Operation(String::new()), condition])
    } else {
        condition
    }
}

/// Puts substitutes into a copy. An end that is not after its start becomes start + 1 ns, with a warning.
pub fn substitute(trace: &mut Trace) {
    for resource in &mut trace.resources {
        let name = resource.service_name();
        if name.is_none_or(str::is_empty) {
            let name = service_name(name).to_owned();
            set_service_name(Arc::make_mut(resource), name);
        }
    }
    for placed in &mut trace.spans {
        let span = &mut placed.span;
        if span.name.is_empty() {
            span.name = Arc::from(EMPTY_SPAN);
        }
        if span.duration_nano <= 0 {
            let original = go_time(span.end());
            span.duration_nano = 1;
            placed.warnings.push(format!(
                "Negative duration detected, sanitizing end timestamp. Original end timestamp: {original}, adjusted to: {}",
                go_time(span.end())
            ));
        }
    }
}

fn set_service_name(resource: &mut Resource, name: String) {
    let place = resource.attributes.0.iter_mut().find(|(key, _)| &**key == "service.name");
    match place {
        Some((_, value)) => *value = AttrValue::from(name),
        None => resource.attributes.push("service.name", name),
    }
}

fn go_time(at: TimeNs) -> String {
    Time::from_unix_ns(at.0).format(STRING)
}
