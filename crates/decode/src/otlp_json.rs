//! OTLP/JSON to OTLP/protobuf, so that one walk reads both. In: a JSON body as senders really write it.
//! Out: protobuf bytes, never more than the body had.
//!
//! Beyond the specification: numbers as text, as bare numbers of any size or as `{"low":..,"high":..}` with
//! signed words (SDKs for Node 0.44); enum names; ids in either case or in base64; field names of the proto
//! file; `null` for an absent field. What cannot be an id becomes one of a wrong length, so that its span
//! alone is refused.

mod reader;
mod shapes;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::Limits;
use crate::error::Malformed;
use reader::Reader;
use shapes::{Field, Kind, Shape};

type Result<T> = std::result::Result<T, Malformed>;

/// A JSON body in protobuf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcoded {
    /// An `ExportTraceServiceRequest`.
    pub protobuf: Vec<u8>,
    /// Fields and enum names that were left out.
    pub unknown_fields: u64,
    /// Halves of surrogate pairs that became U+FFFD.
    pub repaired_texts: u64,
}

/// The `ExportTraceServiceRequest` that `body` says in JSON.
pub fn traces_to_protobuf(body: &[u8], limits: &Limits) -> Result<Transcoded> {
    // One level beyond the limit is enough for the walk to see that there is too much.
    let depth_max = limits.depth_max.min(model::attr_json::DEPTH_MAX) + 1;
    let out = Vec::with_capacity(body.len() / 2);
    let mut transcoder = Transcoder { json: Reader::new(body), out, unknown: 0, depth_max };
    transcoder.message(&shapes::TRACES, 0)?;
    transcoder.json.end()?;
    Ok(Transcoded {
        protobuf: transcoder.out,
        unknown_fields: transcoder.unknown,
        repaired_texts: transcoder.json.repaired,
    })
}

struct Transcoder<'a> {
    json: Reader<'a>,
    out: Vec<u8>,
    unknown: u64,
    depth_max: usize,
}

