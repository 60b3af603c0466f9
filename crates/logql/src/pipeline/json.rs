//! The stage `json` without arguments: every member of the line's object becomes a label.
//!
//! Names of nested members are joined by `_`; arrays and nulls are left out; the first of doubled names
//! stays. Labels that nothing needs are not built, but the whole object is walked, because an error
//! anywhere in it sets `__error__`.

use super::json_scan::{Scalar, Sink, push_string, walk_object};
use super::names::{NameId, Names};
use super::needed::Needed;
use super::row::{EXTRACTED, Fault, Row};
use super::sanitize::push_label_name;

/// The stage, ready to run.
#[derive(Debug, Clone)]
pub struct Json {
    wanted: Wanted,
}

/// Which keys are looked for, by the names that they would give.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    All,
    Only(Vec<Stem>),
}

/// A name that a key may give, before it is known whether the name is taken.
#[derive(Debug, Clone)]
pub(super) struct Stem {
    name: Box<str>,
    plain: NameId,
    extracted: NameId,
}

impl Wanted {
    pub(super) fn new(needed: &Needed, names: &mut Names) -> Self {
        let Needed::Only(ids) = needed else {
            return Self::All;
        };
        let mut stems: Vec<Stem> = Vec::new();
        for id in ids {
            let text = std::sync::Arc::clone(names.text(*id));
            for name in [Some(&*text), text.strip_suffix(EXTRACTED)].into_iter().flatten() {
                let plain = names.intern(name);
                let extracted = names.intern(&format!("{name}{EXTRACTED}"));
                stems.push(Stem { name: name.into(), plain, extracted });
            }
        }
        Self::Only(stems)
    }

    /// Whether a raw key may give a wanted name at all: quickly, and sometimes wrongly yes.
    pub(super) fn may_want(&self, key: &str) -> bool {
        let Self::Only(stems) = self else {
            return true;
        };
        match key.as_bytes().first() {
            // Letters stay as they are.
            Some(first) if first.is_ascii_alphabetic() => {
                stems.iter().any(|stem| stem.name.as_bytes().first() == Some(first))
            }
            _ => !stems.is_empty(),
        }
    }

    fn wants_below(&self, prefix: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(stems) => stems.iter().any(|stem| stem.name.starts_with(prefix)),
        }
    }

    /// The label under which a key's value goes: with a suffix if the plain name is taken. `None` if
    /// it is not wanted, or there already.
    pub(super) fn label(&self, name: &str, row: &Row<'_>, names: &mut Names) -> Option<NameId> {
        let is_taken = || row.is_taken(name);
        let id = match self {
            Self::All if is_taken() => names.intern(&format!("{name}{EXTRACTED}")),
            Self::All => names.intern(name),
            Self::Only(stems) => {
                let stem = stems.iter().find(|stem| &*stem.name == name)?;
                if is_taken() { stem.extracted } else { stem.plain }
            }
        };
        (!row.is_parsed(id)).then_some(id)
    }
}

impl Json {
    /// Prepares the stage.
    pub fn new(needed: &Needed, names: &mut Names) -> Self {
        Self { wanted: Wanted::new(needed, names) }
    }

    /// Sets the labels of a line.
    pub fn apply(&self, row: &mut Row<'_>, names: &mut Names) {
        let line = std::mem::take(&mut row.line);
        let mut sink = LabelSink {
            wanted: &self.wanted,
            row,
            names,
            name: String::new(),
            levels: Vec::new(),
            unwanted_levels: 0,
        };
        let result = walk_object(&line, &mut sink);
        if let Err(malformed) = result {
            row.fail(Fault::Json, || Some(malformed.text().to_owned()));
        }
        row.line = line;
    }
}

struct LabelSink<'s, 'a> {
    wanted: &'s Wanted,
    row: &'s mut Row<'a>,
    names: &'s mut Names,
    /// The name of the enclosing objects, without a final `_`.
    name: String,
    /// Lengths of `name` at each level above.
    levels: Vec<usize>,
    /// Levels from the outermost on that cannot hold anything wanted.
    unwanted_levels: usize,
}

impl LabelSink<'_, '_> {
    /// Appends a key to the name; the length before.
    fn push_key(&mut self, key: &str) -> usize {
        let before = self.name.len();
        let is_first = before == 0;
        if !is_first {
            self.name.push('_');
        }
        let start = self.name.len();
        push_label_name(&mut self.name, key, is_first);
        if self.name.len() == start {
            self.name.truncate(before);
        }
        before
    }
}

impl Sink for LabelSink<'_, '_> {
    fn scalar(&mut self, key: &str, value: Scalar<'_>) {
        if self.unwanted_levels > 0 || matches!(value, Scalar::Array(_) | Scalar::Null) {
            return;
        }
        if let Wanted::Only(stems) = self.wanted {
            // Names are at least as long as their last key, and usually the key itself is the name.
            let is_plain = self.name.is_empty() && stems.iter().any(|stem| *stem.name == *key);
            let may_match = stems.iter().any(|stem| {
                stem.name.len() > self.name.len() && stem.name.as_bytes().last() == key.as_bytes().last()
            });
            let is_odd = !key.as_bytes().last().is_some_and(u8::is_ascii_alphanumeric);
            if !is_plain && !may_match && !is_odd {
                return;
            }
        }
        let before = self.push_key(key);
        // A blank key at the top is nothing; below it is the label without a name.
        let is_nothing = self.name.is_empty() && self.levels.is_empty();
        if !is_nothing && let Some(id) = self.wanted.label(&self.name, self.row, self.names) {
            match value {
                Scalar::String(raw, is_escaped) => {
                    self.row.set_with(id, |out| push_string(raw, is_escaped, out));
                }
                Scalar::Number(text) | Scalar::Bool(text) => self.row.push_new(id, text),
                Scalar::Array(_) | Scalar::Null => {}
            }
        }
        self.name.truncate(before);
    }

    fn enter(&mut self, key: &str) {
        if self.unwanted_levels > 0 {
            self.unwanted_levels += 1;
            return;
        }
        let before = self.push_key(key);
        self.levels.push(before);
        if !self.wanted.wants_below(&self.name) {
            self.unwanted_levels = 1;
        }
    }

    fn leave(&mut self) {
        if self.unwanted_levels > 1 {
            self.unwanted_levels -= 1;
            return;
        }
        self.unwanted_levels = 0;
        if let Some(before) = self.levels.pop() {
            self.name.truncate(before);
        }
    }

    fn mark(&self) -> usize {
        self.row.parsed_len()
    }

    fn forget(&mut self, mark: usize) {
        self.row.truncate_parsed(mark);
    }
}
