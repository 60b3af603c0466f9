//! Identifiers as newtypes, so that no id is taken for another.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

macro_rules! byte_id {
    ($name:ident, $bytes:literal, $what:literal) => {
        #[doc = concat!("A ", $what, " id of ", stringify!($bytes), " bytes, printed in lower-case hexadecimal.")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            /// The all-zero id, which W3C Trace Context and OTLP call invalid.
            pub const ZERO: Self = Self([0; $bytes]);

            /// Whether every byte is zero.
            pub fn is_zero(&self) -> bool {
                self.0 == [0; $bytes]
            }

            /// From exactly the right number of bytes.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// From exactly twice as many hexadecimal digits, in either case.
            pub fn from_hex(text: &str) -> Option<Self> {
                let digits = text.as_bytes();
                if digits.len() != 2 * $bytes {
                    return None;
                }
                let mut id = [0u8; $bytes];
                for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
                    let high = char::from(pair[0]).to_digit(16)?;
                    let low = char::from(pair[1]).to_digit(16)?;
                    *byte = (high << 4 | low) as u8;
                }
                Some(Self(id))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for byte in self.0 {
                    write!(f, "{byte:02x}")?;
                }
                Ok(())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

byte_id!(TraceId, 16, "trace");
byte_id!(SpanId, 8, "span");

/// The name of a tenant: `[A-Za-z0-9._-]{1,64}`, but neither `.` nor `..`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// Longest name in bytes.
    pub const LEN_MAX: usize = 64;

    /// The name used while tenancy is off.
    pub fn single() -> Self {
        Self(Arc::from("default"))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ok = !text.is_empty()
            && text.len() <= Self::LEN_MAX
            && text != "."
            && text != ".."
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if ok {
            Ok(Self(Arc::from(text)))
        } else {
            Err(format!("tenant `{}` is not 1 to 64 characters of A-Z a-z 0-9 . _ -", text.escape_debug()))
        }
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal() {
        let id = TraceId::from_hex("00000000000000000000000000ABc123").expect("32 digits");
        assert_eq!(id.to_string(), "00000000000000000000000000abc123");
        assert!(TraceId::from_hex("abc123").is_none());
        assert!(SpanId::from_hex("+123456789abcdef").is_none());
        assert!(SpanId::ZERO.is_zero());
    }

    #[test]
    fn tenants() {
        for good in ["a", "Team-1.prod_x", &"x".repeat(64)] {
            assert!(good.parse::<TenantId>().is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", &"x".repeat(65)] {
            assert!(bad.parse::<TenantId>().is_err(), "{bad}");
        }
    }
}
