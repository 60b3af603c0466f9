//! The stage `unpack`: what the agent's stage `pack` did, undone.
//!
//! The strings of the line's object become labels and its member `_entry` the line. Without `_entry` the
//! entry stays as it is.

use super::json::Wanted;
use super::json_scan::{Scalar, Sink, push_string, walk_object};
use super::names::{NameId, Names};
use super::needed::Needed;
use super::row::{Fault, Row};

/// The stage, ready to run.
#[derive(Debug, Clone)]
pub struct Unpack {
    wanted: Wanted,
}

impl Unpack {
    /// Prepares the stage.
    pub fn new(needed: &Needed, names: &mut Names) -> Self {
        Self { wanted: Wanted::new(needed, names) }
    }

    /// Unpacks a line.
    pub fn apply(&self, row: &mut Row<'_>, names: &mut Names) {
        if row.line.is_empty() {
            return;
        }
        let line = std::mem::take(&mut row.line);
        if !line.trim_start().starts_with('{') {
            row.line = line;
            row.fail(Fault::Json, || Some("expecting json object(6), but it is not".to_owned()));
            return;
        }
        let mut sink =
            PackSink { wanted: &self.wanted, row, names, found: Vec::new(), entry: None, depth: 0 };
        let result = walk_object(&line, &mut sink);
        let PackSink { found, entry, .. } = sink;
        row.line = line;
        if let Err(malformed) = result {
            row.fail(Fault::Json, || Some(malformed.text().to_owned()));
        } else if let Some(entry) = entry {
            row.line = entry.into();
            for (id, value) in found {
                if !row.is_parsed(id) {
                    row.push_new(id, &value);
                }
            }
        }
    }
}

struct PackSink<'s, 'a> {
    wanted: &'s Wanted,
    row: &'s Row<'a>,
    names: &'s mut Names,
    found: Vec<(NameId, String)>,
    entry: Option<String>,
    depth: usize,
}

impl Sink for PackSink<'_, '_> {
    fn scalar(&mut self, key: &str, value: Scalar<'_>) {
        let Scalar::String(raw, is_escaped) = value else {
            return;
        };
        if self.depth > 0 {
            return;
        }
        let mut text = String::new();
        push_string(raw, is_escaped, &mut text);
        if key == "_entry" {
            self.entry = Some(text);
            return;
        }
        let name = super::sanitize::label_name(key);
        if !name.is_empty() {
            let label = self.wanted.label(&name, self.row, self.names);
            self.found.extend(label.map(|id| (id, text)));
        }
    }

    fn enter(&mut self, _key: &str) {
        self.depth += 1;
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    fn mark(&self) -> usize {
        self.found.len()
    }

    fn forget(&mut self, mark: usize) {
        self.found.truncate(mark);
    }
}
