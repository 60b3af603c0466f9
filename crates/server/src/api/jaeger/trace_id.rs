//! Trace ids as Jaeger's clients write them.
//!
//! In: 1 to 32 hexadecimal digits in either case, padded with zeros on the left, or 16 bytes in base64 of either
//! alphabet, with or without padding. Out: the id or Jaeger's error text.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use model::TraceId;
use stdx::go::number::parse_uint;

/// Longest base64 text of 16 bytes.
const BASE64_LEN_MAX: usize = 24;

/// Hexadecimal only, as the search parameter `traceID` is read.
pub fn from_hex(text: &str) -> Result<TraceId, String> {
    if text.len() > 32 {
        return Err(format!("TraceID cannot be longer than 32 hex characters: {text}"));
    }
    let part = |text: &str| parse_uint(text, 16, 64).map_err(|error| error.to_string());
    // A split inside a character means that the text is not hexadecimal; reading it whole says so.
    let (high, low) = match text.len().checked_sub(16).and_then(|at| text.split_at_checked(at)) {
        Some((high, low)) if !high.is_empty() => (part(high)?, part(low)?),
        _ => (0, part(text)?),
    };
    Ok(TraceId((u128::from(high) << 64 | u128::from(low)).to_be_bytes()))
}

/// Hexadecimal or base64, as ids in paths are read.
pub fn from_path(text: &str) -> Result<TraceId, String> {
    let error = match from_hex(text) {
        Ok(id) => return Ok(id),
        Err(error) => error,
    };
    if text.len() > BASE64_LEN_MAX {
        return Err(error);
    }
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let bytes = [&alphabet::STANDARD, &alphabet::URL_SAFE]
        .into_iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, config).decode(text).ok());
    match bytes {
        Some(bytes) => TraceId::from_slice(&bytes).ok_or_else(|| "invalid length for TraceID".to_owned()),
        None => Err(error),
    }
}

/// The id as Jaeger's older JSON prints it: 16 digits when the upper half is zero.
pub fn short(id: TraceId) -> String {
    let text = id.to_string();
    match text.strip_prefix("0000000000000000") {
        Some(low) => low.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let check = |text: &str, want: &str| {
            assert_eq!(from_path(text).map_or_else(|error| error, |id| id.to_string()), want, "{text}");
        };
        check("1", "00000000000000000000000000000001");
        check("ABC123", "00000000000000000000000000abc123");
        check("10000000000000002", "00000000000000010000000000000002");
        check("AAAAAAAAAAEAAAAAAAAAAQ", "00000000000000010000000000000001");
        check("AAAAAAAAAP___________w==", "00000000000000ffffffffffffffffff");
        check("xyz", "invalid length for TraceID");
        check("not-an-id!", "strconv.ParseUint: parsing \"not-an-id!\": invalid syntax");
        let long = "a".repeat(33);
        check(&long, &format!("TraceID cannot be longer than 32 hex characters: {long}"));
        // The seventeenth byte from the end lies inside a character.
        let split = "\u{e9}".repeat(8) + "a";
        check(&split, &format!("strconv.ParseUint: parsing \"{split}\": invalid syntax"));
    }

    #[test]
    fn the_upper_half_is_left_out_when_zero() {
        assert_eq!(
            short(TraceId::from_hex("00000000000000000000000000abc123").expect("hex")),
            "0000000000abc123"
        );
        assert_eq!(short(TraceId([1; 16])), "01".repeat(16));
    }
}
