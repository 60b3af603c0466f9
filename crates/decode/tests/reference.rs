//! The decoder against `model::span_rows::batch_of`: any spans, encoded by the generated structs, give the
//! same batch value by value; and no mutation of the bytes breaks it.

use std::sync::Arc;

use decode::{Limits, otlp};
use model::schema::well_known::WELL_KNOWN;
use model::span_rows::batch_of;
use model::{
    AttrValue, Attrs, Event, Link, Resource, Scope, Span, SpanId, SpanKind, StatusCode, TimeNs, TraceId,
};
use proptest::prelude::*;
use prost::Message;

fn text() -> impl Strategy<Value = Arc<str>> {
    prop_oneof!["[a-c]{0,3}", "[ -~]{0,40}", "\\PC{0,20}", "[\\x00-\\x1f\"\\\\x]{0,12}"].prop_map(Arc::from)
}

/// Any key, often a well-known one in either spelling, from a small choice so that keys meet.
fn key() -> impl Strategy<Value = Arc<str>> {
    let known: Vec<&str> =
        WELL_KNOWN.iter().flat_map(|column| [Some(column.key), column.old_key]).flatten().collect();
    let few = vec!["http.method", "http.request.method", "server.port", "net.peer.port", "service.name"];
    let few = few.into_iter().chain(["deployment.environment", "deployment.environment.name", "bytesValue"]);
    prop_oneof![
        prop::sample::select(few.collect::<Vec<_>>()).prop_map(Arc::from),
        prop::sample::select(known).prop_map(Arc::from),
        text(),
    ]
}

fn value() -> impl Strategy<Value = AttrValue> {
    let double = prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), Just(-0.0), Just(1e300)];
    let leaf = prop_oneof![
        4 => prop::sample::select(vec!["GET", "POST", "a text of more than twelve bytes"]).prop_map(AttrValue::from),
        2 => text().prop_map(AttrValue::Str),
        3 => (0i64..3).prop_map(AttrValue::Int),
        1 => any::<i64>().prop_map(AttrValue::Int),
        1 => any::<bool>().prop_map(AttrValue::Bool),
        1 => double.prop_map(AttrValue::Double),
        1 => Just(AttrValue::Empty),
        1 => prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| AttrValue::Bytes(bytes.into())),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        let key = prop_oneof![text(), Just(Arc::from("bytesValue")), Just(Arc::from("kvlistValue"))];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(AttrValue::Array),
            prop::collection::vec((key, inner), 0..3).prop_map(|pairs| AttrValue::Map(Attrs(pairs))),
        ]
    })
}

fn attrs(max: usize) -> impl Strategy<Value = Attrs> {
    prop::collection::vec((key(), value()), 0..max).prop_map(Attrs)
}

fn span() -> impl Strategy<Value = Span> {
    let ids = (1u128.., 1u64.., prop::option::of(1u64..), any::<u32>());
    let times = (0..i64::MAX, 0..i64::MAX);
    let texts = (text(), text(), text(), text(), text());
    let event =
        (0..i64::MAX, text(), attrs(3), any::<u32>()).prop_map(|(time, name, attributes, dropped)| Event {
            time: TimeNs(time),
            name,
            attributes,
            dropped_attributes_count: dropped,
        });
    let link = (any::<u128>(), any::<u64>(), text(), attrs(3), any::<u32>()).prop_map(
        |(trace_id, span_id, trace_state, attributes, flags)| Link {
            trace_id: TraceId(trace_id.to_be_bytes()),
            span_id: SpanId(span_id.to_be_bytes()),
            trace_state,
            attributes,
            dropped_attributes_count: flags / 3,
            flags,
        },
    );
    let lists = (
        attrs(12),
        attrs(8),
        attrs(3),
        prop::collection::vec(event, 0..3),
        prop::collection::vec(link, 0..3),
    );
    (ids, times, texts, lists, any::<i32>(), -1..4).prop_map(|(ids, times, texts, lists, kind, status)| {
        Span {
            trace_id: TraceId(ids.0.to_be_bytes()),
            span_id: SpanId(ids.1.to_be_bytes()),
            parent_span_id: ids.2.map(|id| SpanId(id.to_be_bytes())),
            name: texts.0,
            kind: SpanKind(kind),
            start: TimeNs(times.0),
            duration_nano: times.1 - times.0,
            status_code: StatusCode(status),
            status_message: texts.1,
            trace_state: texts.2,
            flags: ids.3,
            attributes: lists.0,
            dropped_attributes_count: ids.3 / 2,
            events: lists.3,
            dropped_events_count: ids.3 / 3,
            links: lists.4,
            dropped_links_count: ids.3 / 5,
            resource: Arc::new(Resource {
                attributes: lists.1,
                dropped_attributes_count: ids.3 / 7,
                schema_url: texts.3.clone(),
            }),
            scope: Arc::new(Scope {
                name: texts.3,
                version: texts.4.clone(),
                attributes: lists.2,
                dropped_attributes_count: ids.3 / 9,
                schema_url: texts.4,
            }),
            received: TimeNs(77),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn rows_are_those_of_the_reference(spans in prop::collection::vec(span(), 1..6)) {
        let body = testkit::otlp::request_of(&spans).encode_to_vec();
        let decoded = otlp::traces(body.into(), TimeNs(77), &Limits::default()).expect("a request");
        prop_assert_eq!(decoded.spans_received, spans.len() as u64);
        prop_assert_eq!(&decoded.rejected, &vec![]);
        prop_assert_eq!(decoded.unknown_fields + decoded.repaired_texts, 0);
        let expected = batch_of(&spans);
        for (at, field) in expected.schema().fields().iter().enumerate() {
            prop_assert_eq!(decoded.batch.column(at), expected.column(at), "{}", field.name());
        }
    }

    #[test]
    fn mutations_give_a_batch_or_an_error(
        span in span(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut body = testkit::otlp::request_of(&[span]).encode_to_vec();
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let _ = checked(&body);
        body.truncate(cut.index(body.len()));
        let _ = checked(&body);
    }

    #[test]
    fn noise_gives_a_batch_or_an_error(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = checked(&body);
    }
}

/// Decodes and checks the account and that every row can be read back.
fn checked(body: &[u8]) -> Option<u64> {
    let decoded = otlp::traces(body.to_vec().into(), TimeNs(1), &Limits::default()).ok()?;
    let rejected: u64 = decoded.rejected.iter().map(|one| one.count).sum();
    assert_eq!(decoded.spans_received, decoded.batch.num_rows() as u64 + rejected);
    let mut rows = model::span_rows::SpanReader::new(&decoded.batch).expect("the schema");
    for row in 0..decoded.batch.num_rows() {
        rows.span(row).expect("own text");
    }
    Some(decoded.spans_received)
}
