//! What a query asks of its source: text in, the request as text out.

use std::cell::RefCell;
use std::fmt::Write as _;

use expect_test::{Expect, expect};
use logql::source::{Applied, Batches};
use logql::{Batch, Control, Error, Params, Request, Source, evaluate, parse};

/// Notes requests and has no entries.
#[derive(Default)]
struct Notes(RefCell<String>);

struct Nothing;

impl Batches for Nothing {
    fn applied(&self) -> Applied {
        Applied::default()
    }

    fn next_batch(&mut self, _: &mut Batch) -> Result<bool, Error> {
        Ok(false)
    }
}

impl Source for Notes {
    fn open<'s>(&'s self, request: &Request<'_>) -> Result<Box<dyn Batches + 's>, Error> {
        let list = |items: Vec<String>| items.join(" ");
        let mut out = self.0.borrow_mut();
        let _ = writeln!(
            out,
            "{{{}}} [{}s,{}s) order={:?} limit={:?} lines={:?}/{:?} fields={:?}\n  line filters: {}\n  label filters: {}\n  hints: {:?}",
            list(request.matchers.iter().map(ToString::to_string).collect()),
            request.range.start.0.div_euclid(1_000_000_000),
            request.range.end.0.div_euclid(1_000_000_000),
            request.order,
            request.limit,
            request.lines,
            request.lines_if_filtered,
            request.fields,
            list(request.line_filters.iter().map(ToString::to_string).collect()),
            list(request.label_filters.iter().map(ToString::to_string).collect()),
            request.hints,
        );
        Ok(Box::new(Nothing))
    }
}

fn check(query: &str, want: Expect) {
    let expr = parse(query).into_result().unwrap();
    let notes = Notes::default();
    let params = Params::range(600_000_000_000, 660_000_000_000, 30_000_000_000);
    evaluate(&expr, &params, &notes, &Control::default()).unwrap();
    want.assert_eq(&notes.0.into_inner());
}

#[test]
fn log_queries() {
    check(
        r#"{app="a"}"#,
        expect![[r#"
            {app="a"} [600s,660s) order=Some(Backward) limit=Some(100) lines=Text/Text fields=All
              line filters: 
              label filters: 
              hints: []
        "#]],
    );
    check(
        r#"{app="a"} | json"#,
        expect![[r#"
            {app="a"} [600s,660s) order=Some(Backward) limit=Some(100) lines=Text/Text fields=All
              line filters: 
              label filters: 
              hints: []
        "#]],
    );
    check(
        r#"{app="a"} |= "x" or "y" != "z" | trace_id="1" | json | level="e" |~ "q""#,
        expect![[r#"
            {app="a"} [600s,660s) order=Some(Backward) limit=None lines=Text/Text fields=All
              line filters: |= "x" or "y" != "z" |~ "q"
              label filters: trace_id="1"
              hints: []
        "#]],
    );
    check(
        r#"{app="a"} | label_format a=b | a="1" | line_format "x" |= "x""#,
        expect![[r#"
            {app="a"} [600s,660s) order=Some(Backward) limit=None lines=Text/Text fields=All
              line filters: 
              label filters: 
              hints: []
        "#]],
    );
}

#[test]
fn a_trace_to_its_logs() {
    check(
        r#"{app="a"} | label_format v=`{{ contains "4bf92f35" __line__  }}` | v="true" OR trace_id="4bf92f35""#,
        expect![[r#"
            {app="a"} [600s,660s) order=Some(Backward) limit=None lines=Text/Text fields=All
              line filters: 
              label filters: 
              hints: [[LineContains("4bf92f35"), Label("trace_id", "4bf92f35")]]
        "#]],
    );
    check(
        r#"{app="a"} | json | label_format v=`{{ contains "4bf92f35" __line__  }}` | v="true" OR trace_id="4bf92f35""#,
        expect![[r#"
            {app="a"} [600s,660s) order=Some(Backward) limit=None lines=Text/Text fields=All
              line filters: 
              label filters: 
              hints: []
        "#]],
    );
}

#[test]
fn metric_queries() {
    check(
        r#"count_over_time({app="a"}[1m] offset 1m)"#,
        expect![[r#"
            {app="a"} [480s,600s) order=None limit=None lines=Nothing/Nothing fields=All
              line filters: 
              label filters: 
              hints: []
        "#]],
    );
    check(
        r#"sum by (level) (count_over_time({app="a"} | detected_level="e" [1m]))"#,
        expect![[r#"
            {app="a"} [540s,660s) order=None limit=None lines=Nothing/Nothing fields=Only(["detected_level", "level"])
              line filters: 
              label filters: detected_level="e"
              hints: []
        "#]],
    );
    check(
        r#"sum(bytes_over_time({app="a"} [1m]))"#,
        expect![[r#"
            {app="a"} [540s,660s) order=None limit=None lines=Length/Length fields=Only([])
              line filters: 
              label filters: 
              hints: []
        "#]],
    );
    check(
        r#"sum by (x_extracted) (rate({app="a"} |= "x" | logfmt | unwrap v [1m]))"#,
        expect![[r#"
            {app="a"} [540s,660s) order=None limit=None lines=Text/Text fields=Only(["v", "x", "x_extracted"])
              line filters: |= "x"
              label filters: 
              hints: []
        "#]],
    );
    check(
        r#"sum(count_over_time({app="a"} | json [1m]))"#,
        expect![[r#"
            {app="a"} [540s,660s) order=None limit=None lines=Nothing/Nothing fields=Only([])
              line filters: 
              label filters: 
              hints: []
        "#]],
    );
}
