//! Execution of a template.

use std::borrow::Cow;

use super::node::{Command, Node, Pipe, Word, WordKind};
use super::value::Value;
use super::{NESTING_MAX, OUTPUT_BYTES_MAX, STEPS_MAX, Template, builtin};

/// Gives the dot's fields and further functions.
pub trait Host {
    /// A field of the dot; `None` if it has none of that name.
    fn field(&self, name: &str) -> Option<&str>;

    /// All fields, sorted by name.
    fn fields(&self) -> Vec<(String, String)>;

    /// Calls a function that `has_function` promised when the template was parsed.
    fn call<'v>(&'v self, name: &str, args: &[Value<'v>]) -> Result<Value<'v>, CallError>;
}

/// Why a call went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// The template's fault, found before the call: number or type of arguments. The text is Go's.
    Mismatch(String),
    /// The function's own error; Go prefixes it with `error calling NAME: `.
    Failed(String),
}

impl CallError {
    /// `wrong number of args for NAME: want N got M`.
    pub fn arity(name: &str, want: &str, got: usize) -> Self {
        Self::Mismatch(format!("wrong number of args for {name}: want {want} got {got}"))
    }
}

/// What ends a body early.
enum Stop {
    Break,
    Continue,
    Error(String),
}

type Run<T> = Result<T, Stop>;

pub(super) fn execute(template: &Template, host: &dyn Host, out: &mut String) -> Result<(), String> {
    let mut run = Execution {
        template,
        host,
        out_start: out.len(),
        out,
        variables: vec![("$", Value::Root)],
        depth: 0,
        steps: 0,
    };
    match run.body(&template.root, &Value::Root) {
        Ok(()) | Err(Stop::Break | Stop::Continue) => Ok(()),
        Err(Stop::Error(message)) => Err(message),
    }
}

struct Execution<'v, 'o> {
    template: &'v Template,
    host: &'v dyn Host,
    out: &'o mut String,
    out_start: usize,
    variables: Vec<(&'v str, Value<'v>)>,
    depth: usize,
    steps: usize,
}

