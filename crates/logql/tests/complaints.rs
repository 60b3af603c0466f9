//! What is wrong with query texts: text in, complaints and what could be read as text out. The messages
//! are the original's.

use expect_test::{Expect, expect};
use logql::{check as check_query, parse};

/// The complaints with the place under the text, and the canonical print of what was read.
fn check(text: &str, want: Expect) {
    let parsed = parse(text);
    let complaints = check_query(text).err().unwrap_or_default();
    let mut out = String::new();
    for complaint in &complaints {
        let (start, end) = (complaint.span.start as usize, complaint.span.end as usize);
        out += &format!("{text}\n{}{}\n{complaint}\n", " ".repeat(start), "^".repeat((end - start).max(1)));
    }
    out += &parsed.expr.to_string();
    want.assert_eq(&out);
}

#[test]
fn one_place() {
    check(
        "{app=",
        expect![[r#"
        {app=
             ^
        parse error at line 1, col 6: syntax error: unexpected $end, expecting STRING
        {}"#]],
    );
    check(
        "{app=\"x\",}",
        expect![[r#"
        {app="x",}
                 ^
        parse error at line 1, col 10: syntax error: unexpected }, expecting IDENTIFIER
        {app="x"}"#]],
    );
    check(
        "{app='x'}",
        expect![[r#"
        {app='x'}
             ^^^
        parse error at line 1, col 6: syntax error: unexpected IDENTIFIER, expecting STRING
        {}"#]],
    );
    check(
        "rate({app=\"x\"}[5m] @ 1)",
        expect![[r#"
        rate({app="x"}[5m] @ 1)
                           ^
        parse error at line 1, col 20: syntax error: unexpected IDENTIFIER, expecting )
        <error>"#]],
    );
    check(
        "sum by (",
        expect![[r#"
        sum by (
                ^
        parse error at line 1, col 9: syntax error: unexpected $end, expecting IDENTIFIER or )
        <error>"#]],
    );
    check(
        "sum(rate({app=\"x\"}[5m])) by (a,",
        expect![[r#"
        sum(rate({app="x"}[5m])) by (a,
                                       ^
        parse error at line 1, col 32: syntax error: unexpected $end, expecting IDENTIFIER
        <error>"#]],
    );
    check(
        "quantile_over_time({app=\"x\"} | unwrap a [5m])",
        expect![[r#"
        quantile_over_time({app="x"} | unwrap a [5m])
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        parse error : parameter required for operation quantile_over_time
        quantile_over_time({app="x"} | unwrap a[5m])"#]],
    );
    check(
        "{app=\"x\"} | json | unwrap a",
        expect![[r#"
            {app="x"} | json | unwrap a
                               ^^^^^^
            parse error at line 1, col 20: syntax error: unexpected unwrap
            <error>"#]],
    );
    check(
        "{app=\"x\"} | logfmt | a >",
        expect![[r#"
        {app="x"} | logfmt | a >
                                ^
        parse error at line 1, col 25: syntax error: unexpected $end
        {app="x"} | logfmt | <error>"#]],
    );
    check(
        "{app=\"x\"} | line_format `{{ .a | nosuch }}`",
        expect![[r#"
        {app="x"} | line_format `{{ .a | nosuch }}`
                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        parse error : stage '| line_format "{{ .a | nosuch }}"' : invalid line template: template: line:1: function "nosuch" not defined
        {app="x"} | line_format "{{ .a | nosuch }}""#]],
    );
    check(
        "{app=\"x\"} |~ \"(\" | json a=\"b[\"",
        expect![[r#"
        {app="x"} |~ "(" | json a="b["
                  ^^^^^^
        parse error : stage '|~ "("' : error parsing regexp: missing closing ): `(`
        {app="x"} |~ "(" | json a="b["
                         ^^^^^^^^^^^^^
        parse error : stage '| json a="b["' : cannot parse expression [b[]: syntax error: unexpected $end, expecting STRING or INDEX
        {app="x"} |~ "(" | json a="b[""#]],
    );
    check(
        "",
        expect![[r#"

        ^
        parse error : syntax error: unexpected $end
        <error>"#]],
    );
}

#[test]
fn reading_goes_on() {
    check(
        "{app=\"x\", =\"y\", b=\"c\"} | jsn x | logfmt",
        expect![[r#"
        {app="x", ="y", b="c"} | jsn x | logfmt
                  ^
        parse error at line 1, col 11: syntax error: unexpected =, expecting IDENTIFIER
        {app="x", ="y", b="c"} | jsn x | logfmt
                                     ^
        parse error at line 1, col 30: syntax error: unexpected IDENTIFIER
        {app="x", b="c"} | <error> | logfmt"#]],
    );
    check(
        "sum(rate({app=\"x\"}[5x])) + 1",
        expect![[r#"
        sum(rate({app="x"}[5x])) + 1
                          ^^^^
        parse error at line 0, col 19: unknown unit "x" in duration "5x"
        <error>"#]],
    );
    check(
        "sum(foo) + rate({a=\"b\"} | [5m])",
        expect![[r#"
        sum(foo) + rate({a="b"} | [5m])
            ^^^
        parse error at line 1, col 5: syntax error: unexpected IDENTIFIER
        sum(foo) + rate({a="b"} | [5m])
                                  ^^^^
        parse error at line 0, col 27: syntax error: unexpected RANGE
        (sum(<error>) + rate({a="b"} | <error>[5m]))"#]],
    );
    check(
        "{a=\"b\"} | | json | drop | keep x",
        expect![[r#"
        {a="b"} | | json | drop | keep x
                  ^
        parse error at line 1, col 11: syntax error: unexpected |
        {a="b"} | | json | drop | keep x
                                ^
        parse error at line 1, col 25: syntax error: unexpected |, expecting IDENTIFIER
        {a="b"} | <error> | json | <error> | keep x"#]],
    );
}
