//! Functions for JSON texts and ids.
//!
//! `json_get(text, key...)` is the JSON text of a value, `json_get_str`, `json_get_int` and `json_get_double` the value itself; a key is a name
//! or, in an array, a position from 0. Null when there is none or it has another type. `hex(bytes)` prints ids in lower-case
//! digits, `from_hex(text)` reads them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewBuilder, Float64Builder, Int64Array, Int64Builder, StringViewArray,
    StringViewBuilder,
};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Name of the function that prints bytes in hexadecimal.
pub(crate) const HEX: &str = "hex";
/// Name of the function that gives a value as text.
pub(crate) const JSON_GET_STR: &str = "json_get_str";
/// Name of the function that gives an integer.
pub(crate) const JSON_GET_INT: &str = "json_get_int";

/// Every function of this page.
pub(crate) fn all() -> Vec<ScalarUDF> {
    let json = [
        ("json_get", JsonAs::Text),
        (JSON_GET_STR, JsonAs::Str),
        (JSON_GET_INT, JsonAs::Int),
        ("json_get_double", JsonAs::Double),
    ];
    let mut all: Vec<ScalarUDF> =
        json.into_iter().map(|(name, kind)| JsonGet::new(name, kind).into()).collect();
    all.push(ToHex::default().into());
    all.push(FromHex::default().into());
    all
}

/// What a value is given as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum JsonAs {
    Text,
    Str,
    Int,
    Double,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct JsonGet {
    name: &'static str,
    kind: JsonAs,
    signature: Signature,
}

