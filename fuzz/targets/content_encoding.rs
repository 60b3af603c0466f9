//! Any bytes as a compressed body; the first byte chooses the encoding.
//!
//! Guarantees: no panic; never more bytes than the cap; the cap is exact.
#![no_main]

use std::io::Write;

use bytes::Bytes;
use decode::BodyError;
use decode::body::decompress;
use flate2::Compression;
use libfuzzer_sys::fuzz_target;

const ENCODINGS: [&str; 5] = ["gzip", "zstd", "deflate", "identity", "br"];

/// One body in each encoding, and one of two members.
fn seeds() -> Vec<Vec<u8>> {
    let text = b"spans spans spans and other spans ".repeat(20);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
    let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&text).and_then(|()| zlib.write_all(&text)).and_then(|()| raw.write_all(&text)).expect("memory");
    let (gzip, zlib) = (gzip.finish().expect("memory"), zlib.finish().expect("memory"));
    let (raw, zstd) = (raw.finish().expect("memory"), zstd::stream::encode_all(&text[..], 3).expect("memory"));
    let twice = [gzip.clone(), gzip.clone()].concat();
    let bodies = [(0, gzip), (0, twice), (1, zstd), (2, zlib), (2, raw), (3, text)];
    bodies.map(|(encoding, body)| [vec![encoding], body].concat()).into()
}

fuzz_target!(init: fuzz::seeds::plant(seeds()), |input: &[u8]| {
    let Some((choice, body)) = input.split_first() else { return };
    let encoding = ENCODINGS[usize::from(*choice) % ENCODINGS.len()];
    let body = Bytes::copy_from_slice(body);
    let max = 1 << 20;
    let Ok(plain) = decompress(encoding, body.clone(), max) else { return };
    assert!(plain.len() <= max);
    assert_eq!(decompress(encoding, body.clone(), plain.len()).as_ref(), Ok(&plain), "exactly enough");
    if let Some(less) = plain.len().checked_sub(1) {
        assert_eq!(decompress(encoding, body, less), Err(BodyError::TooLarge { max: less }));
    }
});
