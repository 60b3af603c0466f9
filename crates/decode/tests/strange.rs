//! Encodings that no usual sender makes but that a receiver must take or refuse in an orderly way: one text
//! a body in, one text out. Bodies in protobuf are written by hand, so that order and repetition are exact.

use bytes::Bytes;
use decode::request::{Format, traces};
use decode::{Limits, SpanBatch};
use expect_test::{Expect, expect};
use model::TimeNs;
use model::span_rows::SpanReader;

const TRACE: &str = "0102030405060708090a0b0c0d0e0f10";
const SPAN: &str = "1112131415161718";

/// A field with a length.
fn len(number: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut rest = content.len();
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
    out.extend_from_slice(content);
    out
}

fn unhex(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("digits"))
        .collect()
}

fn pair(key: &[u8], value: &[u8]) -> Vec<u8> {
    [len(1, key), len(2, value)].concat()
}

fn ids() -> Vec<u8> {
    [len(1, &unhex(TRACE)), len(2, &unhex(SPAN))].concat()
}

/// A request with one span of these fields.
fn request(span: &[u8]) -> Vec<u8> {
    len(1, &len(2, &len(2, span)))
}

fn shown(decoded: &SpanBatch) -> String {
    let mut out = format!(
        "received {} repaired {} unknown {}\n",
        decoded.spans_received, decoded.repaired_texts, decoded.unknown_fields
    );
    for one in &decoded.rejected {
        out += &format!("rejected {} {}\n", one.count, one.message);
    }
    let mut rows = SpanReader::new(&decoded.batch).expect("the schema");
    for row in 0..decoded.batch.num_rows() {
        let span = rows.span(row).expect("own text");
        let json = model::attr_json::write::attrs_to_string;
        out += &format!(
            "{:?} parent {:?} start {} duration {} kind {} flags {:x} span {} resource {} scope {:?}",
            span.name,
            span.parent_span_id,
            span.start.0,
            span.duration_nano,
            span.kind.0,
            span.flags,
            json(&span.attributes),
            json(&span.resource.attributes),
            span.scope.name,
        );
        if !span.links.is_empty() {
            out += &format!(" links {}", model::attr_json::write::links_to_string(&span.links));
        }
        out.push('\n');
    }
    out
}

fn check(format: Format, body: impl Into<Bytes>, expected: Expect) {
    let limits = Limits { item_bytes_max: 2000, items_max: 3, ..Limits::default() };
    let text = match traces(format, body.into(), TimeNs(9), &limits) {
        Ok(decoded) => shown(&decoded),
        Err(malformed) => format!("{malformed}\n"),
    };
    expected.assert_eq(&text);
}

fn check_wire(body: Vec<u8>, expected: Expect) {
    check(Format::Protobuf, body, expected);
}

fn check_json(span: &str, expected: Expect) {
    let body = format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{span}]}}]}}]}}");
    check(Format::Json, body, expected);
}

