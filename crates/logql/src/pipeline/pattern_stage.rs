//! The stage `pattern`: the captures of a line become labels.

use super::names::{NameId, Names};
use super::needed::Needed;
use super::pattern::Pattern;
use super::row::{EXTRACTED, Row};

/// The stage, ready to run.
#[derive(Debug, Clone)]
pub struct PatternStage {
    pattern: Pattern,
    /// A capture's name and numbers, plain and as it is called when the plain one is taken; `None` if
    /// nothing needs it.
    labels: Vec<Option<(String, NameId, NameId)>>,
}

impl PatternStage {
    /// Compiles the stage.
    pub fn new(text: &str, needed: &Needed, names: &mut Names) -> Result<Self, String> {
        let pattern =
            Pattern::for_parser(text).map_err(|message| format!("invalid pattern parser: {message}"))?;
        let labels = pattern
            .names()
            .map(|name| {
                let plain = names.intern(name);
                let extracted = names.intern(&format!("{name}{EXTRACTED}"));
                let is_needed = needed.wants(plain) || needed.wants(extracted);
                is_needed.then(|| (name.clone(), plain, extracted))
            })
            .collect();
        Ok(Self { pattern, labels })
    }

    /// Sets the labels of a line.
    pub fn apply(&self, row: &mut Row<'_>) {
        if self.labels.iter().all(Option::is_none) {
            return;
        }
        let line = std::mem::take(&mut row.line);
        self.pattern.extract(&line, |index, value| {
            if let Some(Some((name, plain, extracted))) = self.labels.get(index) {
                let id = if row.is_taken(name) { *extracted } else { *plain };
                if !row.is_parsed(id) {
                    row.push_new(id, value);
                }
            }
        });
        row.line = line;
    }
}
