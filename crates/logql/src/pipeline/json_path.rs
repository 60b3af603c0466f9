//! Paths such as `request.headers["User-Agent"][0]` in `json label="path"`.
//!
//! In: text. Out: steps, or the message of the original's generated parser.

/// A step down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// To a member of an object.
    Key(String),
    /// To an element of an array, from 0.
    Index(usize),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Dot,
    OpenBracket,
    CloseBracket,
    String(String),
    Field(String),
    Index(usize),
    End,
}

impl Token {
    const fn name(&self) -> &'static str {
        match self {
            Self::Dot => "DOT",
            Self::OpenBracket => "LSB",
            Self::CloseBracket => "RSB",
            Self::String(_) => "STRING",
            Self::Field(_) => "FIELD",
            Self::Index(_) => "INDEX",
            Self::End => "$end",
        }
    }
}

/// Reads a path; the empty text is the empty path.
pub fn parse(text: &str) -> Result<Vec<Step>, String> {
    let tokens = lex(text)?;
    let mut tokens = tokens.into_iter();
    let mut steps = Vec::new();
    let unexpected =
        |token: &Token, expected: &str| format!("syntax error: unexpected {}{expected}", token.name());
    loop {
        let token = tokens.next().unwrap_or(Token::End);
        let is_first = steps.is_empty();
        match token {
            Token::End => return Ok(steps),
            Token::Field(name) if is_first => steps.push(Step::Key(name)),
            Token::Dot if !is_first => match tokens.next().unwrap_or(Token::End) {
                Token::Field(name) => steps.push(Step::Key(name)),
                other => return Err(unexpected(&other, ", expecting FIELD")),
            },
            Token::OpenBracket => {
                steps.push(match tokens.next().unwrap_or(Token::End) {
                    Token::String(key) => Step::Key(key),
                    Token::Index(index) => Step::Index(index),
                    other => return Err(unexpected(&other, ", expecting STRING or INDEX")),
                });
                match tokens.next().unwrap_or(Token::End) {
                    Token::CloseBracket => {}
                    other => return Err(unexpected(&other, ", expecting RSB")),
                }
            }
            other if is_first => return Err(unexpected(&other, ", expecting LSB or FIELD")),
            other => return Err(unexpected(&other, "")),
        }
    }
}

fn lex(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut width = c.len_utf8();
        match c {
            ' ' | '\t' | '\n' => {}
            '.' => tokens.push(Token::Dot),
            '[' => tokens.push(Token::OpenBracket),
            ']' => tokens.push(Token::CloseBracket),
            '"' => {
                let tail = &rest[1..];
                let length = tail.find(['"', ']']).unwrap_or(tail.len());
                tokens.push(Token::String(tail[..length].to_owned()));
                width += length + usize::from(tail[length..].starts_with('"'));
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
                width = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
                tokens.push(Token::Field(rest[..width].to_owned()));
            }
            '0'..='9' => {
                width = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                let index = rest[..width].parse().map_err(|_| format!("unexpected char {c}"))?;
                tokens.push(Token::Index(index));
            }
            _ => return Err(format!("unexpected char {c}")),
        }
        rest = &rest[width..];
    }
    Ok(tokens)
}
