//! The tree of a template. It prints as Go prints it, because error texts quote it.

use std::fmt;

/// A part of a template. `at` is the byte in the source.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Text(String),
    /// `{{pipeline}}`
    Action {
        pipe: Pipe,
        at: usize,
    },
    If {
        pipe: Pipe,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
    With {
        pipe: Pipe,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Range {
        pipe: Pipe,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Template {
        name: String,
        pipe: Option<Pipe>,
        at: usize,
    },
    Break,
    Continue,
}

/// Commands, each of which gets the value of the one before as its last argument.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pipe {
    /// Variables that take the value, with the dollar.
    pub(super) variables: Vec<String>,
    /// `=` instead of `:=`.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
    pub(super) at: usize,
}

/// A function or value with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Command {
    pub(super) words: Vec<Word>,
    pub(super) at: usize,
}

/// An operand.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) kind: WordKind,
    pub(super) at: usize,
}

/// The kinds of operand.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum WordKind {
    Dot,
    Nil,
    Bool(bool),
    /// With the text as written.
    Int(i64, String),
    /// With the text as written.
    Float(f64, String),
    /// With the literal as written.
    String(String, String),
    Function(String),
    /// `.a.b`
    Field(Vec<String>),
    /// `$x.a`, the name with its dollar.
    Variable(String, Vec<String>),
    Parens(Box<Pipe>),
    /// `(pipeline).a`
    Chain(Box<Word>, Vec<String>),
}

fn write_joined<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T], by: &str) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(by)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            write_joined(f, &self.variables, ", ")?;
            f.write_str(if self.assigns { " = " } else { " := " })?;
        }
        write_joined(f, &self.commands, " | ")
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_joined(f, &self.words, " ")
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write_fields = |f: &mut fmt::Formatter<'_>, fields: &[String]| {
            fields.iter().try_for_each(|field| write!(f, ".{field}"))
        };
        match &self.kind {
            WordKind::Dot => f.write_str("."),
            WordKind::Nil => f.write_str("nil"),
            WordKind::Bool(value) => write!(f, "{value}"),
            WordKind::Int(_, text) | WordKind::Float(_, text) | WordKind::String(_, text) => {
                f.write_str(text)
            }
            WordKind::Function(name) => f.write_str(name),
            WordKind::Field(fields) => write_fields(f, fields),
            WordKind::Variable(name, fields) => {
                f.write_str(name)?;
                write_fields(f, fields)
            }
            WordKind::Parens(pipe) => write!(f, "({pipe})"),
            WordKind::Chain(word, fields) => {
                write!(f, "{word}")?;
                write_fields(f, fields)
            }
        }
    }
}

/// Collects the fields that nodes read from the dot; false if the dot or `$` is read as a whole.
/// Inside of `with` and `range` the dot is another, so that their fields may be too many.
pub(super) fn collect_fields(nodes: &[Node], fields: &mut Vec<String>) -> bool {
    each_word(nodes, &mut |word| match &word.kind {
        WordKind::Dot => false,
        WordKind::Variable(name, rest) if name == "$" => match rest.first() {
            Some(first) => {
                fields.push(first.clone());
                true
            }
            None => false,
        },
        WordKind::Field(names) => {
            fields.extend(names.first().cloned());
            true
        }
        _ => true,
    })
}

/// Whether nodes call a function.
pub(super) fn calls(nodes: &[Node], function: &str) -> bool {
    !each_word(nodes, &mut |word| !matches!(&word.kind, WordKind::Function(name) if name == function))
}

/// Visits operands until a visit says no; false if one did.
fn each_word(nodes: &[Node], visit: &mut impl FnMut(&Word) -> bool) -> bool {
    nodes.iter().all(|node| match node {
        Node::Text(_) | Node::Break | Node::Continue => true,
        Node::Action { pipe, .. } => pipe_words(pipe, visit),
        Node::Template { pipe, .. } => pipe.as_ref().is_none_or(|pipe| pipe_words(pipe, visit)),
        Node::If { pipe, body, otherwise }
        | Node::With { pipe, body, otherwise }
        | Node::Range { pipe, body, otherwise } => {
            pipe_words(pipe, visit) && each_word(body, visit) && each_word(otherwise, visit)
        }
    })
}

fn pipe_words(pipe: &Pipe, visit: &mut impl FnMut(&Word) -> bool) -> bool {
    pipe.commands.iter().flat_map(|command| &command.words).all(|word| word_words(word, visit))
}

fn word_words(word: &Word, visit: &mut impl FnMut(&Word) -> bool) -> bool {
    visit(word)
        && match &word.kind {
            WordKind::Parens(pipe) => pipe_words(pipe, visit),
            WordKind::Chain(inner, _) => word_words(inner, visit),
            _ => true,
        }
}
