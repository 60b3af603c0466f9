//! The stages `drop` and `keep`.

use super::label_filter::TextTest;
use super::names::{NameId, Names};
use super::row::Row;
use crate::syntax::ast::Selection;

/// A label, by name or only when its value matches.
#[derive(Debug, Clone)]
pub struct Selected {
    id: NameId,
    test: Option<TextTest>,
}

/// Compiles the list of either stage.
pub fn select(selections: &[Selection], names: &mut Names) -> Result<Vec<Selected>, String> {
    selections
        .iter()
        .map(|selection| {
            Ok(match selection {
                Selection::Name(name) => Selected { id: names.intern(name), test: None },
                Selection::Matcher(matcher) => {
                    Selected { id: names.intern(&matcher.name), test: Some(TextTest::new(matcher)?) }
                }
            })
        })
        .collect()
}

impl Selected {
    fn is_met(&self, value: &str) -> bool {
        self.test.as_ref().is_none_or(|test| test.holds(value))
    }
}

/// Removes the selected labels.
pub fn drop_labels(selected: &[Selected], row: &mut Row<'_>, names: &Names) {
    for label in selected {
        if label.is_met(row.get(label.id, names).unwrap_or("")) {
            row.remove(label.id);
        }
    }
}

/// Removes all but the selected labels and the error.
pub fn keep_labels(selected: &[Selected], row: &mut Row<'_>, names: &mut Names) {
    let mut others = Vec::new();
    row.each_label(names, |_, name, value| {
        let is_special = matches!(&*name, "__error__" | "__error_details__" | "__preserve_error__");
        let stays =
            is_special || selected.iter().any(|label| **names.text(label.id) == *name && label.is_met(value));
        if !stays {
            others.push(name.into_owned());
        }
    });
    for name in others {
        let id = names.intern(&name);
        row.remove(id);
    }
}