impl JsonGet {
    fn new(name: &'static str, kind: JsonAs) -> Self {
        Self { name, kind, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

/// One step into a value.
enum Step<'a> {
    Key(&'a StringViewArray),
    At(&'a Int64Array),
}

impl ScalarUDFImpl for JsonGet {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        if types.len() < 2 {
            return plan_err!("{} takes a JSON text and at least one key", self.name);
        }
        let coerced = types.iter().enumerate().map(|(at, given)| match given {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => {
                Ok(DataType::Utf8View)
            }
            given if at > 0 && given.is_integer() => Ok(DataType::Int64),
            given => plan_err!("{} takes texts, and integers as positions, not {given}", self.name),
        });
        coerced.collect()
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.kind {
            JsonAs::Text | JsonAs::Str => DataType::Utf8View,
            JsonAs::Int => DataType::Int64,
            JsonAs::Double => DataType::Float64,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [texts, keys @ ..] = arrays.as_slice() else { return exec_err!("{} takes a text", self.name) };
        let steps: Vec<Step<'_>> = keys
            .iter()
            .map(|key| match key.data_type() {
                DataType::Int64 => Step::At(key.as_primitive::<Int64Type>()),
                _ => Step::Key(key.as_string_view()),
            })
            .collect();
        let texts = texts.as_string_view();
        let found = (0..texts.len()).map(|row| {
            let text = (!texts.is_null(row)).then(|| texts.value(row))?;
            steps.iter().try_fold(text, |text, step| match step {
                Step::Key(keys) => (!keys.is_null(row)).then(|| by_key(text, keys.value(row)))?,
                Step::At(places) => (!places.is_null(row)).then(|| by_place(text, places.value(row)))?,
            })
        });
        Ok(ColumnarValue::Array(self.kind.array(found)))
    }
}

impl JsonAs {
    fn array<'a>(self, found: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
        match self {
            Self::Text => {
                let mut out = StringViewBuilder::new();
                found.for_each(|raw| out.append_option(raw));
                Arc::new(out.finish())
            }
            Self::Str => {
                let mut out = StringViewBuilder::new();
                found.for_each(|raw| out.append_option(raw.and_then(text_of)));
                Arc::new(out.finish())
            }
            Self::Int => {
                let mut out = Int64Builder::new();
                found.for_each(|raw| out.append_option(raw.and_then(|raw| raw.parse().ok())));
                Arc::new(out.finish())
            }
            Self::Double => {
                let mut out = Float64Builder::new();
                found.for_each(|raw| out.append_option(raw.and_then(double_of)));
                Arc::new(out.finish())
            }
        }
    }
}

/// A string without its quotes, anything else as it is written; `null` is none.
fn text_of(raw: &str) -> Option<Cow<'_, str>> {
    if raw == "null" {
        return None;
    }
    if raw.starts_with('"') {
        serde_json::from_str::<String>(raw).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(raw))
    }
}

/// A number, also one that JSON has no digits for and `attributes` writes as `{"doubleValue":"NaN"}`.
fn double_of(raw: &str) -> Option<f64> {
    if let Some(value) = serde_json::from_str::<f64>(raw).ok().filter(|_| !raw.starts_with('"')) {
        return Some(value);
    }
    match by_key(raw, "doubleValue")? {
        "\"NaN\"" => Some(f64::NAN),
        "\"Infinity\"" => Some(f64::INFINITY),
        "\"-Infinity\"" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// The first value under a key of an object.
fn by_key<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    // Nearly all texts lack a rare key, and a search is much cheaper than reading them. Keys that JSON escapes are always read.
    let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if plain && memchr::memmem::find(text.as_bytes(), key.as_bytes()).is_none() {
        return None;
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.deserialize_map(ByKey(key)).ok().flatten().map(RawValue::get)
}

/// The value at a position of an array, from 0.
fn by_place(text: &str, place: i64) -> Option<&str> {
    let place = usize::try_from(place).ok()?;
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.deserialize_seq(ByPlace(place)).ok().flatten().map(RawValue::get)
}

struct ByKey<'k>(&'k str);

impl<'de> Visitor<'de> for ByKey<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if found.is_none() && key == self.0 {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

struct ByPlace(usize);

impl<'de> Visitor<'de> for ByPlace {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        for _ in 0..self.0 {
            if seq.next_element::<IgnoredAny>()?.is_none() {
                return Ok(None);
            }
        }
        let found = seq.next_element()?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}

/// `hex(bytes)`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ToHex {
    signature: Signature,
}

impl Default for ToHex {
    fn default() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for ToHex {
    fn name(&self) -> &str {
        HEX
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [
                DataType::Binary
                | DataType::LargeBinary
                | DataType::BinaryView
                | DataType::FixedSizeBinary(_)
                | DataType::Null,
            ] => Ok(vec![DataType::BinaryView]),
            _ => plan_err!("hex takes bytes, such as trace_id"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [bytes] = arrays.as_slice() else { return exec_err!("hex takes bytes") };
        let mut out = StringViewBuilder::new();
        let mut digits = Vec::new();
        for value in bytes.as_binary_view() {
            digits.clear();
            value.into_iter().for_each(|value| model::attr_json::write::push_hex(&mut digits, value));
            out.append_option(value.map(|_| String::from_utf8_lossy(&digits)));
        }
        Ok(ColumnarValue::Array(Arc::new(out.finish())))
    }
}

/// `from_hex(text)`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct FromHex {
    signature: Signature,
}

impl Default for FromHex {
    fn default() -> Self {
        Self { signature: Signature::exact(vec![DataType::Utf8View], Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for FromHex {
    fn name(&self) -> &str {
        "from_hex"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::BinaryView)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [texts] = arrays.as_slice() else { return exec_err!("from_hex takes a text") };
        let mut out = BinaryViewBuilder::new();
        for text in texts.as_string_view() {
            match text.map(|text| bytes_of(text).ok_or(text)) {
                None => out.append_null(),
                Some(Ok(bytes)) => out.append_value(bytes),
                Some(Err(text)) => {
                    return exec_err!("`{}` is no even number of hexadecimal digits", text.escape_debug());
                }
            }
        }
        Ok(ColumnarValue::Array(Arc::new(out.finish())))
    }
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some((digit(*high)? << 4 | digit(*low)?) as u8),
        _ => None,
    });
    pairs.collect()
}
