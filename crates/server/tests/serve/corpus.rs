//! Recordings of real SDKs, sent again as they were recorded.

use std::collections::BTreeSet;
use std::io::Read;

use decode::request::Format;
use model::TimeNs;
use model::span_rows::read::SpanReader;
use server::cli::replay::recording::{self, Recorded, Transport};
use server::cli::replay::{Outcome, send};
use server::wiring::listen::Listener;
use testkit::external::{Folder, find};

use crate::running::start;

/// Trace and span ids of the spans in a complete traces body.
fn ids(recorded: &Recorded, found: &mut BTreeSet<(String, String)>) {
    let plain = |bytes: &[u8], gzip: bool| {
        let mut plain = Vec::new();
        if gzip {
            flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut plain).expect("gzip");
        } else {
            plain.extend_from_slice(bytes);
        }
        plain
    };
    let header = |name: &str| {
        let found = recorded.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    };
    let format = Format::of_content_type(header("content-type")).unwrap_or(Format::Protobuf);
    let mut messages = Vec::new();
    if recorded.transport == Transport::Grpc {
        let mut body = &recorded.body[..];
        while let [flag, a, b, c, d, rest @ ..] = body {
            let Some((message, after)) = rest.split_at_checked(u32::from_be_bytes([*a, *b, *c, *d]) as usize)
            else {
                break;
            };
            messages.push(plain(message, *flag == 1));
            body = after;
        }
    } else {
        messages.push(plain(&recorded.body, header("content-encoding") == "gzip"));
    }
    for message in messages {
        let batch = decode::request::traces(format, message.into(), TimeNs(0), &decode::Limits::default())
            .expect("decodes");
        assert_eq!(batch.rejected, [], "recorded spans are good");
        let mut reader = SpanReader::new(&batch.batch).expect("rows of spans");
        for row in 0..batch.batch.num_rows() {
            let span = reader.span(row).expect("a span");
            found.insert((span.trace_id.to_string(), span.span_id.to_string()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recording_is_kept_whole() {
    let Some(root) = find(Folder::Corpus, ".") else { return };
    let server = start("").await;
    let address = server.address(Listener::OtlpHttp);
    let target = send::Target::parse(&format!("http://{address}")).expect("an address");
    let mut outcome = Outcome::default();
    let mut sent = BTreeSet::new();
    for folder in recording::folders(&root).expect("recordings") {
        let requests = recording::read(&folder).unwrap_or_else(|error| panic!("{error}"));
        for recorded in &requests {
            let is_traces =
                recorded.protocol.starts_with("otlp/") && recorded.signal.as_deref() == Some("traces");
            if is_traces && !recorded.incomplete {
                ids(recorded, &mut sent);
            }
        }
        send::all(&target, &requests, &mut outcome)
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    }
    eprintln!("{outcome:?}, {} distinct spans", sent.len());
    let known = ["http 200", "http 204", "http 403", "http 404", "grpc 0", "grpc 12", "cut"];
    assert!(outcome.answers.keys().all(|answer| known.contains(&answer.as_str())), "{outcome:?}");
    for flushed in [false, true] {
        let mut traces: Vec<&str> = sent.iter().map(|(trace, _)| trace.as_str()).collect();
        traces.dedup();
        let mut readable = 0;
        for trace in traces {
            let names = server.span_names(trace).await;
            readable += names.len();
            let expected =
                sent.range((trace.to_owned(), String::new())..).take_while(|(of, _)| of == trace).count();
            assert_eq!(names.len(), expected, "trace {trace}, flushed: {flushed}");
        }
        assert_eq!(readable, sent.len());
        if !flushed {
            server.flush().await;
        }
    }
    let account = server.account().await;
    let number = |name: &str| account[name].as_u64().expect("a number");
    let sum = |name: &str| -> u64 {
        account[name].as_object().expect("by reason").values().filter_map(serde_json::Value::as_u64).sum()
    };
    assert_eq!(number("received"), number("accepted") + sum("rejected"), "{account}");
    assert_eq!(number("accepted"), number("stored") + number("waiting") + sum("duplicate"), "{account}");
    assert_eq!(number("waiting"), 0, "{account}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_recording_is_one_trace() {
    let server = start("").await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/recordings");
    let folders = recording::folders(&folder).expect("recordings");
    assert_eq!(folders.len(), 1);
    let requests = recording::read(&folders[0]).expect("reads");
    let target =
        send::Target::parse(&format!("http://{}", server.address(Listener::Main))).expect("an address");
    let mut outcome = Outcome::default();
    send::all(&target, &requests, &mut outcome).await.expect("is sent");
    let answers = [("grpc 0".to_owned(), 1), ("http 200".to_owned(), 2)];
    assert_eq!(outcome, Outcome { answers: answers.into(), left_out: Default::default() });
    let names = server.span_names("7a0c5e1d9b3f4826a1d4e6f803152738").await;
    assert_eq!(names, ["GET", "GET /basket", "GET /items", "SELECT items"]);
}
