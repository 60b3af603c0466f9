//! The values of a template, as far as labels and their functions make them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::go::number::{FloatFormat, format_float};
use crate::go::time::{STRING, Time};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'v> {
    /// The data that the template was executed with: a map of strings that the host holds.
    Root,
    /// `nil`, and what a missing element of a map of anything gives.
    Nil,
    /// `bool`
    Bool(bool),
    /// `int` and `int64`, which differ in error texts only.
    Int(i64),
    /// `float64`
    Float(f64),
    /// `string`
    String(Cow<'v, str>),
    /// `time.Time`
    Time(Time),
    /// `[]interface{}`
    List(Vec<Value<'v>>),
    /// `map[string]interface{}`
    Map(BTreeMap<String, Value<'v>>),
}

impl<'v> Value<'v> {
    /// A string.
    pub fn string(text: impl Into<Cow<'v, str>>) -> Self {
        Self::String(text.into())
    }

    /// Go's name of the type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Root => "map[string]string",
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::String(_) => "string",
            Self::Time(_) => "time.Time",
            Self::List(_) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
        }
    }

    /// Appends the value as `fmt.Print` does. The root prints as a map; `fields` gives its pairs,
    /// sorted by name.
    pub fn print(&self, fields: &dyn Fn() -> Vec<(String, String)>, out: &mut String) {
        match self {
            Self::Root => {
                out.push_str("map[");
                for (index, (name, value)) in fields().iter().enumerate() {
                    if index > 0 {
                        out.push(' ');
                    }
                    out.push_str(name);
                    out.push(':');
                    out.push_str(value);
                }
                out.push(']');
            }
            Self::Nil => out.push_str("<nil>"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(value) => out.push_str(&value.to_string()),
            Self::Float(value) => {
                out.push_str(&format_float(*value, FloatFormat::General, None));
            }
            Self::String(text) => out.push_str(text),
            Self::Time(time) => out.push_str(&time.format(STRING)),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(' ');
                    }
                    item.print(fields, out);
                }
                out.push(']');
            }
            Self::Map(map) => {
                out.push_str("map[");
                for (index, (name, value)) in map.iter().enumerate() {
                    if index > 0 {
                        out.push(' ');
                    }
                    out.push_str(name);
                    out.push(':');
                    value.print(fields, out);
                }
                out.push(']');
            }
        }
    }
}
