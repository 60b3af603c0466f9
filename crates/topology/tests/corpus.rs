//! The recorded emissions of real SDKs: edges equal what the drivers did, where nothing was lost on the wire, on raw peer
//! keys; and the stream's sums equal an exact reading of the accepted spans everywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use decode::request::{Format, traces};
use decode::{Limits, body};
use model::TimeNs;
use serde_json::Value as Json;
use testkit::external::{Folder, find};
use topology::aggregate::Delta;
use topology::classify::Assumptions;
use topology::repair::{Exact, corrections};
use topology::{Aggregator, Class, EdgeKind, EdgeRow, Layer, Options, PeerType};

/// Scenarios whose truth lists edges that the accepted spans cannot show, and why.
const NOT_COMPARED: &[(&str, &str)] = &[];

fn root() -> Option<PathBuf> {
    find(Folder::Corpus, "truth.json").and_then(|path| path.parent().map(Path::to_owned))
}

fn json(path: &Path) -> Json {
    serde_json::from_slice(&std::fs::read(path).expect("a file of the corpus")).expect("JSON")
}

/// The accepted trace bodies of a scenario in order of arrival.
fn batches(scenario: &Path) -> Vec<(arrow::array::RecordBatch, i64)> {
    let manifest = json(&scenario.join("manifest.json"));
    let mut found = Vec::new();
    for file in manifest["files"].as_array().into_iter().flatten() {
        let otlp = file["protocol"].as_str().is_some_and(|protocol| protocol.starts_with("otlp"));
        let usable = file["signal"] == "traces" && file["accepted"] == true && file["incomplete"] != true;
        if !otlp || !usable || !file["decoded"].is_array() {
            continue;
        }
        let is_json = file["content_type"].as_str().and_then(Format::of_content_type) == Some(Format::Json);
        let format = if is_json { Format::Json } else { Format::Protobuf };
        let arrival = file["arrival_unix_nano"].as_i64().expect("a time");
        for message in messages(scenario, file) {
            let decoded = traces(format, message, TimeNs(arrival), &Limits::default()).expect("a whole body");
            found.push((decoded.batch, arrival));
        }
    }
    found
}

fn messages(scenario: &Path, file: &Json) -> Vec<Bytes> {
    let stored = std::fs::read(scenario.join(file["file"].as_str().expect("a name"))).expect("a body");
    let encoding = if file["stored"] == "zstd" { "zstd" } else { "" };
    let max = 1 << 28;
    let entity = body::decompress(encoding, stored.into(), max).expect("our own compression");
    if file["transport"] != "grpc" {
        let encoding = file["content_encoding"].as_str().unwrap_or_default();
        return vec![body::decompress(encoding, entity, max).expect("a complete body")];
    }
    let (mut found, mut rest) = (Vec::new(), entity);
    while rest.len() >= 5 {
        let head = rest.split_to(5);
        let len = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let encoding = if head[0] == 1 { "gzip" } else { "" };
        found.push(body::decompress(encoding, rest.split_to(len), max).expect("a complete message"));
    }
    found
}

fn stream(batches: &[(arrow::array::RecordBatch, i64)], options: Options) -> (Delta, Aggregator) {
    let mut aggregator = Aggregator::new(options);
    for (batch, arrival) in batches {
        aggregator.ingest(batch, *arrival).expect("spans");
    }
    aggregator.finish();
    (aggregator.cut(), aggregator)
}

/// Calls and errors by `caller -> called`: pairs by the server's service, other calls by what the peer says.
fn edges(delta: &Delta) -> BTreeMap<String, (i64, i64)> {
    let service: BTreeMap<_, _> = delta.entities.iter().map(|row| (row.id, row.entity.service.clone())).collect();
    let name = |row: &EdgeRow| -> String {
        if row.key.kind == EdgeKind::Pair {
            return service.get(&row.key.dst).map(|name| name.to_string()).unwrap_or_default();
        }
        let peer = delta.peers.iter().find(|peer| peer.id == row.key.peer);
        peer.map_or_else(
            || "(unknown)".to_owned(),
            |row| match row.peer.peer_type {
                PeerType::Database | PeerType::Cache => row.peer.system.to_string(),
                PeerType::Queue => format!("{}:{}", row.peer.system, row.peer.name),
                _ if row.peer.host.is_empty() => row.peer.name.to_string(),
                _ => row.peer.host.to_string(),
            },
        )
    };
    let mut edges: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for row in &delta.edges {
        let sign = match row.key.kind {
            EdgeKind::Client | EdgeKind::Pair => 1,
            EdgeKind::ClientMatched => -1,
            _ => continue,
        };
        if row.key.layer != Layer::App || row.key.class != Class::Traffic {
            continue;
        }
        let src = service.get(&row.key.src).map(|name| name.to_string()).unwrap_or_default();
        let edge = edges.entry(format!("{src} -> {}", name(row))).or_default();
        edge.0 += sign * row.sums.calls;
        edge.1 += sign * row.sums.errors;
    }
    edges.retain(|_, sums| *sums != (0, 0));
    edges
}

