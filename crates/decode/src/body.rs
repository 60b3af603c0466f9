//! The content encoding off a body. In: bytes as received and the value of `Content-Encoding` or
//! `grpc-encoding`. Out: the message's bytes, never more than the cap; a bomb costs no more than that.

use std::io::{self, Read};

use bytes::Bytes;

/// Why a body could not be decompressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The encoding is none of ours.
    #[error("content encoding `{0}` is not known; send gzip, zstd, deflate or none")]
    UnknownEncoding(String),
    /// More bytes than allowed.
    #[error("the decompressed body is larger than {max} bytes; send smaller batches")]
    TooLarge {
        /// The cap in bytes.
        max: usize,
    },
    /// The data end early.
    #[error("the {encoding} data end early, after {decompressed} decompressed bytes; the body was cut")]
    Truncated {
        /// Name of the encoding.
        encoding: &'static str,
        /// Bytes got out before.
        decompressed: usize,
    },
    /// The data are broken.
    #[error("the {encoding} data are broken after {decompressed} decompressed bytes: {cause}")]
    Broken {
        /// Name of the encoding.
        encoding: &'static str,
        /// Bytes got out before.
        decompressed: usize,
        /// What the decompressor says.
        cause: String,
    },
}

/// Largest window that zstd data may ask for, as a power of two: 128 MiB, the format's usual cap.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Decompresses `body`. Encodings in any case: none or `identity`, `gzip` and `x-gzip` with one or more
/// members, `zstd` with one or more frames, `deflate` with or without the zlib wrapping.
pub fn decompress(encoding: &str, body: Bytes, max: usize) -> Result<Bytes, BodyError> {
    let name = encoding.trim().to_ascii_lowercase();
    match name.as_str() {
        "" | "identity" if body.len() > max => Err(BodyError::TooLarge { max }),
        "" | "identity" => Ok(body),
        "gzip" | "x-gzip" => read("gzip", flate2::read::MultiGzDecoder::new(&body[..]), body.len(), max),
        "deflate" if is_zlib(&body) => match inflate_zlib(&body, max) {
            // Two bytes of raw deflate can look like the zlib header.
            Err(BodyError::Broken { .. }) => inflate_raw(&body, max).or_else(|_| inflate_zlib(&body, max)),
            done => done,
        },
        "deflate" => inflate_raw(&body, max),
        "zstd" => {
            let broken = |cause: io::Error| BodyError::Broken {
                encoding: "zstd",
                decompressed: 0,
                cause: cause.to_string(),
            };
            let mut decoder = zstd::stream::read::Decoder::with_buffer(&body[..]).map_err(broken)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(broken)?;
            read("zstd", decoder, body.len(), max)
        }
        _ => Err(BodyError::UnknownEncoding(encoding.chars().take(64).collect())),
    }
}

fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [cmf, flg, ..] if cmf & 15 == 8 && (u16::from(*cmf) << 8 | u16::from(*flg)).is_multiple_of(31))
}

fn inflate_zlib(body: &[u8], max: usize) -> Result<Bytes, BodyError> {
    read("deflate", flate2::read::ZlibDecoder::new(body), body.len(), max)
}

fn inflate_raw(body: &[u8], max: usize) -> Result<Bytes, BodyError> {
    read("deflate", flate2::read::DeflateDecoder::new(body), body.len(), max)
}

/// So much is read before a large body is believed.
const FIRST_BYTES_MAX: usize = 4 << 20;

