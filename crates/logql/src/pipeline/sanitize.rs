//! Keys of lines as label names.

/// A label name from a key: spaces around it go, a leading digit gets `_` before it, and any other
/// character than a letter, digit or `_` of ASCII becomes `_`. Empty if the key is blank.
pub fn label_name(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 1);
    push_label_name(&mut out, key, true);
    out
}

/// Appends a key; `is_first` says whether a leading digit needs its `_`.
pub fn push_label_name(out: &mut String, key: &str, is_first: bool) {
    let key = stdx::go::text::trim_space(key);
    if is_first && key.starts_with(|c: char| c.is_ascii_digit()) {
        out.push('_');
    }
    for c in key.chars() {
        out.push(if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' });
    }
}
