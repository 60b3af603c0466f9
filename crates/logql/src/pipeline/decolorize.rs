//! The stage `decolorize`: takes colours and other terminal sequences out of the line.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::Regex;

use super::row::Row;

/// Removes the sequences of a line.
pub fn apply(row: &mut Row<'_>) {
    if !row.line.contains(['\u{1b}', '\u{9b}']) {
        return;
    }
    // As the original, and most tools before it, recognise them.
    static SEQUENCE: OnceLock<Option<Regex>> = OnceLock::new();
    let sequence = SEQUENCE.get_or_init(|| {
        Regex::new(
            "[\u{1b}\u{9b}][\\[\\]()#;?]*(?:(?:(?:[a-zA-Z\\d]*(?:;[a-zA-Z\\d]*)*)?\u{7})|(?:(?:\\d{1,4}(?:;\\d{0,4})*)?[\\dA-PRZcf-ntqry=><~]))",
        )
        .ok()
    });
    if let Some(sequence) = sequence
        && let Cow::Owned(clean) = sequence.replace_all(&row.line, "")
    {
        row.line = Cow::Owned(clean);
    }
}
