//! Go's `text/template`: parsing and execution, with the functions that come with it.
//!
//! In: a template, a [`Host`] that gives the fields of the dot and further functions. Out: text, or an
//! error in Go's words with its place (`template: line:1:2: executing "line" at <.foo>: ...`).
//!
//! All actions are there: pipelines, variables, `if`, `else`, `with`, `range`, `break`, `continue`,
//! `define`, `template`, `block`, comments and trim markers. A field that the dot does not have is the
//! empty string (`missingkey=zero` over a map of strings).
//!
//! Deliberately not here: methods, channels and functions as values, which no label has. Output,
//! nesting and steps are bounded ([`OUTPUT_BYTES_MAX`], [`NESTING_MAX`], [`STEPS_MAX`]), because
//! templates come from users.

mod builtin;
mod compare;
mod exec;
mod lex;
mod node;
mod parse;
pub mod printf;
mod value;

pub use builtin::query_escape;
pub use exec::{CallError, Host};
pub use value::Value;

/// Bytes that one execution may write.
pub const OUTPUT_BYTES_MAX: usize = 1 << 20;

/// Blocks and parentheses inside each other, and templates that call each other.
pub const NESTING_MAX: usize = 100;

/// Nodes that one execution may visit.
pub const STEPS_MAX: usize = 1 << 20;

/// A parsed template.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    name: String,
    source: String,
    root: Vec<node::Node>,
    defined: Vec<(String, Vec<node::Node>)>,
}

impl Template {
    /// `template.New(name).Parse(source)`; `has_function` says which functions the host has.
    pub fn parse(name: &str, source: &str, has_function: &dyn Fn(&str) -> bool) -> Result<Self, String> {
        let (root, defined) = parse::parse(name, source, has_function)?;
        Ok(Self { name: name.to_owned(), source: source.to_owned(), root, defined })
    }

    /// `Template.Execute`: appends to `out`, which keeps what was written before an error.
    pub fn execute(&self, host: &dyn Host, out: &mut String) -> Result<(), String> {
        exec::execute(self, host, out)
    }

    /// Names of the fields of the dot that the template reads; `None` if it reads the dot as a whole,
    /// so that all count.
    pub fn fields(&self) -> Option<Vec<String>> {
        let mut fields = Vec::new();
        let bodies = std::iter::once(&self.root).chain(self.defined.iter().map(|(_, body)| body));
        for body in bodies {
            if !node::collect_fields(body, &mut fields) {
                return None;
            }
        }
        Some(fields)
    }

    /// Whether the template calls the function.
    pub fn calls(&self, function: &str) -> bool {
        let bodies = std::iter::once(&self.root).chain(self.defined.iter().map(|(_, body)| body));
        bodies.into_iter().any(|body| node::calls(body, function))
    }
}

#[cfg(test)]
mod tests;
