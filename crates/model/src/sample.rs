//! One float sample of a series, bit-exact.

/// The bit pattern with which Prometheus marks that a series ended (a signalling NaN).
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// A time and a value. Equality is by bits, so that NaN equals itself and staleness is not lost.
#[derive(Debug, Clone, Copy)]
pub struct FloatSample {
    /// Milliseconds since the Unix epoch, the resolution of Prometheus' formats.
    pub time_ms: i64,
    /// The value; the staleness marker is [`STALE_NAN_BITS`].
    pub value: f64,
}

impl FloatSample {
    /// Whether the value is the staleness marker and not an ordinary NaN.
    pub const fn is_stale(&self) -> bool {
        self.value.to_bits() == STALE_NAN_BITS
    }
}

impl PartialEq for FloatSample {
    fn eq(&self, other: &Self) -> bool {
        self.time_ms == other.time_ms && self.value.to_bits() == other.value.to_bits()
    }
}

impl Eq for FloatSample {}
