//! Templates in, text or error out.

use super::{CallError, Host, Template, Value};

struct Labels;

impl Host for Labels {
    fn field(&self, name: &str) -> Option<&str> {
        match name {
            "a" => Some("1"),
            "b" => Some("two"),
            _ => None,
        }
    }

    fn fields(&self) -> Vec<(String, String)> {
        vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "two".to_owned())]
    }

    fn call<'v>(&'v self, name: &str, args: &[Value<'v>]) -> Result<Value<'v>, CallError> {
        match (name, args) {
            ("upper", [Value::String(text)]) => Ok(Value::string(text.to_uppercase())),
            ("fail", _) => Err(CallError::Failed("no luck".to_owned())),
            ("list", items) => Ok(Value::List(items.to_vec())),
            _ => Err(CallError::arity(name, "1", args.len())),
        }
    }
}

fn run(source: &str) -> String {
    let has = |name: &str| matches!(name, "upper" | "fail" | "list");
    let template = match Template::parse("t", source, &has) {
        Ok(template) => template,
        Err(error) => return error,
    };
    let mut out = String::new();
    match template.execute(&Labels, &mut out) {
        Ok(()) => out,
        Err(error) => error,
    }
}

fn check(source: &str, want: &str) {
    assert_eq!(run(source), want, "{source}");
}

#[test]
fn text_fields_and_pipelines() {
    check("x{{.a}}y{{ .b | upper }}", "x1yTWO");
    check("{{.missing}}|{{ . }}", "|map[a:1 b:two]");
    check("a {{- .a -}} b", "a1b");
    check("a{{/* note */}}b", "ab");
    check("{{ printf \"%-5s|%05d|%.2f|%q|%x\" .b 42 1.5 .b \"hi\" }}", "two  |00042|1.50|\"two\"|6869");
    check("{{ printf \"%d\" .b }}{{ printf \"%s\" }}", "%!d(string=two)%!s(MISSING)");
    check("{{ len .b }}{{ index . \"b\" }}{{ slice .b 1 2 }}", "3twow");
    check("{{ print 1 2 \"x\" 3 }}", "1 2x3");
}

#[test]
fn control() {
    check("{{if eq .a \"1\"}}yes{{else}}no{{end}}", "yes");
    check("{{if .missing}}1{{else if .b}}2{{else}}3{{end}}", "2");
    check("{{with .b}}{{.}}{{end}}", "two");
    check("{{range $k, $v := .}}{{$k}}={{$v}};{{end}}", "a=1;b=two;");
    check("{{range list 1 2 3}}{{if eq . 2}}{{continue}}{{end}}{{.}}{{end}}", "13");
    check("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2");
    check("{{define \"d\"}}<{{.}}>{{end}}{{template \"d\" .b}}", "<two>");
    check("{{ and .a .b }}{{ or .missing .b }}{{ not .a }}", "twotwofalse");
}

#[test]
fn errors() {
    check("{{ nosuch }}", "template: t:1: function \"nosuch\" not defined");
    check(
        "{{.a upper \"foo\"}}",
        "template: t:1:2: executing \"t\" at <.a>: a is not a method but has arguments",
    );
    check("{{ fail }}", "template: t:1:3: executing \"t\" at <fail>: error calling fail: no luck");
    check("{{ .a.b }}", "template: t:1:3: executing \"t\" at <.a.b>: can't evaluate field b in type string");
    check("{{ if }}", "template: t:1: missing value for if");
    check("{{ .a", "template: t:1: unclosed action");
    check("{{define \"d\"}}{{template \"d\"}}{{end}}{{template \"d\"}}", "exceeded maximum template depth");
    assert!(run(&"{{if 1}}".repeat(500)).contains("nested too deeply"));
    assert!(run(&format!("{{{{{}1{}}}}}", "(".repeat(500), ")".repeat(500))).contains("nested too deeply"));
}
