//! The few forms of protobuf that a request of spans is made of, written straight into bytes.
//!
//! In: field numbers and values. Out: bytes at the end of a vector. Lengths are computed before anything is written, so
//! nothing is moved or built twice. Source: the protobuf encoding guide.

/// Bytes that `value` takes as a varint.
pub const fn varint_len(value: u64) -> usize {
    (63 - (value | 1).leading_zeros() as usize) / 7 + 1
}

/// Bytes of a field with this number and this many bytes in it.
pub const fn bytes_len(field: u64, len: usize) -> usize {
    varint_len(field << 3) + varint_len(len as u64) + len
}

/// Appends a varint.
pub fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends the head of a field of `len` bytes, which the caller appends next.
pub fn head(out: &mut Vec<u8>, field: u64, len: usize) {
    varint(out, field << 3 | 2);
    varint(out, len as u64);
}

/// Appends a field of bytes or text.
pub fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    head(out, field, value.len());
    out.extend_from_slice(value);
}

/// Appends a field that is a varint.
pub fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

/// Appends a field of eight bytes.
pub fn fixed64(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a field of four bytes.
pub fn fixed32(out: &mut Vec<u8>, field: u64, value: u32) {
    varint(out, field << 3 | 5);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends the head of a `KeyValue` up to its value of `any_len` bytes.
fn pair(out: &mut Vec<u8>, field: u64, key: &str, any_len: usize) {
    head(out, field, bytes_len(1, key.len()) + bytes_len(2, any_len));
    bytes(out, 1, key.as_bytes());
    head(out, 2, any_len);
}

/// Attributes of one message, appended to it as its field `field`.
#[derive(Debug)]
pub struct Attributes<'a> {
    out: &'a mut Vec<u8>,
    field: u64,
    /// How many there are.
    pub count: usize,
}

impl<'a> Attributes<'a> {
    /// No attributes yet.
    pub fn new(out: &'a mut Vec<u8>, field: u64) -> Self {
        Self { out, field, count: 0 }
    }

    /// Appends a text.
    pub fn text(&mut self, key: &str, value: &str) {
        self.count += 1;
        pair(self.out, self.field, key, bytes_len(1, value.len()));
        bytes(self.out, 1, value.as_bytes());
    }

    /// Appends a whole number that is not negative.
    pub fn int(&mut self, key: &str, value: u64) {
        self.count += 1;
        pair(self.out, self.field, key, 1 + varint_len(value));
        number(self.out, 3, value);
    }

    /// Appends a double.
    pub fn double(&mut self, key: &str, value: f64) {
        self.count += 1;
        pair(self.out, self.field, key, 9);
        fixed64(self.out, 4, value.to_bits());
    }

    /// Appends a truth value.
    pub fn bool(&mut self, key: &str, value: bool) {
        self.count += 1;
        pair(self.out, self.field, key, 2);
        number(self.out, 2, u64::from(value));
    }
}
