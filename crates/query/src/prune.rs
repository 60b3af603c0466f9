//! What an index says about a predicate: `false` is certain, `true` means look.

use model::StatusCode;
use segment::SpanIndex;
use segment::index::AttrLevel;

use crate::predicate::{Predicate, Scopes, Test};

/// Whether the file may have a matching span.
pub fn file_may_match(index: &SpanIndex, predicate: &Predicate) -> bool {
    match predicate {
        Predicate::All(parts) => parts.iter().all(|part| file_may_match(index, part)),
        Predicate::Any(parts) => parts.iter().any(|part| file_may_match(index, part)),
        Predicate::Service(name) => {
            !index.operations_complete
                || index.operations.iter().any(|entry| entry.service.as_deref() == name.as_deref())
        }
        Predicate::Operation(name) => {
            !index.operations_complete || index.operations.iter().any(|entry| entry.name == *name)
        }
        Predicate::Kind(kind) => {
            !index.operations_complete || index.operations.iter().any(|entry| entry.kind == kind.0)
        }
        Predicate::Status(StatusCode::ERROR) => {
            !index.operations_complete || index.operations.iter().any(|entry| entry.errors > 0)
        }
        _ => true,
    }
}

/// Whether the row group may have a matching span.
pub fn row_group_may_match(index: &SpanIndex, row_group: usize, predicate: &Predicate) -> bool {
    match predicate {
        Predicate::All(parts) => parts.iter().all(|part| row_group_may_match(index, row_group, part)),
        Predicate::Any(parts) => parts.iter().any(|part| row_group_may_match(index, row_group, part)),
        Predicate::Service(Some(name)) => index.may_contain_printed(row_group, "service.name", name),
        Predicate::Attribute { key, test, .. } => match test {
            Test::TextIs(text) => index.may_contain_printed(row_group, key, text),
            Test::Is(value) => index.may_contain_attribute(row_group, key, value),
            Test::Exists | Test::Number(..) => index.may_contain_key(row_group, None, key),
        },
        _ => true,
    }
}

/// The predicate for one row group: attributes are looked for only where the row group may have their key, so that the
/// columns of the other places need not be read.
pub fn narrowed(index: &SpanIndex, row_group: usize, predicate: &Predicate) -> Predicate {
    let all = |parts: &[Predicate]| parts.iter().map(|part| narrowed(index, row_group, part)).collect();
    match predicate {
        Predicate::All(parts) => Predicate::All(all(parts)),
        Predicate::Any(parts) => Predicate::Any(all(parts)),
        Predicate::Not(inner) => Predicate::Not(Box::new(narrowed(index, row_group, inner))),
        Predicate::Attribute { scopes, key, test } => {
            let may = |used: bool, level| used && index.may_contain_key(row_group, Some(level), key);
            let scopes = Scopes {
                span: may(scopes.span, AttrLevel::Span),
                resource: may(scopes.resource, AttrLevel::Resource),
                scope: may(scopes.scope, AttrLevel::Scope),
                event: may(scopes.event, AttrLevel::Event),
                link: may(scopes.link, AttrLevel::Link),
            };
            Predicate::Attribute { scopes, key: key.clone(), test: test.clone() }
        }
        other => other.clone(),
    }
}
