//! Tags of a Jaeger search as conditions on one span.
//!
//! In: a tag's key and the text it must have. Out: a [`Predicate`], with the meaning that Jaeger's memory store
//! gives tags: values are compared as text with attributes of the span, its resource, scope, events and links;
//! some keys stand for fields. All tags of a search must hold on the same span.

use model::{SpanKind, StatusCode};
use query::predicate::{Predicate, Scopes, Test};

use super::substitutes::service_is;

/// The condition of one tag.
pub fn tag(key: &str, value: &str) -> Predicate {
    let attribute = |key: &str, scopes| Predicate::Attribute {
        scopes,
        key: key.to_owned(),
        test: Test::TextIs(value.to_owned()),
    };
    match key {
        "error" => match value {
            "true" => Predicate::Status(StatusCode::ERROR),
            "false" => Predicate::Not(Box::new(Predicate::Status(StatusCode::ERROR))),
            _ => never(),
        },
        "span.status" => [StatusCode::UNSET, StatusCode::OK, StatusCode::ERROR]
            .into_iter()
            .find(|code| code.as_str().eq_ignore_ascii_case(value))
            .map_or_else(never, Predicate::Status),
        "span.kind" => SpanKind::from_name(value).map_or_else(never, Predicate::Kind),
        "scope.name" => Predicate::ScopeName(value.to_owned()),
        "scope.version" => Predicate::ScopeVersion(value.to_owned()),
        // The substitute for a missing name is no stored attribute, but Jaeger finds it like one.
        "service.name" => Predicate::Any(vec![attribute(key, Scopes::ALL), service_is(value)]),
        "resource.service.name" => service_is(value),
        _ => match key.strip_prefix("resource.") {
            Some(bare) => {
                Predicate::Any(vec![attribute(bare, Scopes::RESOURCE), attribute(key, Scopes::ALL)])
            }
            None => attribute(key, Scopes::ALL),
        },
    }
}

/// The condition of duration bounds in nanoseconds, zero meaning none, on spans as Jaeger sees them: what is not
/// longer than nothing lasts 1 ns.
pub fn duration(min_ns: i64, max_ns: i64) -> Option<Predicate> {
    let min = (min_ns > 1).then_some(min_ns);
    let max = (max_ns != 0).then_some(max_ns);
    match (min, max) {
        (None, None) => None,
        (_, Some(max)) if max < 1 => Some(never()),
        (min, max) => Some(Predicate::Duration { min, max }),
    }
}

/// Holds for no span.
fn never() -> Predicate {
    Predicate::Any(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Resource, Span};
    use std::sync::Arc;

    #[test]
    fn substitutes_and_bounds() {
        let span = Span { duration_nano: -5, ..Span::default() };
        let check = |condition: Predicate, want| assert_eq!(condition.matches(&span), want, "{condition:?}");
        check(tag("service.name", "missing-service-name"), true);
        check(tag("resource.service.name", "missing-service-name"), true);
        check(tag("service.name", "x"), false);
        check(tag("error", "false"), true);
        check(tag("error", "yes"), false);
        check(tag("span.kind", "UNSPECIFIED"), true);
        check(tag("span.kind", "other"), false);
        check(duration(1, 0).unwrap_or(Predicate::always()), true);
        check(duration(2, 0).unwrap_or(Predicate::always()), false);
        check(duration(0, 1).unwrap_or(Predicate::always()), true);
        check(duration(0, -1).unwrap_or(Predicate::always()), false);
    }

    #[test]
    fn a_prefix_names_the_resource() {
        let attributes = [("host.name", "h")].into_iter().collect();
        let resource = Arc::new(Resource { attributes, ..Resource::default() });
        let span = Span { resource, ..Span::default() };
        assert!(tag("resource.host.name", "h").matches(&span));
        assert!(!tag("resource.host.name", "i").matches(&span));
    }
}
