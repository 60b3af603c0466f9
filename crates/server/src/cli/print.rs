//! Printing to the terminal, or to whatever reads in its place.

use std::io::{IsTerminal, Write};

use serde_json::Value;

use super::client::ClientError;
use super::draw::Style;

/// Columns where nobody says how many there are.
const WIDTH_DEFAULT: usize = 80;

/// Columns beyond which a line is hard to follow.
const WIDTH_MAX: usize = 160;

/// Prints text as it is. A reader that went away, such as `head`, ends the program well.
pub(super) fn text(text: &str) -> Result<(), ClientError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(ClientError::failed(format!("printing: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints JSON with indents.
pub(super) fn json(value: &Value) -> Result<(), ClientError> {
    text(&format!("{value:#}\n"))
}

/// The terminal's width, and colours if it is one and nobody refused them with `NO_COLOR`.
pub(super) fn style() -> Style {
    let is_terminal = std::io::stdout().is_terminal();
    let colours = is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let width =
        is_terminal.then(terminal_size::terminal_size).flatten().map(|(width, _)| usize::from(width.0));
    Style { width: width.unwrap_or(WIDTH_DEFAULT).min(WIDTH_MAX), colours }
}
