//! A template of Go's `text/template`, over a dot with two fields.
//!
//! Guarantees: no panic, neither while parsing nor while executing; the output stays within its cap; a template whose
//! fields are known reads no other.
#![no_main]

use std::cell::Cell;

use libfuzzer_sys::fuzz_target;
use stdx::go::template::{CallError, Host, OUTPUT_BYTES_MAX, Template, Value};

struct Dot {
    known: Option<Vec<String>>,
    strayed: Cell<bool>,
}

impl Host for Dot {
    fn field(&self, name: &str) -> Option<&str> {
        if self.known.as_ref().is_some_and(|known| !known.iter().any(|known| known == name)) {
            self.strayed.set(true);
        }
        match name {
            "app" => Some("api"),
            "n" => Some("-12.5"),
            _ => None,
        }
    }

    fn fields(&self) -> Vec<(String, String)> {
        self.strayed.set(self.strayed.get() || self.known.is_some());
        vec![("app".to_owned(), "api".to_owned()), ("n".to_owned(), "-12.5".to_owned())]
    }

    fn call<'v>(&'v self, name: &str, args: &[Value<'v>]) -> Result<Value<'v>, CallError> {
        match args {
            [one] => Ok(one.clone()),
            _ => Err(CallError::arity(name, "1", args.len())),
        }
    }
}

fuzz_target!(init: fuzz::seeds::plant(fuzz::seeds::lines(include_str!("../seeds/go_template.txt"))), |input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(template) = Template::parse("line", text, &|name| name == "same") else { return };
    let dot = Dot { known: template.fields(), strayed: Cell::new(false) };
    let mut out = String::new();
    let _ = template.execute(&dot, &mut out);
    assert!(out.len() <= OUTPUT_BYTES_MAX, "{} bytes", out.len());
    assert!(!dot.strayed.get(), "read a field that was not named: {:?}", dot.known);
});
