//! Names of attributes after their scope: bare parts and quoted parts in any order.

/// Ends a bare part, besides white space.
const STOPS: &[char] = &['{', '}', '(', ')', '=', '~', '!', '<', '>', '&', '|', '^', ','];

fn ends_name(c: char) -> bool {
    c.is_whitespace() || STOPS.contains(&c)
}

/// Whether a name must be quoted to be read back as one.
pub fn needs_quotes(name: &str) -> bool {
    name.is_empty() || name.chars().any(|c| ends_name(c) || c == '"' || c == '\\')
}

/// Bytes read and the decoded name. A backslash in quotes escapes a quote or itself and stands for
/// itself before anything else.
pub fn read(text: &str) -> Result<(usize, Box<str>), &'static str> {
    let bare = text.find(|c| c == '"' || ends_name(c)).unwrap_or(text.len());
    if !text[bare..].starts_with('"') {
        return Ok((bare, text[..bare].into()));
    }
    let mut name = String::new();
    let mut is_quoted = false;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => is_quoted = !is_quoted,
            '\\' if is_quoted => match chars.peek() {
                Some(&(_, escaped @ ('"' | '\\'))) => {
                    chars.next();
                    name.push(escaped);
                }
                _ => return Err("invalid escape sequence"),
            },
            _ if !is_quoted && ends_name(c) => return Ok((at, name.into())),
            _ => name.push(c),
        }
    }
    if is_quoted { Err("unexpected EOF, expecting \"") } else { Ok((text.len(), name.into())) }
}