impl<'v> Execution<'v, '_> {
    /// An error at a place, with the node that was being evaluated.
    fn error<T>(&self, at: usize, node: &str, message: &str) -> Run<T> {
        let before = self.template.source.get(..at).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
        let name = &self.template.name;
        let node = match node.char_indices().nth(20) {
            Some((end, _)) => format!("{}...", &node[..end]),
            None => node.to_owned(),
        };
        Err(Stop::Error(format!(
            "template: {name}:{line}:{column}: executing \"{name}\" at <{node}>: {message}"
        )))
    }

    fn body(&mut self, nodes: &'v [Node], dot: &Value<'v>) -> Run<()> {
        for node in nodes {
            self.node(node, dot)?;
        }
        Ok(())
    }

    fn node(&mut self, node: &'v Node, dot: &Value<'v>) -> Run<()> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return Err(Stop::Error("template takes too many steps".to_owned()));
        }
        match node {
            Node::Text(text) => self.write(text),
            Node::Action { pipe, .. } => {
                let value = self.pipe(pipe, dot)?;
                if !pipe.variables.is_empty() {
                    return Ok(());
                }
                match &value {
                    Value::String(text) => self.write(text),
                    Value::Nil => self.write("<no value>"),
                    other => {
                        let mut text = String::new();
                        other.print(&|| self.host.fields(), &mut text);
                        self.write(&text)
                    }
                }
            }
            Node::If { pipe, body, otherwise } => {
                let scope = self.variables.len();
                let value = self.pipe(pipe, dot)?;
                let chosen = if self.is_true(&value) { body } else { otherwise };
                let result = self.body(chosen, dot);
                self.variables.truncate(scope);
                result
            }
            Node::With { pipe, body, otherwise } => {
                let scope = self.variables.len();
                let value = self.pipe(pipe, dot)?;
                let result =
                    if self.is_true(&value) { self.body(body, &value) } else { self.body(otherwise, dot) };
                self.variables.truncate(scope);
                result
            }
            Node::Range { pipe, body, otherwise } => self.range(pipe, body, otherwise, dot),
            Node::Template { name, pipe, at } => self.call_template(name, pipe.as_ref(), *at, dot),
            Node::Break => Err(Stop::Break),
            Node::Continue => Err(Stop::Continue),
        }
    }

    fn write(&mut self, text: &str) -> Run<()> {
        if self.out.len() - self.out_start + text.len() > OUTPUT_BYTES_MAX {
            return Err(Stop::Error(format!("template output exceeds {OUTPUT_BYTES_MAX} bytes")));
        }
        self.out.push_str(text);
        Ok(())
    }

    fn is_true(&self, value: &Value<'v>) -> bool {
        match value {
            Value::Root => !self.host.fields().is_empty(),
            other => builtin::is_true(other),
        }
    }

    fn call_template(
        &mut self,
        name: &'v str,
        pipe: Option<&'v Pipe>,
        at: usize,
        dot: &Value<'v>,
    ) -> Run<()> {
        let template = self.template;
        let Some((_, body)) = template.defined.iter().find(|(defined, _)| defined == name) else {
            let quoted = crate::go::quote::quote(name);
            let node = format!("{{{{template {quoted}}}}}");
            return self.error(at, &node, &format!("template {quoted} not defined"));
        };
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(Stop::Error("exceeded maximum template depth".to_owned()));
        }
        let dot = match pipe {
            Some(pipe) => self.pipe(pipe, dot)?,
            None => Value::Nil,
        };
        let outer = std::mem::replace(&mut self.variables, vec![("$", dot.clone())]);
        let result = self.body(body, &dot);
        self.variables = outer;
        self.depth -= 1;
        result
    }

    fn range(&mut self, pipe: &'v Pipe, body: &'v [Node], otherwise: &'v [Node], dot: &Value<'v>) -> Run<()> {
        let scope = self.variables.len();
        let value = self.commands(pipe, dot)?;
        let items: Vec<(Value<'v>, Value<'v>)> = match value {
            Value::List(items) => {
                items.into_iter().enumerate().map(|(i, item)| (Value::Int(i as i64), item)).collect()
            }
            Value::Map(map) => map.into_iter().map(|(key, value)| (Value::string(key), value)).collect(),
            Value::Root => self
                .host
                .fields()
                .into_iter()
                .map(|(key, value)| (Value::string(key), Value::string(value)))
                .collect(),
            Value::Int(count) => {
                let count = count.clamp(0, STEPS_MAX as i64);
                (0..count).map(|i| (Value::Int(i), Value::Int(i))).collect()
            }
            Value::Nil => Vec::new(),
            other => {
                let mut text = String::new();
                other.print(&|| self.host.fields(), &mut text);
                let message = format!("range can't iterate over {text}");
                return self.error(pipe.at, &pipe.to_string(), &message);
            }
        };
        if items.is_empty() {
            return self.body(otherwise, dot);
        }
        for (key, item) in items {
            match pipe.variables.as_slice() {
                [one] => self.bind(pipe.assigns, one, item.clone()),
                [first, second] => {
                    self.bind(pipe.assigns, first, key);
                    self.bind(pipe.assigns, second, item.clone());
                }
                _ => {}
            }
            match self.body(body, &item) {
                Ok(()) | Err(Stop::Continue) => {}
                Err(Stop::Break) => break,
                Err(error) => return Err(error),
            }
            self.variables.truncate(scope);
        }
        self.variables.truncate(scope);
        Ok(())
    }

    fn bind(&mut self, assigns: bool, name: &'v str, value: Value<'v>) {
        if assigns && let Some(slot) = self.variables.iter_mut().rev().find(|(known, _)| *known == name) {
            slot.1 = value;
            return;
        }
        self.variables.push((name, value));
    }

    fn pipe(&mut self, pipe: &'v Pipe, dot: &Value<'v>) -> Run<Value<'v>> {
        let value = self.commands(pipe, dot)?;
        for name in &pipe.variables {
            self.bind(pipe.assigns, name, value.clone());
        }
        Ok(value)
    }

    fn commands(&mut self, pipe: &'v Pipe, dot: &Value<'v>) -> Run<Value<'v>> {
        let mut last = None;
        for command in &pipe.commands {
            last = Some(self.command(command, dot, last)?);
        }
        Ok(last.unwrap_or(Value::Nil))
    }

    fn command(&mut self, command: &'v Command, dot: &Value<'v>, last: Option<Value<'v>>) -> Run<Value<'v>> {
        let Some((first, args)) = command.words.split_first() else {
            return Ok(Value::Nil);
        };
        let has_args = !args.is_empty() || last.is_some();
        match &first.kind {
            WordKind::Function(name) => return self.function(name, first.at, command, dot, last),
            WordKind::Field(names) | WordKind::Variable(_, names) if has_args && !names.is_empty() => {
                let name = names.last().map_or("", String::as_str);
                let message = format!("{name} is not a method but has arguments");
                return self.error(first.at, &first.to_string(), &message);
            }
            _ if has_args => {
                let message = format!("can't give argument to non-function {first}");
                return self.error(command.at, &command.to_string(), &message);
            }
            WordKind::Nil => {
                return self.error(command.at, &command.to_string(), "nil is not a command");
            }
            _ => {}
        }
        self.word(first, dot)
    }

    fn word(&mut self, word: &'v Word, dot: &Value<'v>) -> Run<Value<'v>> {
        match &word.kind {
            WordKind::Dot => Ok(dot.clone()),
            WordKind::Nil => Ok(Value::Nil),
            WordKind::Bool(value) => Ok(Value::Bool(*value)),
            WordKind::Int(value, _) => Ok(Value::Int(*value)),
            WordKind::Float(value, _) => Ok(Value::Float(*value)),
            WordKind::String(text, _) => Ok(Value::String(Cow::Borrowed(text))),
            WordKind::Field(names) => self.fields(dot.clone(), names, word),
            WordKind::Variable(name, names) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                let value = found.map_or(Value::Nil, |(_, value)| value.clone());
                self.fields(value, names, word)
            }
            WordKind::Parens(pipe) => self.pipe(pipe, dot),
            WordKind::Chain(inner, names) => {
                let value = self.word(inner, dot)?;
                self.fields(value, names, word)
            }
            WordKind::Function(name) => self.call(name, word.at, word.at, &word.to_string(), Vec::new()),
        }
    }

    fn fields(&self, value: Value<'v>, names: &[String], word: &Word) -> Run<Value<'v>> {
        let mut value = value;
        for name in names {
            value = match value {
                Value::Root => Value::String(Cow::Borrowed(self.host.field(name).unwrap_or(""))),
                Value::Map(mut map) => map.remove(name).unwrap_or(Value::Nil),
                Value::Nil => {
                    let message = format!("nil pointer evaluating interface {{}}.{name}");
                    return self.error(word.at, &word.to_string(), &message);
                }
                other => {
                    let message = format!("can't evaluate field {name} in type {}", other.type_name());
                    return self.error(word.at, &word.to_string(), &message);
                }
            };
        }
        Ok(value)
    }

    fn function(
        &mut self,
        name: &'v str,
        at: usize,
        command: &'v Command,
        dot: &Value<'v>,
        last: Option<Value<'v>>,
    ) -> Run<Value<'v>> {
        let words = &command.words[1..];
        if matches!(name, "and" | "or") {
            return self.short_circuit(name == "or", words, at, dot, last);
        }
        let mut args = Vec::with_capacity(words.len() + 1);
        for word in words {
            args.push(self.word(word, dot)?);
        }
        args.extend(last);
        self.call(name, at, command.at, &command.to_string(), args)
    }

    /// `and` and `or` stop at the first argument that decides.
    fn short_circuit(
        &mut self,
        stops_at: bool,
        words: &'v [Word],
        at: usize,
        dot: &Value<'v>,
        last: Option<Value<'v>>,
    ) -> Run<Value<'v>> {
        let name = if stops_at { "or" } else { "and" };
        let mut value = None;
        for word in words {
            let next = self.word(word, dot)?;
            if self.is_true(&next) == stops_at {
                return Ok(next);
            }
            value = Some(next);
        }
        match last.or(value) {
            Some(value) => Ok(value),
            None => {
                let message = format!("wrong number of args for {name}: want at least 1 got 0");
                self.error(at, name, &message)
            }
        }
    }

    fn call(
        &mut self,
        name: &'v str,
        at: usize,
        command_at: usize,
        command: &str,
        args: Vec<Value<'v>>,
    ) -> Run<Value<'v>> {
        let host = self.host;
        let result = match builtin::call(name, &args, &|| host.fields(), &|key| host.field(key)) {
            Some(result) => result,
            None => host.call(name, &args),
        };
        match result {
            Ok(value) => Ok(value),
            Err(CallError::Mismatch(message)) => self.error(at, name, &message),
            Err(CallError::Failed(message)) => {
                self.error(command_at, command, &format!("error calling {name}: {message}"))
            }
        }
    }
}
