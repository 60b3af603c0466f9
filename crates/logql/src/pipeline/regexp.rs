//! The stage `regexp`: the named groups of the first match become labels.

use regex::Regex;
use stdx::go::regex::{Anchoring, compile};

use super::names::{NameId, Names};
use super::needed::Needed;
use super::row::{EXTRACTED, Row};

/// Says what is wrong with a pattern of this stage.
pub fn check(pattern: &str) -> Result<(), String> {
    let names = group_names(pattern);
    for (index, name) in names.iter().enumerate() {
        // Go's regular expressions allow doubled names, labels do not.
        if names[..index].contains(name) {
            return Err(format!("duplicate extracted label name '{name}'"));
        }
    }
    stdx::go::regex::matches_empty(pattern).map_err(|error| error.to_string())?;
    if names.is_empty() {
        return Err("at least one named capture must be supplied".to_owned());
    }
    Ok(())
}

/// The names of the groups of a pattern.
fn group_names(pattern: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let (mut rest, mut in_class) = (pattern, false);
    while let Some(c) = rest.chars().next() {
        let opening = ["(?P<", "(?<"].iter().find_map(|open| rest.strip_prefix(open));
        if let Some(tail) = opening.filter(|_| !in_class)
            && let Some((name, _)) = tail.split_once('>')
        {
            names.push(name);
        }
        match c {
            '\\' => {
                let skipped = rest.chars().nth(1).map_or(0, char::len_utf8);
                rest = &rest[1 + skipped..];
                continue;
            }
            '[' => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
        rest = &rest[c.len_utf8()..];
    }
    names
}

/// The stage, ready to run.
#[derive(Debug, Clone)]
pub struct Regexp {
    regex: Regex,
    /// Group numbers with label names: plain, and as it is called when the plain one is taken.
    groups: Vec<(usize, String, NameId, NameId)>,
}

impl Regexp {
    /// Compiles the stage; groups that nothing needs are left out.
    pub fn new(pattern: &str, needed: &Needed, names: &mut Names) -> Result<Self, String> {
        check(pattern).map_err(|message| format!("invalid regexp parser: {message}"))?;
        let regex = compile(pattern, Anchoring::None).map_err(|error| error.to_string())?;
        let groups = regex
            .capture_names()
            .enumerate()
            .filter_map(|(group, name)| {
                let name = super::sanitize::label_name(name?);
                let plain = names.intern(&name);
                let extracted = names.intern(&format!("{name}{EXTRACTED}"));
                (needed.wants(plain) || needed.wants(extracted)).then_some((group, name, plain, extracted))
            })
            .collect();
        Ok(Self { regex, groups })
    }

    /// Sets the labels of a line.
    pub fn apply(&self, row: &mut Row<'_>) {
        if self.groups.is_empty() {
            return;
        }
        let line = std::mem::take(&mut row.line);
        let mut locations = self.regex.capture_locations();
        if self.regex.captures_read(&mut locations, &line).is_some() {
            for (group, name, plain, extracted) in &self.groups {
                let value = locations.get(*group).map_or("", |(start, end)| &line[start..end]);
                let id = if row.is_taken(name) { *extracted } else { *plain };
                if !row.is_parsed(id) {
                    row.push_new(id, value);
                }
            }
        }
        row.line = line;
    }
}
