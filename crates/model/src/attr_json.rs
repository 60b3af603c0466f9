//! The JSON text in which the tables keep attributes, events and links, so that any engine reads them.
//!
//! Attributes are one object in the order sent. Types survive: an integer has no point, a double always
//! has one, text is a string, no value is `null`. What JSON cannot say is an object as OTLP/JSON writes
//! it: `{"bytesValue":"<base64>"}` and `{"doubleValue":"NaN"|"Infinity"|"-Infinity"}`; a map that could
//! be taken for one of these is written as `{"kvlistValue":{"values":[{"key":..,"value":..}]}}`. Events and
//! links are arrays of objects whose fields are named as in OTLP's protobuf, absent when zero or empty.
//! The writer half is in [`write`], the reader half in [`read`].

pub mod read;
pub mod write;

/// Deepest nesting of arrays and maps that the reader takes; the decoder refuses deeper values.
pub const DEPTH_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs::{AttrValue, Attrs};
    use std::sync::Arc;

    fn check(value: AttrValue, json: &str) {
        let mut attrs = Attrs::new();
        attrs.push("k", value);
        let text = write::attrs_to_string(&attrs);
        assert_eq!(text, format!("{{\"k\":{json}}}"));
        let back = read::parse_attrs(&text).expect("own text parses");
        assert!(back.same_bits(&attrs), "{back:?} is not {attrs:?}");
    }

    #[test]
    fn every_kind_survives() {
        check(AttrValue::Empty, "null");
        check("a\"\\\n\u{1}한".into(), "\"a\\\"\\\\\\n\\u0001한\"");
        check(true.into(), "true");
        check(i64::MIN.into(), "-9223372036854775808");
        check(1.0.into(), "1.0");
        check((-0.0).into(), "-0.0");
        check(1e300.into(), "1.0e300");
        check(1.5e-7.into(), "1.5e-7");
        check(f64::INFINITY.into(), "{\"doubleValue\":\"Infinity\"}");
        check(f64::NAN.into(), "{\"doubleValue\":\"NaN\"}");
        check(AttrValue::Bytes(Arc::from(&b"\x00\xff"[..])), "{\"bytesValue\":\"AP8=\"}");
        check(AttrValue::Array(vec![1.into(), "x".into(), AttrValue::Empty]), "[1,\"x\",null]");
        let map: Attrs = [("a", AttrValue::from(1)), ("a", AttrValue::from(2))].into_iter().collect();
        check(AttrValue::Map(map), "{\"a\":1,\"a\":2}");
        let disguised: Attrs = [("bytesValue", "AA==")].into_iter().collect();
        check(
            AttrValue::Map(disguised),
            "{\"kvlistValue\":{\"values\":[{\"key\":\"bytesValue\",\"value\":\"AA==\"}]}}",
        );
    }

    #[test]
    fn broken_text_is_an_error() {
        for text in ["", "{", "{\"a\"}", "{\"a\":1,}", "[1]", "{\"a\":01x}", "{\"a\":1} x", "{\"a\":\"\\q\"}"]
        {
            assert!(read::parse_attrs(text).is_err(), "{text}");
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read::parse_attrs(&deep).is_err());
    }
}
