//! Every complete traces body of the recorded corpus against the generated structs' reading.

use std::path::Path;

use bytes::Bytes;
use decode::request::{Format, traces};
use decode::{Limits, body, otlp};
use model::TimeNs;
use model::span_rows::batch_of;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use testkit::external::{Folder, find};

const RECEIVED: TimeNs = TimeNs(42);

#[test]
fn every_complete_body_is_read_as_sent() {
    let Some(root) = find(Folder::Corpus, "manifest.json").and_then(|path| path.parent().map(Path::to_owned))
    else {
        return;
    };
    let (mut bodies, mut spans, mut prefixes) = (0, 0, 0);
    for scenario in std::fs::read_dir(&root).expect("the corpus").map(|entry| entry.expect("an entry").path())
    {
        let Ok(manifest) = std::fs::read(scenario.join("manifest.json")) else { continue };
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("a manifest");
        for file in manifest["files"].as_array().into_iter().flatten() {
            let is_traces = file["signal"] == "traces" && file["incomplete"] != true;
            let is_otlp = file["protocol"].as_str().is_some_and(|protocol| protocol.starts_with("otlp"));
            if !is_traces || !is_otlp || !file["decoded"].is_array() {
                continue;
            }
            let name = format!("{}/{}", scenario.display(), file["file"]);
            for (message, counts) in
                messages(&scenario, file).into_iter().zip(file["decoded"].as_array().expect("a list"))
            {
                let expected = counts["spans"].as_u64().unwrap_or(0);
                check(&name, is_json(file), message.clone(), expected);
                bodies += 1;
                spans += expected;
                if message.len() < 3000 {
                    for len in 0..message.len() {
                        let format = if is_json(file) { Format::Json } else { Format::Protobuf };
                        let _ = traces(format, message.slice(..len), RECEIVED, &Limits::default());
                        prefixes += 1;
                    }
                }
            }
        }
    }
    assert!(bodies > 0, "no body in {}", root.display());
    eprintln!("corpus: {bodies} bodies, {spans} spans equal; {prefixes} prefixes read without a panic");
}

fn is_json(file: &serde_json::Value) -> bool {
    file["content_type"].as_str().is_some_and(|value| Format::of_content_type(value) == Some(Format::Json))
}

/// The messages of one recorded request, decompressed.
fn messages(scenario: &Path, file: &serde_json::Value) -> Vec<Bytes> {
    let stored = std::fs::read(scenario.join(file["file"].as_str().expect("a name"))).expect("a body");
    let encoding = if file["stored"] == "zstd" { "zstd" } else { "" };
    let max = 1 << 28;
    let entity = body::decompress(encoding, stored.into(), max).expect("our own compression");
    if file["transport"] != "grpc" {
        let encoding = file["content_encoding"].as_str().unwrap_or_default();
        return vec![body::decompress(encoding, entity, max).expect("a complete body")];
    }
    let mut found = Vec::new();
    let mut rest = entity;
    while rest.len() >= 5 {
        let head = rest.split_to(5);
        let len = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let message = rest.split_to(len);
        let encoding = if head[0] == 1 { "gzip" } else { "" };
        found.push(body::decompress(encoding, message, max).expect("a complete message"));
    }
    found
}

fn check(name: &str, is_json: bool, message: Bytes, spans: u64) {
    let format = if is_json { Format::Json } else { Format::Protobuf };
    let decoded = traces(format, message.clone(), RECEIVED, &Limits::default())
        .unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!((decoded.spans_received, decoded.repaired_texts), (spans, 0), "{name}");
    assert!(decoded.rejected.is_empty(), "{name}: {:?}", decoded.rejected);
    let protobuf = if is_json {
        json_spans(name, &message, &decoded);
        decode::otlp_json::traces_to_protobuf(&message, &Limits::default())
            .expect("read before")
            .protobuf
            .into()
    } else {
        message
    };
    let request =
        ExportTraceServiceRequest::decode(protobuf.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let expected = batch_of(&testkit::otlp::spans_of(request, RECEIVED));
    let again = otlp::traces(protobuf, RECEIVED, &Limits::default()).expect("read before");
    assert_eq!(again.batch, decoded.batch, "{name}");
    for (at, field) in expected.schema().fields().iter().enumerate() {
        assert_eq!(decoded.batch.column(at), expected.column(at), "{name} {}", field.name());
    }
}

/// Names and times of a JSON body's spans by another JSON parser, since the transcoder is under test.
fn json_spans(name: &str, message: &[u8], decoded: &decode::SpanBatch) {
    let request: serde_json::Value = serde_json::from_slice(message).expect("JSON");
    let mut rows = model::span_rows::SpanReader::new(&decoded.batch).expect("the schema");
    let mut row = 0;
    let groups = request["resourceSpans"].as_array().into_iter().flatten();
    for span in groups
        .flat_map(|g| g["scopeSpans"].as_array().into_iter().flatten())
        .flat_map(|s| s["spans"].as_array().into_iter().flatten())
    {
        let read = rows.span(row).expect("own text");
        row += 1;
        assert_eq!(span["name"], *read.name, "{name}");
        assert_eq!(span["traceId"], read.trace_id.to_string(), "{name}");
        assert_eq!(span["attributes"].as_array().map_or(0, Vec::len), read.attributes.len(), "{name}");
        let time = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => text.parse().expect("a number"),
            serde_json::Value::Number(number) => number.as_i64().expect("a whole number"),
            words => {
                words["high"].as_i64().expect("a word") << 32
                    | i64::from(words["low"].as_i64().expect("a word") as u32)
            }
        };
        assert_eq!(time(&span["startTimeUnixNano"]), read.start.0, "{name}");
        assert_eq!(time(&span["endTimeUnixNano"]), read.end().0, "{name}");
    }
}
