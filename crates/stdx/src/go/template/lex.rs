//! Template text to tokens: text between actions, and the words inside of them.

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Byte at which it begins.
    pub(super) at: usize,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Text outside of actions.
    Text(String),
    /// `{{`
    Open,
    /// `}}`
    Close,
    Space,
    /// `.`
    Dot,
    /// `.name`, without the dot.
    Field(String),
    /// `$name`, with the dollar.
    Variable(String),
    /// A name, a keyword included.
    Word(String),
    /// A number as written.
    Number(String),
    /// `'a'` as written.
    Char(String),
    /// A string: literal as written.
    String(String),
    OpenParen,
    CloseParen,
    Pipe,
    Comma,
    Assign,
    Declare,
    End,
}

impl Kind {
    /// The token as error texts show it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(text) | Self::Number(text) | Self::Char(text) | Self::String(text) => shorten(text),
            Self::Word(text) if is_keyword(text) => format!("<{text}>"),
            Self::Word(text) | Self::Variable(text) => shorten(text),
            Self::Field(name) => format!("\".{name}\""),
            Self::Open => "\"{{\"".to_owned(),
            Self::Close => "\"}}\"".to_owned(),
            Self::Space => "\" \"".to_owned(),
            Self::Dot => "<.>".to_owned(),
            Self::OpenParen => "\"(\"".to_owned(),
            Self::CloseParen => "\")\"".to_owned(),
            Self::Pipe => "\"|\"".to_owned(),
            Self::Comma => "\",\"".to_owned(),
            Self::Assign => "\"=\"".to_owned(),
            Self::Declare => "\":=\"".to_owned(),
            Self::End => "EOF".to_owned(),
        }
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(10) {
        Some((at, _)) => format!("{}...", crate::go::quote::quote(&text[..at])),
        None => crate::go::quote::quote(text),
    }
}

pub(super) fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "if" | "else" | "end" | "range" | "with" | "define" | "template" | "block" | "break" | "continue"
    )
}

/// Splits a template; the error is a message with the byte at which it stands.
pub(super) fn lex(source: &str) -> Result<Vec<Token>, (usize, String)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut trim_next = false;
    loop {
        let open = source[at..].find("{{").map(|offset| at + offset);
        let mut text = &source[at..open.unwrap_or(source.len())];
        let mut text_at = at;
        if trim_next {
            let trimmed = text.trim_start_matches([' ', '\t', '\r', '\n']);
            text_at += text.len() - trimmed.len();
            text = trimmed;
        }
        let trims_before = open.is_some_and(|open| starts_trim(&source[open + 2..], '-'));
        if trims_before {
            text = text.trim_end_matches([' ', '\t', '\r', '\n']);
        }
        if !text.is_empty() {
            tokens.push(Token { kind: Kind::Text(text.to_owned()), at: text_at });
        }
        let Some(open) = open else {
            tokens.push(Token { kind: Kind::End, at: source.len() });
            return Ok(tokens);
        };
        let inner = open + 2 + if trims_before { 2 } else { 0 };
        if source[inner..].starts_with("/*") {
            let Some(end) = source[inner..].find("*/").map(|offset| inner + offset + 2) else {
                return Err((open, "unclosed comment".to_owned()));
            };
            let tail = &source[end..];
            trim_next = tail.starts_with(" -}}") || tail.starts_with("\t-}}");
            let width = if trim_next { 4 } else { 2 };
            if !trim_next && !tail.starts_with("}}") {
                return Err((open, "comment ends before closing delimiter".to_owned()));
            }
            at = end + width;
            continue;
        }
        tokens.push(Token { kind: Kind::Open, at: open });
        (at, trim_next) = lex_action(source, inner, &mut tokens)?;
    }
}

/// Whether a `-` with a space behind it follows.
fn starts_trim(rest: &str, mark: char) -> bool {
    let mut chars = rest.chars();
    chars.next() == Some(mark) && chars.next().is_some_and(|c| matches!(c, ' ' | '\t' | '\r' | '\n'))
}

