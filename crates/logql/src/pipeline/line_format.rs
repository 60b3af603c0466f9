//! The stage `line_format`: a template becomes the line. After an error the line stays as it was.

use std::cell::RefCell;

use stdx::go::template::Template;

use super::functions::{self, Regexes};
use super::names::Names;
use super::row::{Fault, Row};
use super::template_host::RowHost;

/// The stage, ready to run.
#[derive(Debug, Clone)]
pub struct LineFormat {
    template: Template,
    regexes: RefCell<Regexes>,
}

impl LineFormat {
    /// Compiles the template.
    pub fn new(text: &str) -> Result<Self, String> {
        let template = Template::parse("line", text, &functions::exists)
            .map_err(|error| format!("invalid line template: {error}"))?;
        Ok(Self { template, regexes: RefCell::default() })
    }

    /// The template, to see what it reads.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Replaces the line.
    pub fn apply(&self, row: &mut Row<'_>, names: &Names, now_ns: i64) {
        let mut out = String::new();
        let host = RowHost::new(row, names, now_ns, &self.regexes);
        let result = self.template.execute(&host, &mut out);
        match result {
            Ok(()) => row.line = out.into(),
            Err(message) => row.fail(Fault::TemplateFormat, || Some(message)),
        }
    }
}
