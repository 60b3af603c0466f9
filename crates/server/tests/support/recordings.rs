//! Recorded scenarios as OTLP/protobuf bodies, in the order in which the goldens' servers were fed.
//!
//! In: a folder of the corpus. Out: its traces bodies, decompressed and freed of gRPC's frames; JSON becomes
//! protobuf. Refused bodies are left out unless all are asked for.

use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::otlp_bodies::protobuf_of_json;

/// The bodies of one scenario.
pub fn traces_bodies(scenario: &Path, with_refused: bool) -> Vec<Vec<u8>> {
    let manifest = std::fs::read(scenario.join("manifest.json")).expect("a scenario has a manifest");
    let manifest: Value = serde_json::from_slice(&manifest).expect("a manifest is JSON");
    let mut bodies = Vec::new();
    for file in manifest["files"].as_array().into_iter().flatten() {
        let protocol = file["protocol"].as_str().unwrap_or_default();
        let is_wanted = file["signal"] == "traces"
            && protocol.starts_with("otlp")
            && (with_refused || file["accepted"] == true);
        if !is_wanted {
            continue;
        }
        let path = scenario.join(file["file"].as_str().unwrap_or_default());
        let stored = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let body =
            if file["stored"] == "zstd" { zstd::decode_all(&*stored).expect("a zstd frame") } else { stored };
        match protocol {
            "otlp/grpc" => bodies.extend(messages(&body)),
            "otlp/http json" => {
                bodies.push(protobuf_of_json(&decoded(body, &file["content_encoding"])).expect("JSON"));
            }
            _ => bodies.push(decoded(body, &file["content_encoding"])),
        }
    }
    bodies
}

/// The messages of a gRPC stream.
fn messages(mut body: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while let [compressed, a, b, c, d, rest @ ..] = body {
        let len = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let Some((message, after)) = rest.split_at_checked(len) else { break };
        messages.push(if *compressed == 1 { gunzip(message) } else { message.to_vec() });
        body = after;
    }
    messages
}

fn decoded(body: Vec<u8>, encoding: &Value) -> Vec<u8> {
    if encoding == "gzip" { gunzip(&body) } else { body }
}

fn gunzip(body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(body).read_to_end(&mut plain).expect("gzip");
    plain
}