/// Reads up to behind the closing braces; whether they trim the text that follows.
fn lex_action(
    source: &str,
    mut at: usize,
    tokens: &mut Vec<Token>,
) -> Result<(usize, bool), (usize, String)> {
    let mut depth = 0_usize;
    loop {
        let rest = &source[at..];
        let Some(c) = rest.chars().next() else {
            return Err((at, "unclosed action".to_owned()));
        };
        let trims = matches!(c, ' ' | '\t' | '\r' | '\n') && rest[1..].starts_with("-}}");
        if trims || rest.starts_with("}}") {
            if depth > 0 {
                return Err((at, "unclosed left paren".to_owned()));
            }
            tokens.push(Token { kind: Kind::Close, at });
            return Ok((at + if trims { 4 } else { 2 }, trims));
        }
        let is_word = |c: char| c == '_' || c.is_alphanumeric();
        let word_len = |text: &str| text.find(|c: char| !is_word(c)).unwrap_or(text.len());
        let (kind, width) = match c {
            ' ' | '\t' | '\r' | '\n' => {
                let blank = |c: char| !matches!(c, ' ' | '\t' | '\r' | '\n');
                let mut width = rest.find(blank).unwrap_or(rest.len());
                // The last blank may belong to a trim marker.
                if rest[width..].starts_with("-}}") && width > 1 {
                    width -= 1;
                }
                (Kind::Space, width)
            }
            '(' => {
                depth += 1;
                (Kind::OpenParen, 1)
            }
            ')' => {
                let unexpected = || (at, "unexpected right paren".to_owned());
                depth = depth.checked_sub(1).ok_or_else(unexpected)?;
                (Kind::CloseParen, 1)
            }
            '|' => (Kind::Pipe, 1),
            ',' => (Kind::Comma, 1),
            '=' => (Kind::Assign, 1),
            ':' if rest.starts_with(":=") => (Kind::Declare, 2),
            ':' => return Err((at, "expected :=".to_owned())),
            '"' => (
                Kind::String(String::new()),
                quoted(rest, '"').ok_or((at, "unterminated quoted string".to_owned()))?,
            ),
            '`' => {
                let end = rest[1..].find('`').ok_or((at, "unterminated raw quoted string".to_owned()))?;
                (Kind::String(String::new()), end + 2)
            }
            '\'' => (
                Kind::Char(String::new()),
                quoted(rest, '\'').ok_or((at, "unterminated character constant".to_owned()))?,
            ),
            '$' => (Kind::Variable(String::new()), 1 + word_len(&rest[1..])),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                (Kind::Number(String::new()), number_len(rest))
            }
            '.' => {
                let len = word_len(&rest[1..]);
                let kind = if len == 0 { Kind::Dot } else { Kind::Field(rest[1..=len].to_owned()) };
                (kind, 1 + len)
            }
            '+' | '-' | '0'..='9' => (Kind::Number(String::new()), number_len(rest)),
            c if is_word(c) => (Kind::Word(String::new()), word_len(rest)),
            c => {
                let code = u32::from(c);
                return Err((at, format!("unrecognized character in action: U+{code:04X} '{c}'")));
            }
        };
        let text = rest[..width].to_owned();
        let kind = match kind {
            Kind::String(_) => Kind::String(text),
            Kind::Char(_) => Kind::Char(text),
            Kind::Number(_) => Kind::Number(text),
            Kind::Variable(_) => Kind::Variable(text),
            Kind::Word(_) => Kind::Word(text),
            other => other,
        };
        tokens.push(Token { kind, at });
        at += width;
    }
}

/// The length of a literal in quotes, if it ends on its line.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' => return None,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The length of what may be a number; whether it is one is found out later.
fn number_len(text: &str) -> usize {
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        let is_sign = matches!(c, '+' | '-') && (at == 0 || matches!(previous, 'e' | 'E' | 'p' | 'P'));
        if !(is_sign || c == '.' || c == '_' || c.is_ascii_alphanumeric()) {
            return at;
        }
        previous = c;
    }
    text.len()
}
