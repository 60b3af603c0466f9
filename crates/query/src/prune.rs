//! What an index says about a predicate: `false` is certain, `true` means look.

use model::StatusCode;
use segment::SpanIndex;

use crate::predicate::{Predicate, Test};

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
