//! The first step: texts by key, each with the place it came from.
//!
//! In: a TOML file's text, environment variables, flags; later ones win. Out: [`Raw`], in which every key is known but no
//! value has been looked at.

use std::collections::BTreeMap;

use toml::Value;

use super::ConfigError;
use super::keys::{KEYS, Key, find};
use super::nearest::nearest;

/// Variables of `make` verbs and tests, by what follows `THROUGHLINE_`.
const FOREIGN: &[&str] = &["BENCH_", "ORACLES", "CORPUS", "GOLDENS", "REQUIRE_EXTERNAL", "KILL_", "SIM_"];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The table of keys.
    Default,
    /// The file of this name.
    File(String),
    /// The environment variable of this name.
    Variable(String),
    /// The flag of this name.
    Flag(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(name) => write!(f, "file {name}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A value that has not been looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawValue {
    /// Its text in the form of the environment.
    pub text: String,
    /// Where it came from.
    pub origin: Origin,
}

/// Texts by `section.name`; every known key has one.
#[derive(Debug, Clone)]
pub struct Raw {
    values: BTreeMap<String, RawValue>,
}

impl Default for Raw {
    fn default() -> Self {
        let value = |key: &Key| RawValue { text: key.default.to_owned(), origin: Origin::Default };
        Self { values: KEYS.iter().map(|key| (key.path(), value(key))).collect() }
    }
}

impl Raw {
    /// The value of a key of the table.
    pub fn get(&self, path: &str) -> RawValue {
        let value = self.values.get(path).cloned();
        debug_assert!(value.is_some(), "`{path}` is not in the table of keys");
        value.unwrap_or(RawValue { text: String::new(), origin: Origin::Default })
    }

    /// Enters the text of a file that is called `name` in errors.
    pub fn read_file(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            ConfigError(format!("{name} is no TOML: {}", error.to_string().trim_end()))
        })?;
        for (section, value) in &table {
            let Value::Table(entries) = value else {
                return Err(unknown(name, section, section));
            };
            if !KEYS.iter().any(|key| key.section == section) {
                let sections = KEYS.iter().map(|key| key.section);
                let hint = nearest(section, sections)
                    .map_or(String::new(), |near| format!("; `[{near}]` is meant?"));
                return Err(ConfigError(format!("{name}: section `[{section}]` is unknown{hint}")));
            }
            for (entry, value) in entries {
                let path = format!("{section}.{entry}");
                let Some(key) = find(section, entry) else { return Err(unknown(name, &path, entry)) };
                let text = text_of(value).ok_or_else(|| {
                    ConfigError(format!(
                        "{name}: `{path}` must be a text, a number, a switch or a list of texts"
                    ))
                })?;
                self.set(key, text, Origin::File(name.to_owned()));
            }
        }
        Ok(())
    }

    /// Enters those of the variables that begin with `THROUGHLINE_`; [`FOREIGN`] ones are let be.
    pub fn read_variables(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        for (name, text) in variables {
            let Some(rest) = name.strip_prefix("THROUGHLINE_") else { continue };
            if let Some(key) = KEYS.iter().find(|key| key.variable() == name) {
                self.set(key, text, Origin::Variable(name));
                continue;
            }
            if FOREIGN.iter().any(|foreign| rest.starts_with(foreign)) {
                continue;
            }
            let known: Vec<String> = KEYS.iter().map(Key::variable).collect();
            let hint = nearest(&name, known.iter().map(String::as_str))
                .map_or(String::new(), |near| format!("; `{near}` is meant?"));
            return Err(ConfigError(format!("variable `{name}` is unknown{hint}")));
        }
        Ok(())
    }

    /// Enters the value of a flag.
    pub fn set_flag(&mut self, section: &str, name: &str, flag: &str, text: String) {
        if let Some(key) = find(section, name) {
            self.set(key, text, Origin::Flag(flag.to_owned()));
        }
    }

    fn set(&mut self, key: &Key, text: String, origin: Origin) {
        self.values.insert(key.path(), RawValue { text, origin });
    }
}

fn unknown(file: &str, path: &str, entry: &str) -> ConfigError {
    let paths: Vec<String> = KEYS.iter().map(Key::path).collect();
    let same_name = paths.iter().find(|known| known.split_once('.').is_some_and(|(_, name)| name == entry));
    let near = same_name.map(String::as_str).or_else(|| nearest(path, paths.iter().map(String::as_str)));
    let hint = near.map_or(String::new(), |near| format!("; `{near}` is meant?"));
    ConfigError(format!("{file}: key `{path}` is unknown{hint}"))
}

/// A TOML value as the environment would hold it.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(switch) => Some(switch.to_string()),
        Value::Array(values) => {
            let texts: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
            texts.map(|texts| texts.join(","))
        }
        Value::Table(entries) => {
            let pairs: Option<Vec<String>> = entries
                .iter()
                .map(|(name, value)| value.as_str().map(|text| format!("{name}={text}")))
                .collect();
            pairs.map(|pairs| pairs.join(","))
        }
        Value::Datetime(_) => None,
    }
}