/// Reads to the end or to the first byte beyond `max`.
fn read(encoding: &'static str, source: impl Read, packed: usize, max: usize) -> Result<Bytes, BodyError> {
    let cap = max.saturating_add(1);
    // Telemetry packs about eightfold; the first guess is capped, so that a header cannot ask for memory.
    let first = packed.saturating_mul(8).min(FIRST_BYTES_MAX).min(cap);
    let mut out = Vec::with_capacity(first);
    let mut source = source.take(cap as u64);
    let mut done = source.by_ref().take(FIRST_BYTES_MAX as u64).read_to_end(&mut out);
    if done.is_ok() && out.len() == FIRST_BYTES_MAX {
        // Room for all that may come, at once: doubling would hold three times as much while it copies. What is not written
        // to costs no memory.
        out.reserve_exact(cap - out.len().min(cap));
        done = source.read_to_end(&mut out);
    }
    match done {
        Ok(_) if out.len() > max => Err(BodyError::TooLarge { max }),
        Ok(_) => Ok(out.into()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(BodyError::Truncated { encoding, decompressed: out.len() })
        }
        Err(error) => Err(BodyError::Broken { encoding, decompressed: out.len(), cause: error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use std::io::Write;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data).expect("memory");
        encoder.finish().expect("memory")
    }

    fn zlib(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data).expect("memory");
        encoder.finish().expect("memory")
    }

    fn raw(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data).expect("memory");
        encoder.finish().expect("memory")
    }

    fn zstd(data: &[u8]) -> Vec<u8> {
        zstd::stream::encode_all(data, 1).expect("memory")
    }

    const DATA: &[u8] = b"spans spans spans spans and some more of them";

    fn all() -> [(&'static str, Vec<u8>); 5] {
        [
            ("gzip", gzip(DATA)),
            ("X-GZip ", gzip(DATA)),
            ("deflate", zlib(DATA)),
            ("deflate", raw(DATA)),
            ("zstd", zstd(DATA)),
        ]
    }

    #[test]
    fn each_encoding_comes_off() {
        for (encoding, packed) in all() {
            assert_eq!(decompress(encoding, packed.into(), 100).as_deref(), Ok(DATA), "{encoding}");
        }
        for encoding in ["", "identity", "Identity"] {
            assert_eq!(decompress(encoding, DATA.into(), 100).as_deref(), Ok(DATA));
        }
    }

    #[test]
    fn members_and_frames_join() {
        for (encoding, one) in [("gzip", gzip(DATA)), ("zstd", zstd(DATA))] {
            let two = [one.clone(), one].concat();
            assert_eq!(decompress(encoding, two.into(), 1000).as_deref(), Ok(&[DATA, DATA].concat()[..]));
        }
    }

    #[test]
    fn the_cap_is_exact_and_stops_bombs() {
        for (encoding, packed) in all() {
            assert!(decompress(encoding, packed.clone().into(), DATA.len()).is_ok());
            let max = DATA.len() - 1;
            assert_eq!(decompress(encoding, packed.into(), max), Err(BodyError::TooLarge { max }));
        }
        let zeros = vec![0; 64 << 20];
        for (encoding, bomb) in [("gzip", gzip(&zeros)), ("deflate", raw(&zeros)), ("zstd", zstd(&zeros))] {
            assert!(bomb.len() < 1 << 20);
            assert_eq!(decompress(encoding, bomb.into(), 1 << 20), Err(BodyError::TooLarge { max: 1 << 20 }));
        }
        assert_eq!(decompress("", DATA.into(), 3), Err(BodyError::TooLarge { max: 3 }));
    }

    #[test]
    fn every_cut_is_an_error() {
        for (encoding, packed) in all() {
            for len in 0..packed.len() {
                let cut = Bytes::copy_from_slice(&packed[..len]);
                let result = decompress(encoding, cut, 1000);
                // An empty body is no compressed data; zstd reads it as no frame.
                assert!(result.is_err() || (len == 0 && result.as_deref() == Ok(b"")), "{encoding} {len}");
            }
        }
    }

    #[test]
    fn garbage_and_unknown_encodings_are_named() {
        for encoding in ["gzip", "deflate", "zstd"] {
            let error = decompress(encoding, Bytes::from_static(b"\xff\xfe\xfd garbage"), 100);
            assert!(matches!(error, Err(BodyError::Broken { .. })), "{encoding} {error:?}");
        }
        let error = decompress("br", Bytes::new(), 100).expect_err("not ours");
        assert_eq!(error.to_string(), "content encoding `br` is not known; send gzip, zstd, deflate or none");
    }
}
