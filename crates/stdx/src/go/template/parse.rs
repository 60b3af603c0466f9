//! Tokens to tree.

use super::NESTING_MAX;
use super::lex::{Kind, Token, is_keyword, lex};
use super::node::{Command, Node, Pipe, Word, WordKind};
use crate::go::number::{parse_float, parse_int};
use crate::go::quote::unquote_string;

type Defined = Vec<(String, Vec<Node>)>;

/// Parses a template into its own nodes and those of the templates that it defines.
pub(super) fn parse(
    name: &str,
    source: &str,
    has_function: &dyn Fn(&str) -> bool,
) -> Result<(Vec<Node>, Defined), String> {
    let fail = |at: usize, message: &str| {
        let line = source[..at.min(source.len())].matches('\n').count() + 1;
        format!("template: {name}:{line}: {message}")
    };
    let tokens = lex(source).map_err(|(at, message)| fail(at, &message))?;
    let mut parser = Parser {
        tokens,
        at: 0,
        has_function,
        variables: vec!["$".to_owned()],
        defined: Vec::new(),
        nesting: 0,
        ranges: 0,
    };
    let (nodes, ending) = parser.list().map_err(|(at, message)| fail(at, &message))?;
    match ending {
        Ending::End => Ok((nodes, parser.defined)),
        Ending::Else | Ending::Keyword => {
            let word = if matches!(ending, Ending::Else) { "{{else}}" } else { "{{end}}" };
            Err(fail(parser.tokens[parser.at.saturating_sub(1)].at, &format!("unexpected {word}")))
        }
    }
}

/// What ended a list of nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ending {
    /// The text.
    End,
    /// `{{end}}`, taken.
    Keyword,
    /// `{{else`, taken up to here.
    Else,
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    has_function: &'a dyn Fn(&str) -> bool,
    variables: Vec<String>,
    defined: Defined,
    nesting: usize,
    ranges: usize,
}

type Failure = (usize, String);

