//! The file of an index of spans around a part that is made of any bytes, with right lengths and checksum.
//!
//! In: the small part and the filters, plain. Out: a file as `docs/formats/segment-index.md` says.

/// Packs both parts; `said` is the length that the head tells for the small part, when it shall lie.
pub fn pack(small: &[u8], filters: &[u8], said: Option<u32>) -> Vec<u8> {
    let packed = zstd::bulk::compress(small, 1).expect("memory");
    let mut out = Vec::new();
    out.extend_from_slice(b"TLSX");
    out.extend_from_slice(&1_u32.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&(packed.len() as u32).to_le_bytes());
    out.extend_from_slice(&said.unwrap_or(small.len() as u32).to_le_bytes());
    out.extend_from_slice(&packed);
    out.extend_from_slice(filters);
    let crc = crc32c::crc32c(&out[12..]).to_le_bytes();
    out[8..12].copy_from_slice(&crc);
    out
}

/// Takes a file apart again: the small part, plain, and the filters.
pub fn unpack(file: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let number = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?) as usize);
    let (packed, small) = (number(12)?, number(16)?);
    let (packed, filters) = file.get(20..)?.split_at_checked(packed)?;
    Some((zstd::bulk::decompress(packed, small).ok()?, filters.to_vec()))
}
