//! The table of keys for people: `--print-config` and the reference page.

use std::fmt::Write;

use super::keys::{KEYS, Key, Kind};
use super::raw::{Origin, Raw};

/// The effective configuration as a TOML file, each key with its sentence and the place its value came from.
pub fn effective(raw: &Raw) -> String {
    let mut out = String::new();
    let mut section = "";
    for key in KEYS {
        if key.section != section {
            section = key.section;
            let gap = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{gap}[{section}]");
        }
        let value = raw.get(&key.path());
        let from = match value.origin {
            Origin::Default => String::new(),
            origin => format!(" # from {origin}"),
        };
        let _ = writeln!(out, "# {}", key.doc);
        let text = if key.kind == Kind::Pairs { without_secrets(&value.text) } else { value.text };
        let _ = writeln!(out, "{} = {}{from}", key.name, toml_text(key, &text));
    }
    out
}

/// `docs/reference/config.md`.
pub fn reference() -> String {
    let mut out = String::from(
        "# Configuration\n\n\
         Made from the table of keys in `crates/server/src/config/keys.rs`; a test compares them.\n\n\
         A key is set, later ones winning, by the file that `--config FILE` names, by its environment variable, by a flag.\n\
         Unknown keys are errors. `throughline serve --print-config` prints what is in force and where it came from.\n\
         Sizes are written like `64MiB` or `500MB`, times like `30s`, `1h30m` or `30d`.\n",
    );
    let mut section = "";
    for key in KEYS {
        if key.section != section {
            section = key.section;
            let _ = write!(out, "\n## `[{section}]`\n");
        }
        let default = if key.default.is_empty() { "empty".to_owned() } else { format!("`{}`", key.default) };
        let _ = write!(
            out,
            "\n### `{}`\n{}\n\n- {}\n- Default: {default}. Example: `{} = {}`.\n- Variable: `{}`.\n",
            key.name,
            key.doc,
            range(key.kind),
            key.name,
            toml_text(key, key.example),
            key.variable(),
        );
    }
    out
}

fn range(kind: Kind) -> String {
    let bytes = |bytes: u64| stdx::human::format_bytes(bytes);
    let time = |millis: u64| {
        let nanos = i64::try_from(millis.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        if nanos == 0 { "0s".to_owned() } else { stdx::human::format_duration(nanos) }
    };
    match kind {
        Kind::Text => "A text.".to_owned(),
        Kind::Path => "A path.".to_owned(),
        Kind::Address => "An IP address.".to_owned(),
        Kind::Listen => "`off`, a port, or `HOST:PORT`; empty means the default port.".to_owned(),
        Kind::Choice(words) => format!("One of `{}`.", words.join("`, `")),
        Kind::Switch => "`true` or `false`.".to_owned(),
        Kind::Count(low, high) => format!("A number from {low} to {high}."),
        Kind::Bytes(low, high) => format!("A size from {} to {}.", bytes(low), bytes(high)),
        Kind::Space(low, high) => {
            format!("A size from {} to {}, or a share of the disk like `80%`.", bytes(low), bytes(high))
        }
        Kind::Duration(low, high) => format!("A time from {} to {}.", time(low), time(high)),
        Kind::Ratio => "A share from 0 to 1.".to_owned(),
        Kind::Texts => "A list of texts; in the variable separated by commas.".to_owned(),
        Kind::Pairs => "A table of texts; in the variable `name=text,name=text`.".to_owned(),
    }
}

/// Pairs with the texts of those hidden whose names speak of secrets: what is printed ends up in tickets.
fn without_secrets(pairs: &str) -> String {
    let shown: Vec<String> = pairs
        .split(',')
        .map(|pair| match pair.split_once('=') {
            Some((name, _))
                if ["secret", "token", "password", "sas", "account_key"]
                    .iter()
                    .any(|word| name.contains(word)) =>
            {
                format!("{name}=(hidden)")
            }
            _ => pair.to_owned(),
        })
        .collect();
    shown.join(",")
}

fn toml_text(key: &Key, text: &str) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    match key.kind {
        Kind::Switch | Kind::Count(..) | Kind::Ratio => text.to_owned(),
        Kind::Texts => {
            let texts: Vec<String> = text.split(',').filter(|part| !part.is_empty()).map(quoted).collect();
            format!("[{}]", texts.join(", "))
        }
        Kind::Pairs => {
            let pairs: Vec<String> = text
                .split(',')
                .filter_map(|pair| pair.split_once('='))
                .map(|(name, text)| format!("{name} = {}", quoted(text)))
                .collect();
            format!("{{ {} }}", pairs.join(", ")).replace("{  }", "{}")
        }
        _ => quoted(text),
    }
}