impl Transcoder<'_> {
    /// The fields of an object, without tag and length.
    fn message(&mut self, shape: &'static Shape, depth: usize) -> Result<()> {
        let depth = depth + usize::from(shape.nests);
        if depth > self.depth_max {
            return self.json.skip();
        }
        self.json.open(b'{', "an object")?;
        let mut first = true;
        while self.json.more(b'}', &mut first)? {
            let key = self.json.key()?;
            match shape.field(&key) {
                Some(field) if !self.json.eat_null()? => self.field(field, depth)?,
                Some(_) => {}
                None => {
                    self.unknown += 1;
                    self.json.skip()?;
                }
            }
        }
        Ok(())
    }

    fn field(&mut self, field: &'static Field, depth: usize) -> Result<()> {
        match field.kind {
            Kind::One(shape) => self.nested(field, shape, depth)?,
            Kind::List(shape) => {
                self.json.open(b'[', "a list")?;
                let mut first = true;
                while self.json.more(b']', &mut first)? {
                    if self.json.eat_null()? {
                        self.bytes(field, &[]);
                    } else {
                        self.nested(field, shape, depth)?;
                    }
                }
            }
            Kind::Text => {
                let text = self.json.string("a text")?;
                self.bytes(field, &text);
            }
            Kind::Bytes => {
                let text = self.json.string("base64 text")?;
                let Some(bytes) = from_base64(&text) else {
                    return Err(self.json.wrong("base64 text before"));
                };
                self.bytes(field, &bytes);
            }
            Kind::Id(len) => {
                let text = self.json.string("an id in hexadecimal digits")?;
                let id = id(&text, len);
                self.bytes(field, &id);
            }
            Kind::Fixed64 => {
                let value = self.unsigned()?;
                self.tag(field, 1);
                self.out.extend_from_slice(&value.to_le_bytes());
            }
            Kind::Fixed32 => {
                let value = self.word()?;
                self.tag(field, 5);
                self.out.extend_from_slice(&value.to_le_bytes());
            }
            Kind::Uint32 => {
                let value = self.word()?;
                self.tag(field, 0);
                self.varint(u64::from(value));
            }
            Kind::Bool => {
                let value = self.json.boolean()?;
                self.tag(field, 0);
                self.out.push(u8::from(value));
            }
            Kind::Int => match self.integer()? {
                Number::Int(value) => {
                    self.tag(field, 0);
                    self.varint(value as u64);
                }
                // JavaScript calls 1e21 an integer; as one it would not fit.
                Number::Double(value) => self.double(value),
            },
            Kind::Double => {
                let value = self.float()?;
                self.double(value);
            }
            Kind::Enum(names) => self.enumerated(field, names)?,
        }
        Ok(())
    }

    /// A message with tag and length.
    fn nested(&mut self, field: &Field, shape: &'static Shape, depth: usize) -> Result<()> {
        self.tag(field, 2);
        let from = self.out.len();
        // Most messages are shorter than 128 bytes; longer ones move to make room for their length.
        self.out.push(0);
        self.message(shape, depth)?;
        let len = self.out.len() - from - 1;
        if len < 0x80 {
            self.out[from] = len as u8;
            return Ok(());
        }
        let end = self.out.len();
        self.varint(len as u64);
        let prefix: Vec<u8> = self.out.split_off(end);
        self.out.splice(from..=from, prefix);
        Ok(())
    }

    fn tag(&mut self, field: &Field, wire_type: u32) {
        self.varint(u64::from(field.number << 3 | wire_type));
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }

    fn bytes(&mut self, field: &Field, bytes: &[u8]) {
        self.tag(field, 2);
        self.varint(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    /// An attribute's double.
    fn double(&mut self, value: f64) {
        self.out.push(4 << 3 | 1);
        self.out.extend_from_slice(&value.to_bits().to_le_bytes());
    }

    /// A number's text, in quotes or not.
    fn token(&mut self, what: &'static str) -> Result<String> {
        if self.json.peek() != Some(b'"') {
            return self.json.number(what).map(str::to_owned);
        }
        let text = self.json.string(what)?;
        String::from_utf8(text.into_owned()).map_err(|_| self.json.wrong(what))
    }

    /// `{"low":..,"high":..}`, two words that may be signed.
    fn long(&mut self) -> Result<u64> {
        let (mut low, mut high) = (0, 0);
        self.json.open(b'{', "a number")?;
        let mut first = true;
        while self.json.more(b'}', &mut first)? {
            match &*self.json.key()? {
                b"low" => low = self.word()?,
                b"high" => high = self.word()?,
                _ => self.json.skip()?,
            }
        }
        Ok(u64::from(high) << 32 | u64::from(low))
    }

    fn unsigned(&mut self) -> Result<u64> {
        if self.json.peek() == Some(b'{') {
            return self.long();
        }
        const WHAT: &str = "a number of nanoseconds, not negative";
        let token = self.token(WHAT)?;
        if let Ok(value) = token.parse() {
            return Ok(value);
        }
        match token.parse::<f64>() {
            Ok(value) if value >= 0.0 => Ok(value as u64),
            _ => Err(self.json.wrong(WHAT)),
        }
    }

    /// A number of 32 bits, signed or not.
    fn word(&mut self) -> Result<u32> {
        const WHAT: &str = "a number of 32 bits";
        let token = self.token(WHAT)?;
        let value = token.parse::<f64>().unwrap_or(f64::NAN);
        let fits = value.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(u32::MAX)).contains(&value);
        if fits { Ok(value as i64 as u32) } else { Err(self.json.wrong(WHAT)) }
    }

    fn integer(&mut self) -> Result<Number> {
        if self.json.peek() == Some(b'{') {
            return Ok(Number::Int(self.long()? as i64));
        }
        const WHAT: &str = "a whole number";
        let token = self.token(WHAT)?;
        if let Ok(value) = token.parse() {
            return Ok(Number::Int(value));
        }
        match token.parse::<f64>() {
            Ok(value) if value.fract() == 0.0 && value.abs() < 9.2e18 => Ok(Number::Int(value as i64)),
            Ok(value) if value.is_finite() => Ok(Number::Double(value)),
            _ => Err(self.json.wrong(WHAT)),
        }
    }

    fn float(&mut self) -> Result<f64> {
        const WHAT: &str = "a number, \"NaN\", \"Infinity\" or \"-Infinity\"";
        // Rust's parser takes these three names, and more that no sender writes.
        let token = self.token(WHAT)?;
        token.parse().map_err(|_| self.json.wrong(WHAT))
    }

    fn enumerated(&mut self, field: &Field, names: &[&str]) -> Result<()> {
        let token = self.token("a number or a name of the enumeration")?;
        let named = names.iter().position(|name| *name == token).map(|number| number as i64);
        match named.or_else(|| token.parse().ok()) {
            Some(number) => {
                self.tag(field, 0);
                self.varint(number as u64);
            }
            None => self.unknown += 1,
        }
        Ok(())
    }
}

enum Number {
    Int(i64),
    Double(f64),
}

/// The bytes of an id that should have `len`. What can be no id becomes one byte, which no id has.
fn id(text: &[u8], len: usize) -> Vec<u8> {
    let hex = |text: &[u8]| -> Option<Vec<u8>> {
        let (pairs, []) = text.as_chunks::<2>() else { return None };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        pairs.iter().map(|[high, low]| Some((digit(*high)? << 4 | digit(*low)?) as u8)).collect()
    };
    let padded = len.div_ceil(3) * 4;
    let unpadded = (len * 4).div_ceil(3);
    if let Some(bytes) = hex(text) {
        return bytes;
    }
    if (text.len() == padded || text.len() == unpadded)
        && let Some(bytes) = from_base64(text)
    {
        return bytes;
    }
    vec![0xff]
}

/// Base64 in either alphabet, with or without padding.
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let is_url = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let alphabet = if is_url { &base64::alphabet::URL_SAFE } else { &base64::alphabet::STANDARD };
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}