#[test]
fn edges_are_what_the_drivers_did() {
    let Some(root) = root() else { return };
    let truth = json(&root.join("truth.json"));
    let (mut compared, mut wrong) = (0, Vec::new());
    for (scenario, truth) in truth.as_object().expect("scenarios") {
        let Some(wanted) = truth["edges"].as_object() else { continue };
        let folder = root.join(scenario);
        if !folder.exists() || NOT_COMPARED.iter().any(|(name, _)| name == scenario) {
            continue;
        }
        let ours = edges(&stream(&batches(&folder), Options::default()).0);
        let wanted: BTreeMap<String, (i64, i64)> = wanted
            .iter()
            .map(|(name, edge)| {
                (name.clone(), (edge["calls"].as_i64().unwrap_or(0), edge["errors"].as_i64().unwrap_or(0)))
            })
            .collect();
        compared += 1;
        if ours != wanted {
            let names: BTreeSet<_> = ours.keys().chain(wanted.keys()).collect();
            let different = names.into_iter().filter(|name| ours.get(*name) != wanted.get(*name));
            let lines: Vec<String> = different
                .map(|name| format!("  {name}: ours {:?}, truth {:?}", ours.get(name), wanted.get(name)))
                .collect();
            wrong.push(format!("{scenario}\n{}", lines.join("\n")));
        }
    }
    assert!(compared > 0, "no truth in {}", root.display());
    eprintln!("corpus: edges of {} of {compared} scenarios equal the truth", compared - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_stream_equals_an_exact_reading() {
    let Some(root) = root() else { return };
    let mut compared = 0;
    for folder in std::fs::read_dir(&root).expect("the corpus").map(|entry| entry.expect("an entry").path()) {
        if !folder.join("manifest.json").exists() {
            continue;
        }
        let batches = batches(&folder);
        let (delta, aggregator) = stream(&batches, Options::default());
        let mut exact = Exact::new(Options::default(), aggregator.books().clone());
        for (batch, _) in batches.iter().rev() {
            exact.read(batch).expect("spans");
        }
        let exact = exact.rows(None);
        let left = corrections(&exact, &delta.edges, &delta.operations);
        let dirty = !delta.dirty.is_empty();
        let unmarked = left.edges.iter().find(|row| !delta.dirty.contains(&row.bucket_ns));
        assert!(dirty || left.edges.is_empty(), "{}: {:#?}", folder.display(), unmarked);
        assert!(dirty || left.operations.is_empty(), "{}: {:#?}", folder.display(), left.operations.first());
        compared += 1;
    }
    eprintln!("corpus: {compared} scenarios equal an exact reading in reverse order");
}

#[test]
fn sampled_calls_are_weighed() {
    let Some(root) = root().filter(|root| root.join("s24_sampling").exists()) else { return };
    let flows = &json(&root.join("truth.json"))["s24_sampling"]["requests_by_flow_and_status"];
    let count = |name: &str| flows[name].as_f64().unwrap_or(0.0);
    let assumptions = Assumptions {
        sampling: vec![("gateway".to_owned(), 0.25), ("chat-api".to_owned(), 0.5), ("auth-api".to_owned(), 0.25)],
        ..Assumptions::default()
    };
    let options = Options { assumptions, ..Options::default() };
    let (delta, _) = stream(&batches(&root.join("s24_sampling")), options);
    let service: BTreeMap<_, _> = delta.entities.iter().map(|row| (row.id, row.entity.service.clone())).collect();
    for (name, wanted) in [
        ("chat-api", count("chat_miss|200") + count("chat_hit|200")),
        ("auth-api", count("login_start_google|307")),
    ] {
        let rows = delta.edges.iter().filter(|row| row.key.kind == EdgeKind::Pair && row.key.layer == Layer::App);
        let rows = rows.filter(|row| {
            let of = |id| service.get(&id).map(|name| &**name).unwrap_or_default();
            of(row.key.src) == "gateway" && of(row.key.dst) == name
        });
        let (mut weight, mut squared) = (0.0, 0.0);
        for row in rows {
            weight += row.sums.calls_weighted as f64 / 65_536.0;
            squared += row.sums.calls_weighted_squared as f64 / 65_536.0;
        }
        let sigma = (squared - weight).max(0.0).sqrt();
        assert!((weight - wanted).abs() <= 3.0 * sigma, "{name}: {weight} of {wanted}, sigma {sigma}");
        eprintln!("s24: gateway -> {name}: {weight:.0} weighed, {wanted} sent, sigma {sigma:.1}");
    }
}