impl Parser<'_> {
    fn peek(&self) -> &Kind {
        &self.tokens[self.at.min(self.tokens.len() - 1)].kind
    }

    fn place(&self) -> usize {
        self.tokens[self.at.min(self.tokens.len() - 1)].at
    }

    fn next(&mut self) -> Kind {
        let kind = self.peek().clone();
        self.at += 1;
        kind
    }

    fn skip_space(&mut self) {
        while *self.peek() == Kind::Space {
            self.at += 1;
        }
    }

    fn peek_word(&self) -> Option<&str> {
        match self.peek() {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    fn unexpected<T>(&self, context: &str) -> Result<T, Failure> {
        Err((self.place(), format!("unexpected {} in {context}", self.peek().shown())))
    }

    fn enter(&mut self) -> Result<(), Failure> {
        self.nesting += 1;
        if self.nesting > NESTING_MAX {
            return Err((self.place(), "template is nested too deeply".to_owned()));
        }
        Ok(())
    }

    fn list(&mut self) -> Result<(Vec<Node>, Ending), Failure> {
        self.enter()?;
        let mut nodes = Vec::new();
        let ending = loop {
            match self.next() {
                Kind::End => break Ending::End,
                Kind::Text(text) => nodes.push(Node::Text(text)),
                _ => {
                    self.skip_space();
                    let at = self.place();
                    match self.peek_word().filter(|word| is_keyword(word)).map(str::to_owned) {
                        Some(word) => {
                            self.at += 1;
                            match word.as_str() {
                                "end" => {
                                    self.close("end")?;
                                    break Ending::Keyword;
                                }
                                "else" => break Ending::Else,
                                other => nodes.extend(self.keyword(other, at)?),
                            }
                        }
                        None => {
                            let pipe = self.pipe("command")?;
                            self.close("command")?;
                            nodes.push(Node::Action { pipe, at });
                        }
                    }
                }
            }
        };
        self.nesting -= 1;
        Ok((nodes, ending))
    }

    fn close(&mut self, context: &str) -> Result<(), Failure> {
        self.skip_space();
        if *self.peek() != Kind::Close {
            return self.unexpected(context);
        }
        self.at += 1;
        Ok(())
    }

    fn keyword(&mut self, word: &str, at: usize) -> Result<Option<Node>, Failure> {
        match word {
            "if" | "with" | "range" => self.control(word).map(Some),
            "break" | "continue" => {
                self.close(&format!("{{{{{word}}}}}"))?;
                if self.ranges == 0 {
                    return Err((at, format!("{{{{{word}}}}} outside {{{{range}}}}")));
                }
                Ok(Some(if word == "break" { Node::Break } else { Node::Continue }))
            }
            "template" => {
                let name = self.template_name("template clause")?;
                let pipe = self.optional_pipe("template clause")?;
                Ok(Some(Node::Template { name, pipe, at }))
            }
            "block" => {
                let name = self.template_name("block clause")?;
                let pipe = self.pipe("block clause")?;
                self.close("block clause")?;
                self.definition(name.clone())?;
                Ok(Some(Node::Template { name, pipe: Some(pipe), at }))
            }
            _ => {
                let name = self.template_name("define clause")?;
                self.close("define clause")?;
                self.definition(name)?;
                Ok(None)
            }
        }
    }

    fn template_name(&mut self, context: &str) -> Result<String, Failure> {
        self.skip_space();
        match self.peek().clone() {
            Kind::String(literal) => {
                let at = self.place();
                self.at += 1;
                unquote_string(&literal).map_err(|error| (at, error.to_string()))
            }
            _ => self.unexpected(context),
        }
    }

    fn optional_pipe(&mut self, context: &str) -> Result<Option<Pipe>, Failure> {
        self.skip_space();
        let pipe = if *self.peek() == Kind::Close { None } else { Some(self.pipe(context)?) };
        self.close(context)?;
        Ok(pipe)
    }

    /// The body of a template that has a name of its own, and variables of its own.
    fn definition(&mut self, name: String) -> Result<(), Failure> {
        let outer = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let ranges = std::mem::take(&mut self.ranges);
        let (body, ending) = self.list()?;
        (self.variables, self.ranges) = (outer, ranges);
        if ending != Ending::Keyword {
            return Err((self.place(), "unexpected EOF".to_owned()));
        }
        self.defined.retain(|(old, _)| *old != name);
        self.defined.push((name, body));
        Ok(())
    }

    fn control(&mut self, word: &str) -> Result<Node, Failure> {
        self.enter()?;
        let scope = self.variables.len();
        let pipe = self.pipe(word)?;
        self.close(word)?;
        self.ranges += usize::from(word == "range");
        let (body, mut ending) = self.list()?;
        self.ranges -= usize::from(word == "range");
        let mut otherwise = Vec::new();
        if ending == Ending::Else {
            self.skip_space();
            if word != "range" && self.peek_word() == Some(word) {
                // `{{else if}}` is an `{{if}}` in the `{{else}}` that shares its `{{end}}`.
                self.at += 1;
                otherwise.push(self.control(word)?);
                ending = Ending::Keyword;
            } else {
                self.close("else")?;
                (otherwise, ending) = self.list()?;
            }
        }
        match ending {
            Ending::Keyword => {}
            Ending::End => return Err((self.place(), "unexpected EOF".to_owned())),
            Ending::Else => {
                return Err((self.place(), "expected end; found {{else}}".to_owned()));
            }
        }
        self.variables.truncate(scope);
        self.nesting -= 1;
        Ok(match word {
            "if" => Node::If { pipe, body, otherwise },
            "with" => Node::With { pipe, body, otherwise },
            _ => Node::Range { pipe, body, otherwise },
        })
    }

    fn pipe(&mut self, context: &str) -> Result<Pipe, Failure> {
        self.enter()?;
        self.skip_space();
        let at = self.place();
        let (variables, assigns) = self.declaration(context)?;
        let mut commands = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                Kind::Close | Kind::CloseParen => break,
                Kind::Pipe => {
                    if commands.is_empty() {
                        return self.unexpected(context);
                    }
                    self.at += 1;
                    self.skip_space();
                    if matches!(self.peek(), Kind::Close | Kind::CloseParen | Kind::Pipe) {
                        return Err((self.place(), format!("missing value for {context}")));
                    }
                }
                _ if commands.is_empty() => {}
                _ => return self.unexpected(context),
            }
            commands.push(self.command(context)?);
        }
        if commands.is_empty() {
            return Err((self.place(), format!("missing value for {context}")));
        }
        for (index, command) in commands.iter().enumerate().skip(1) {
            if let Some(
                WordKind::Bool(_)
                | WordKind::Dot
                | WordKind::Nil
                | WordKind::Int(..)
                | WordKind::Float(..)
                | WordKind::String(..),
            ) = command.words.first().map(|word| &word.kind)
            {
                let message = format!("non executable command in pipeline stage {}", index + 1);
                return Err((command.at, message));
            }
        }
        self.variables.extend(variables.iter().filter(|_| !assigns).cloned());
        self.nesting -= 1;
        Ok(Pipe { variables, assigns, commands, at })
    }

    /// `$x :=`, `$i, $x :=` or `$x =`.
    fn declaration(&mut self, context: &str) -> Result<(Vec<String>, bool), Failure> {
        let start = self.at;
        let mut variables = Vec::new();
        while let Kind::Variable(name) = self.peek().clone() {
            self.at += 1;
            self.skip_space();
            variables.push(name);
            match self.peek() {
                Kind::Declare => {
                    self.at += 1;
                    return Ok((variables, false));
                }
                Kind::Assign => {
                    self.at += 1;
                    return Ok((variables, true));
                }
                Kind::Comma if context == "range" && variables.len() < 2 => {
                    self.at += 1;
                    self.skip_space();
                }
                Kind::Comma => {
                    return Err((self.place(), format!("too many declarations in {context}")));
                }
                _ => break,
            }
        }
        self.at = start;
        Ok((Vec::new(), false))
    }

    fn command(&mut self, context: &str) -> Result<Command, Failure> {
        let at = self.place();
        let mut words = Vec::new();
        loop {
            self.skip_space();
            if matches!(self.peek(), Kind::Close | Kind::CloseParen | Kind::Pipe) {
                break;
            }
            words.push(self.word(context)?);
            if !matches!(self.peek(), Kind::Space | Kind::Close | Kind::CloseParen | Kind::Pipe) {
                return self.unexpected("operand");
            }
        }
        if words.is_empty() {
            return Err((at, "empty command".to_owned()));
        }
        Ok(Command { words, at })
    }

    fn word(&mut self, context: &str) -> Result<Word, Failure> {
        let at = self.place();
        let kind = match self.next() {
            Kind::Dot => WordKind::Dot,
            Kind::Field(name) => WordKind::Field(vec![name]),
            Kind::Variable(name) => {
                if !self.variables.contains(&name) {
                    return Err((at, format!("undefined variable {}", crate::go::quote::quote(&name))));
                }
                WordKind::Variable(name, Vec::new())
            }
            Kind::Word(name) => match name.as_str() {
                "true" => WordKind::Bool(true),
                "false" => WordKind::Bool(false),
                "nil" => WordKind::Nil,
                _ if is_keyword(&name) => {
                    self.at -= 1;
                    return self.unexpected(context);
                }
                _ if super::builtin::exists(&name) || (self.has_function)(&name) => WordKind::Function(name),
                _ => {
                    let name = crate::go::quote::quote(&name);
                    return Err((at, format!("function {name} not defined")));
                }
            },
            Kind::Number(text) => number(text).map_err(|message| (at, message))?,
            Kind::Char(text) => match unquote_string(&text).ok().and_then(|t| t.chars().next()) {
                Some(c) => WordKind::Int(i64::from(u32::from(c)), text),
                None => return Err((at, format!("malformed character constant: {text}"))),
            },
            Kind::String(literal) => match unquote_string(&literal) {
                Ok(text) => WordKind::String(text, literal),
                Err(error) => return Err((at, error.to_string())),
            },
            Kind::OpenParen => {
                let pipe = self.pipe("parenthesized pipeline")?;
                self.skip_space();
                if *self.peek() != Kind::CloseParen {
                    return self.unexpected("parenthesized pipeline");
                }
                self.at += 1;
                WordKind::Parens(Box::new(pipe))
            }
            _ => {
                self.at -= 1;
                return self.unexpected(context);
            }
        };
        self.fields_of(Word { kind, at })
    }

    /// The fields that follow an operand without a space.
    fn fields_of(&mut self, word: Word) -> Result<Word, Failure> {
        let mut more = Vec::new();
        while let Kind::Field(name) = self.peek().clone() {
            self.at += 1;
            more.push(name);
        }
        if more.is_empty() {
            return Ok(word);
        }
        let Word { kind, at } = word;
        let kind = match kind {
            WordKind::Field(mut names) => {
                names.append(&mut more);
                WordKind::Field(names)
            }
            WordKind::Variable(name, mut names) => {
                names.append(&mut more);
                WordKind::Variable(name, names)
            }
            WordKind::Bool(_) | WordKind::Nil | WordKind::Dot => {
                return Err((
                    at,
                    format!(
                        "unexpected . after term {}",
                        crate::go::quote::quote(&Word { kind, at }.to_string())
                    ),
                ));
            }
            WordKind::Int(..) | WordKind::Float(..) | WordKind::String(..) => {
                return Err((
                    at,
                    format!(
                        "unexpected . after term {}",
                        crate::go::quote::quote(&Word { kind, at }.to_string())
                    ),
                ));
            }
            other => WordKind::Chain(Box::new(Word { kind: other, at }), more),
        };
        Ok(Word { kind, at })
    }
}

/// A numeric constant; whole ones are integers unless written as a float.
fn number(text: String) -> Result<WordKind, String> {
    if let Ok(value) = parse_int(&text, 0, 64) {
        return Ok(WordKind::Int(value, text));
    }
    match parse_float(&text) {
        Ok(value) if text.contains(['.', 'e', 'E', 'p', 'P']) => Ok(WordKind::Float(value, text)),
        _ => Err(format!("bad number syntax: {}", crate::go::quote::quote(&text))),
    }
}
