//! Texts in, texts out: what is wrong with a query and where, its layout, its conditions.

use expect_test::{Expect, expect};
use traceql::{check, format, parse, parse_conjunction};

/// Every problem with its place in the text and what could have stood there.
fn check_problems(query: &str, expected: Expect) {
    let shown = match check(query) {
        Ok(canonical) => format!("ok: {canonical}"),
        Err(problems) => {
            let lines: Vec<String> = problems
                .iter()
                .map(|problem| {
                    let span = problem.span.start as usize..problem.span.end as usize;
                    let at = &query[span.clone()];
                    let mut line = format!("{span:?} `{at}` {}", problem.to_text(query));
                    if !problem.expected.is_empty() {
                        line.push_str(&format!(" [{}]", problem.expected.join(" ")));
                    }
                    line
                })
                .collect();
            lines.join("\n")
        }
    };
    expected.assert_eq(&format!("{shown}\n"));
}

#[test]
fn syntax_errors_say_where_and_what_was_expected() {
    check_problems(
        "",
        expect![[r#"
            0..0 `` parse error : syntax error: unexpected $end
        "#]],
    );
    check_problems(
        "{ .a = }",
        expect![[r#"
            7..8 `}` parse error at line 1, col 8: syntax error: unexpected }
        "#]],
    );
    check_problems(
        "{ .a } && ",
        expect![[r#"
            10..10 `` parse error at line 1, col 11: syntax error: unexpected $end, expecting { or ( [{ (]
        "#]],
    );
    check_problems(
        "{ } | count()",
        expect![[r#"
            13..13 `` parse error at line 1, col 14: syntax error: unexpected $end
        "#]],
    );
    check_problems(
        "{ } | rate(duration)",
        expect![[r#"
            11..19 `duration` parse error at line 1, col 12: syntax error: unexpected duration, expecting ) [)]
        "#]],
    );
    check_problems(
        "{ trace:foo = 1 }",
        expect![[r#"
            8..11 `foo` parse error at line 1, col 9: syntax error: unexpected IDENTIFIER, expecting duration or rootName or rootService or id [duration rootName rootService id]
        "#]],
    );
    check_problems(
        "{ foo = 1 }",
        expect![[r#"
            2..5 `foo` parse error at line 1, col 3: unknown identifier: foo
        "#]],
    );
    check_problems(
        "{ } | rate() | topk(-1)",
        expect![[r#"
            20..21 `-` parse error at line 1, col 21: syntax error: unexpected -, expecting INTEGER [INTEGER]
        "#]],
    );
    check_problems(
        "{ } | rate() | count() > 1",
        expect![[r#"
            15..20 `count` parse error at line 1, col 16: syntax error: unexpected count, expecting topk or bottomk [topk bottomk]
        "#]],
    );
    check_problems(
        "{\n  .a = \"x }",
        expect![[r#"
            9..13 `"x }` parse error at line 2, col 8: literal not terminated
        "#]],
    );
    check_problems(
        "({ } | rate()) + 5s",
        expect![[r#"
            19..19 `` parse error at line 1, col 20: duration cannot be used as a scalar operand in metric arithmetic
        "#]],
    );
}

#[test]
fn one_error_does_not_hide_the_next() {
    check_problems(
        "{ .a = && .b > || name } | by() | { .c == 1 }",
        expect![[r#"
            7..9 `&&` parse error at line 1, col 8: syntax error: unexpected &&
            30..31 `)` parse error at line 1, col 31: syntax error: unexpected )
            40..41 `=` parse error at line 1, col 41: syntax error: unexpected =
        "#]],
    );
    check_problems(
        "{ .a = ) && name = 3 } | rate() by (kind",
        expect![[r#"
            7..8 `)` parse error at line 1, col 8: syntax error: unexpected )
            40..40 `` parse error at line 1, col 41: syntax error: unexpected $end, expecting ) or , [) ,]
        "#]],
    );
}

#[test]
fn meaning_is_checked() {
    check_problems(
        "{ kind = \"server\" }",
        expect![[r#"
            2..17 `kind = "server"` binary operations must operate on the same type: kind = `server`
        "#]],
    );
    check_problems(
        "{ kind > server || status = 2 }",
        expect![[r#"
            2..15 `kind > server` illegal operation for the given types: kind > server
            19..29 `status = 2` binary operations must operate on the same type: status = 2
        "#]],
    );
    check_problems(
        "{ 1 + 1 }",
        expect![[r#"
            0..9 `{ 1 + 1 }` span filter field expressions must resolve to a boolean: { 2 }
        "#]],
    );
    check_problems(
        "{ .a =~ \"(\" && span:id = nil }",
        expect![[r#"
            8..11 `"("` invalid regex: `(`
            15..28 `span:id = nil` span:id=nil is not valid because intrinsics cannot be nil
        "#]],
    );
    check_problems(
        "{ parent.a = 1 } | sum(3) > 1 | by(1)",
        expect![[r#"
            2..10 `parent.a` parent not yet supported
            19..25 `sum(3)` aggregate field expressions must reference the span: sum(3)
            32..37 `by(1)` grouping field expressions must reference the span: by(1)
        "#]],
    );
    check_problems(
        "{} | quantile_over_time(duration, 1.5) by (.a, .b, .c, .d, .e) | topk(0)",
        expect![[r#"
            5..62 `quantile_over_time(duration, 1.5) by (.a, .b, .c, .d, .e)` quantile must be between 0 and 1: 1.5
            5..62 `quantile_over_time(duration, 1.5) by (.a, .b, .c, .d, .e)` max group by fields exceeded: 5 of 4
            63..72 `| topk(0)` limit must be greater than 0
        "#]],
    );
    check_problems(
        "({} | compare({ .a }, 2000)) * 2",
        expect![[r#"
            6..27 `compare({ .a }, 2000)` compare() top number of values must be an integer between 1 and 1000
            6..27 `compare({ .a }, 2000)` `compare()` cannot be used with second stage functions
        "#]],
    );
    check_problems(
        "{} | min(.a) < max(.b)",
        expect![[r#"
            5..22 `min(.a) < max(.b)` scalar filters other than an aggregate compared with a number are not yet supported: (min(.a)) < (max(.b))
        "#]],
    );
}

fn check_format(query: &str, expected: Expect) {
    let parsed = parse(query).expect("a query");
    let formatted = format(&parsed);
    let again = parse(&formatted).expect("formatted text is a query");
    assert_eq!(again.to_string(), parsed.to_string());
    expected.assert_eq(&format!("{formatted}\n"));
}

#[test]
fn long_queries_are_laid_out() {
    check_format(
        "{.a=1}|count()>2",
        expect![[r#"
        { .a = 1 }|(count()) > 2
    "#]],
    );
    check_format(
        "{resource.service.name=\"checkout\"&&span.http.status_code>=500&&(name=~\"GET.*\"||name=~\"POST.*\"||\
         kind=server&&duration>100ms)}>>{status=error}|by(resource.service.name)|count()>10 with(most_recent=true)",
        expect![[r#"
            {
              resource.service.name = `checkout`
              && span.http.status_code >= 500
              && (
                name =~ `GET.*`
                || name =~ `POST.*`
                || kind = server
                && duration > 100ms
              )
            }
            >> { status = error }
            | by(resource.service.name)
            | (count()) > 10
            with(most_recent=true)
        "#]],
    );
    check_format(
        "({resource.service.name=\"checkout\"&&status=error}|rate() by(span.http.route))/({resource.service.name=\
         \"checkout\"}|rate() by(span.http.route))*100>5|topk(10)",
        expect![[r#"
            (
              (
                { (resource.service.name = `checkout`) && (status = error) }
                | rate()by(span.http.route)
              ) / (
                { resource.service.name = `checkout` }
                | rate()by(span.http.route)
              )
            ) * 100 > 5 | topk(10)
        "#]],
    );
}

fn check_conditions(query: &str, expected: Expect) {
    let shown = match parse_conjunction(query) {
        Ok(Some(conditions)) if conditions.is_empty() => "empty list".to_owned(),
        Ok(Some(conditions)) => {
            let lines: Vec<String> = conditions
                .iter()
                .map(|condition| {
                    let strength = if condition.is_necessary { "necessary" } else { "hint" };
                    format!("{condition} ({strength})")
                })
                .collect();
            lines.join("\n")
        }
        Ok(None) => "no list".to_owned(),
        Err(problem) => problem.to_text(query),
    };
    expected.assert_eq(&format!("{shown}\n"));
}

#[test]
fn a_spanset_as_a_list_of_conditions() {
    check_conditions(
        "{}",
        expect![[r#"
            empty list
        "#]],
    );
    check_conditions(
        "{ .a = 1 && 100ms < duration && span.b != `x` && .c && .d = nil && .e != nil && name =~ `G.*` }",
        expect![[r#"
            .a = 1 (necessary)
            duration > 100ms (necessary)
            span.b != `x` (hint)
            .c = true (necessary)
            .d = nil (hint)
            .e != nil (necessary)
            name =~ `G.*` (necessary)
        "#]],
    );
    check_conditions(
        "{ .a = 1 || .b = 2 }",
        expect![[r#"
        no list
    "#]],
    );
    check_conditions(
        "{ .a = .b }",
        expect![[r#"
        no list
    "#]],
    );
    check_conditions(
        "{ .a = 1 && !(.b = 1) }",
        expect![[r#"
        no list
    "#]],
    );
    check_conditions(
        "{ .a } && { .b }",
        expect![[r#"
        no list
    "#]],
    );
    check_conditions(
        "{ .a } | count() > 1",
        expect![[r#"
        no list
    "#]],
    );
    check_conditions(
        "{ .a = ",
        expect![[r#"
            parse error at line 1, col 8: syntax error: unexpected $end
        "#]],
    );
}