#[test]
fn resource_and_scope_after_their_spans_and_twice() {
    let scope_spans = [len(2, &ids()), len(1, &len(1, b"first")), len(1, &len(1, b"last"))].concat();
    let one = len(1, &len(1, &pair(b"service.name", &len(1, b"shop"))));
    let two = len(1, &len(1, &pair(b"host.name", &len(1, b"h"))));
    check_wire(
        len(1, &[len(2, &scope_spans), one, two].concat()),
        expect![[r#"
        received 1 repaired 0 unknown 0
        "" parent None start 0 duration 0 kind 0 flags 0 span {} resource {"host.name":"h","service.name":"shop"} scope "last"
    "#]],
    );
}

#[test]
fn unknown_fields_and_groups_are_skipped() {
    let group = [vec![0x9b, 0x06], vec![0x08, 0x01], vec![0x13, 0x14], vec![0x9c, 0x06]].concat();
    let wrong_type = vec![0x28, 0x07];
    check_wire(
        request(&[ids(), group, wrong_type, len(5, b"n")].concat()),
        expect![[r#"
        received 1 repaired 0 unknown 2
        "n" parent None start 0 duration 0 kind 0 flags 0 span {} resource {} scope ""
    "#]],
    );
    check_wire(
        request(&[ids(), vec![0x9c, 0x06]].concat()),
        expect![[r#"
        malformed body: expected no end of a group that was not begun at byte 36
    "#]],
    );
    check_wire(
        request(&[ids(), vec![0x9b, 0x06, 0x08]].concat()),
        expect![[r#"
        malformed body: expected the rest of a number, but the message ends at byte 37
    "#]],
    );
    check_wire(
        request(&[ids(), vec![0x07, 0x06]].concat()),
        expect![[r#"
        malformed body: expected a field number from 1 to 536870911 at byte 34
    "#]],
    );
}

#[test]
fn repeated_fields_merge() {
    let array = |value: &[u8]| len(5, &len(1, value));
    let joined = [len(1, b"k"), len(2, &array(&len(1, b"a"))), len(2, &array(&len(1, b"b")))].concat();
    let last = [len(1, b"x"), len(1, b"y"), len(2, &len(1, b"old")), len(2, &[0x18, 5])].concat();
    let span = [ids(), len(5, b"first"), len(5, b"last"), len(9, &joined), len(9, &last)].concat();
    check_wire(
        request(&span),
        expect![[r#"
        received 1 repaired 0 unknown 0
        "last" parent None start 0 duration 0 kind 0 flags 0 span {"k":["a","b"],"y":5} resource {} scope ""
    "#]],
    );
}

#[test]
fn text_that_is_no_utf8_is_repaired_and_counted() {
    let folded = len(9, &pair(b"http.route", &len(1, b"/long enough to be outside \xff")));
    let plain = len(9, &pair(b"k\xc3", &len(1, b"\xed\x95")));
    check_wire(
        request(&[ids(), len(5, b"a\x80"), folded, plain].concat()),
        expect![[r#"
        received 1 repaired 4 unknown 0
        "a�" parent None start 0 duration 0 kind 0 flags 0 span {"k�":"�","http.route":"/long enough to be outside �"} resource {} scope ""
    "#]],
    );
}

#[test]
fn bad_ids_refuse_their_span_alone() {
    let trace = len(1, &unhex(TRACE));
    let spans = [
        [len(1, &[1; 8]), len(2, &unhex(SPAN))].concat(),
        [trace.clone(), len(2, &[0; 8])].concat(),
        [ids(), len(4, &[0; 8]), len(5, b"root")].concat(),
        ids(),
    ];
    let scope_spans: Vec<u8> = spans.iter().flat_map(|span| len(2, span)).collect();
    check_wire(
        len(1, &len(2, &scope_spans)),
        expect![[r#"
        received 4 repaired 0 unknown 0
        rejected 1 span at byte 8 of the protobuf body: invalid_trace_id: send a trace id of 16 bytes that are not all zero
        rejected 1 span at byte 30 of the protobuf body: invalid_span_id: send a span id of 8 bytes that are not all zero, and a parent id of 8 bytes or none
        rejected 1 the request has more than 3 spans: send smaller batches
        "root" parent None start 0 duration 0 kind 0 flags 0 span {} resource {} scope ""
    "#]],
    );
}

#[test]
fn too_deep_and_too_large_refuse_their_span_alone() {
    let nested = |levels| (0..levels).fold(len(1, b"x"), |value, _| len(5, &len(1, &value)));
    let deep =
        [ids(), len(9, &pair(b"http.route", &len(1, b"taken back"))), len(9, &pair(b"k", &nested(65)))]
            .concat();
    let large = [ids(), len(13, b"").repeat(100)].concat();
    let fine = [ids(), len(9, &pair(b"k", &nested(2)))].concat();
    let scope_spans: Vec<u8> = [deep, large, fine].iter().flat_map(|span| len(2, span)).collect();
    check_wire(
        len(1, &len(2, &scope_spans)),
        expect![[r#"
        received 3 repaired 0 unknown 0
        rejected 1 span at byte 9 of the protobuf body: too_deep: nest arrays and maps at most 64 deep
        rejected 1 span at byte 407 of the protobuf body: item_too_large: keep a record below 2000 bytes and a request's records below 268435456 bytes of JSON text
        "" parent None start 0 duration 0 kind 0 flags 0 span {"k":[["x"]]} resource {} scope ""
    "#]],
    );
}

#[test]
fn times_saturate_and_ids_of_links_are_made_to_fit() {
    let mut span = [ids(), vec![0x39], u64::MAX.to_le_bytes().to_vec()].concat();
    span.extend(len(13, &[len(1, b"\x07"), len(2, &[1, 2, 3, 4, 5, 6, 7, 8, 9])].concat()));
    check_wire(
        request(&span),
        expect![[r#"
        received 1 repaired 0 unknown 0
        "" parent None start 9223372036854775807 duration -9223372036854775807 kind 0 flags 0 span {} resource {} scope "" links [{"trace_id":"00000000000000000000000000000007","span_id":"0203040506070809"}]
    "#]],
    );
}

#[test]
fn json_times_in_three_ways_and_ids_in_any_case() {
    let upper = TRACE.to_uppercase();
    check_json(
        &format!(r#"{{"traceId":"{upper}","spanId":"{SPAN}","name":"words","startTimeUnixNano":{{"low":-5509440,"high":418000014}},"endTimeUnixNano":1795295270846226698,"kind":"SPAN_KIND_CLIENT","flags":257,"parentSpanId":""}},
        {{"trace_id":"AQIDBAUGBwgJCgsMDQ4PEA==","span_id":"ERITFBUWFxg","name":"base64","start_time_unix_nano":"5","endTimeUnixNano":7,"kind":3,"attributes":null,"new":[{{"a":[1,"]"]}}]}},
        {{"traceId":"0102","spanId":"{SPAN}"}},"#).trim_end_matches(','),
        expect![[r#"
            received 3 repaired 0 unknown 1
            rejected 1 span at byte 131 of the protobuf body: invalid_trace_id: send a trace id of 16 bytes that are not all zero
            "words" parent None start 1795296394147000000 duration -1123300773302 kind 3 flags 101 span {} resource {} scope ""
            "base64" parent None start 5 duration 2 kind 3 flags 0 span {} resource {} scope ""
        "#]],
    );
}

#[test]
fn json_values_of_every_kind() {
    let attributes = [
        r#"{"intValue":"-9223372036854775808"}"#,
        r#"{"intValue":1e+21}"#,
        r#"{"doubleValue":"NaN"}"#,
        r#"{"doubleValue":3}"#,
        r#"{"boolValue":false}"#,
        r#"{"bytesValue":"AP8"}"#,
        r#"{"stringValue":"\ud83d\ude00 \ud83d \u00e9\n"}"#,
        r#"{"arrayValue":{"values":[{"intValue":1},{},null]}}"#,
        r#"{"kvlistValue":{"values":[{"key":"a","value":{"stringValue":"b"}}]}}"#,
        r#"{"arrayValue":{}}"#,
        "null",
    ];
    let list: Vec<String> = attributes
        .iter()
        .enumerate()
        .map(|(n, value)| format!("{{\"key\":\"{n}\",\"value\":{value}}}"))
        .collect();
    check_json(
        &format!("{{\"traceId\":\"{TRACE}\",\"spanId\":\"{SPAN}\",\"attributes\":[{}]}}", list.join(",")),
        expect![[r#"
            received 1 repaired 1 unknown 0
            "" parent None start 0 duration 0 kind 0 flags 0 span {"0":-9223372036854775808,"1":1.0e21,"2":{"doubleValue":"NaN"},"3":3.0,"4":false,"5":{"bytesValue":"AP8="},"6":"😀 � é\n","7":[1,null,null],"8":{"a":"b"},"9":[],"10":null} resource {} scope ""
        "#]],
    );
}

#[test]
fn json_that_is_too_deep_refuses_its_span_alone() {
    let deep = format!("{}{{}}{}", "{\"arrayValue\":{\"values\":[".repeat(5000), "]}}".repeat(5000));
    check_json(
        &format!(
            "{{\"traceId\":\"{TRACE}\",\"spanId\":\"{SPAN}\",\"attributes\":[{{\"key\":\"k\",\"value\":{deep}}}]}}"
        ),
        expect![[r#"
            received 1 repaired 0 unknown 0
            rejected 1 span at byte 9 of the protobuf body: too_deep: nest arrays and maps at most 64 deep
        "#]],
    );
}

#[test]
fn broken_json_is_placed() {
    let check = |body: &'static str, expected: Expect| check(Format::Json, body, expected);
    check(
        "",
        expect![[r#"
        malformed body: expected an object at line 1 column 1
    "#]],
    );
    check(
        "[]",
        expect![[r#"
        malformed body: expected an object at line 1 column 1
    "#]],
    );
    check(
        "{\n \"resourceSpans\": [{]}",
        expect![[r#"
        malformed body: expected a key in quotes at line 2 column 21
    "#]],
    );
    check(
        "{\"resourceSpans\":[]} x",
        expect![[r#"
        malformed body: expected the end of the body at line 1 column 22
    "#]],
    );
    check(
        "{\"a\":[1,{\"b\":2]}",
        expect![[r#"
        malformed body: expected a comma or the closing bracket at line 1 column 15
    "#]],
    );
    check(
        "{\"a\":\"\\x\"}",
        expect![[r#"
        malformed body: expected one of " \ / b f n r t u after a backslash at line 1 column 8
    "#]],
    );
    check(
        "\u{feff}{}",
        expect![[r#"
        received 0 repaired 0 unknown 0
    "#]],
    );
}
