//! The stage `label_format`: renames labels or sets them from templates.
//!
//! Assignments run in order, but all templates of one stage see the labels as they were when the first
//! of them ran.

use std::cell::RefCell;

use stdx::go::template::Template;

use super::functions::{self, Regexes};
use super::names::{NameId, Names};
use super::row::{Fault, Row};
use super::template_host::RowHost;
use crate::syntax::ast::{FormatValue, LabelFormat as Format};

/// Says which target is not allowed.
pub fn check_targets(formats: &[Format]) -> Result<(), String> {
    for (index, format) in formats.iter().enumerate() {
        let target = &format.target;
        if target == "__error__" {
            return Err(format!("{target} cannot be formatted"));
        }
        if formats[..index].iter().any(|earlier| earlier.target == *target) {
            return Err(format!("multiple label name '{target}' not allowed in a single format operation"));
        }
    }
    Ok(())
}

/// The stage, ready to run.
#[derive(Debug, Clone)]
pub struct LabelFormat {
    assignments: Vec<(NameId, Source)>,
    templates: usize,
    regexes: RefCell<Regexes>,
}

#[derive(Debug, Clone)]
enum Source {
    Label(NameId),
    Template(Box<Template>),
}

impl LabelFormat {
    /// Compiles the templates.
    pub fn new(formats: &[Format], names: &mut Names) -> Result<Self, String> {
        check_targets(formats)?;
        let mut assignments = Vec::new();
        for format in formats {
            let source = match &format.value {
                FormatValue::Label(name) => Source::Label(names.intern(name)),
                FormatValue::Template(text) => {
                    let template = Template::parse("label", text, &functions::exists).map_err(|error| {
                        format!("invalid template for label '{}': {error}", format.target)
                    })?;
                    Source::Template(Box::new(template))
                }
            };
            assignments.push((names.intern(&format.target), source));
        }
        let is_template = |(_, source): &&(NameId, Source)| matches!(source, Source::Template(_));
        let templates = assignments.iter().filter(is_template).count();
        Ok(Self { assignments, templates, regexes: RefCell::default() })
    }

    /// The templates, to see what they read.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.assignments.iter().filter_map(|(_, source)| match source {
            Source::Template(template) => Some(&**template),
            Source::Label(_) => None,
        })
    }

    /// Sets the labels.
    pub fn apply(&self, row: &mut Row<'_>, names: &Names, now_ns: i64) {
        let mut frozen = None;
        for (target, source) in &self.assignments {
            match source {
                Source::Label(id) => {
                    if let Some(value) = row.get(*id, names).map(str::to_owned) {
                        row.set(*target, &value);
                        row.remove(*id);
                    }
                }
                Source::Template(template) => {
                    let mut out = String::new();
                    let mut host = RowHost::new(row, names, now_ns, &self.regexes);
                    if self.templates > 1 {
                        host = host.with_labels(frozen.take());
                    }
                    let result = template.execute(&host, &mut out);
                    frozen = host.into_labels();
                    match result {
                        Ok(()) => row.set(*target, &out),
                        Err(message) => row.fail(Fault::TemplateFormat, || Some(message)),
                    }
                }
            }
        }
    }
}
