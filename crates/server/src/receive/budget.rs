//! Memory for requests in flight, in two parts: the bodies as received, and what they become while they are decoded.
//!
//! The first is refused beyond its limit, since nobody knows how long a slow sender takes. The second is waited for, since
//! decoding takes milliseconds: a compressed body counts with the most that it could become, so that bombs wait for each
//! other and not for memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that one permit stands for: the semaphore counts in 32 bits.
const UNIT: u64 = 1 << 10;

/// Longest wait for room to decode.
const DECODING_WAIT_MAX: Duration = Duration::from_secs(10);

/// How much deflate data can grow: 258 bytes from two bits, as its format allows, rounded up.
const DEFLATE_GROWTH_MAX: u64 = 1_032;

/// Memory for requests in flight.
#[derive(Debug)]
pub struct Budget {
    in_flight: Arc<InFlight>,
    decoding: Arc<Semaphore>,
    decoding_units: u64,
}

#[derive(Debug)]
struct InFlight {
    used: AtomicU64,
    limit: u64,
}

/// The budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted {
    /// Bytes in use.
    pub used_bytes: u64,
    /// The limit.
    pub limit_bytes: u64,
}

/// Bytes of one body; given back when dropped.
#[derive(Debug)]
pub struct Reservation {
    in_flight: Arc<InFlight>,
    bytes: u64,
}

impl Budget {
    /// Limits in bytes.
    pub fn new(in_flight_bytes_max: u64, decoding_bytes_max: u64) -> Self {
        let decoding_units = (decoding_bytes_max / UNIT).clamp(1, u64::from(u32::MAX));
        let permits = usize::try_from(decoding_units).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            in_flight: Arc::new(InFlight { used: AtomicU64::new(0), limit: in_flight_bytes_max }),
            decoding: Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS))),
            decoding_units,
        }
    }

    /// Room for a body that is about to be read.
    pub fn reservation(&self) -> Reservation {
        Reservation { in_flight: Arc::clone(&self.in_flight), bytes: 0 }
    }

    /// Bytes of bodies in flight.
    pub fn in_flight_bytes(&self) -> u64 {
        self.in_flight.used.load(Ordering::Relaxed)
    }

    /// Waits for room to decompress and decode a body of `len` bytes that may grow to `max`.
    ///
    /// # Errors
    /// When there was none for ten seconds.
    pub async fn decoding(
        &self,
        encoding: &str,
        len: usize,
        max: usize,
    ) -> Result<OwnedSemaphorePermit, Exhausted> {
        let bytes = grown(encoding, len as u64, max as u64);
        let units = bytes.div_ceil(UNIT).clamp(1, self.decoding_units);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.decoding).acquire_many_owned(units);
        match tokio::time::timeout(DECODING_WAIT_MAX, room).await {
            Ok(Ok(permit)) => Ok(permit),
            // The semaphore is never closed, so that the second is the only cause.
            Ok(Err(_)) | Err(_) => {
                let free = self.decoding.available_permits() as u64;
                let limit_bytes = self.decoding_units * UNIT;
                Err(Exhausted { used_bytes: limit_bytes.saturating_sub(free * UNIT), limit_bytes })
            }
        }
    }
}

/// The most that a body can become, at most `max`.
fn grown(encoding: &str, len: u64, max: u64) -> u64 {
    match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => len.min(max),
        "gzip" | "x-gzip" | "deflate" => len.saturating_mul(DEFLATE_GROWTH_MAX).min(max),
        // A block of zstd that repeats one byte has no useful bound.
        _ => max,
    }
}

impl Reservation {
    /// Takes more.
    ///
    /// # Errors
    /// When the limit is reached; what was taken before stays until the drop.
    pub fn grow(&mut self, bytes: u64) -> Result<(), Exhausted> {
        let before = self.in_flight.used.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        let limit_bytes = self.in_flight.limit;
        if before.saturating_add(bytes) > limit_bytes {
            return Err(Exhausted { used_bytes: before, limit_bytes });
        }
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.in_flight.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[test]
    fn bodies_in_flight_are_limited_and_given_back() {
        let budget = Budget::new(100, 1 << 20);
        let mut one = budget.reservation();
        assert_eq!(one.grow(60), Ok(()));
        let mut two = budget.reservation();
        assert_eq!(two.grow(41), Err(Exhausted { used_bytes: 60, limit_bytes: 100 }));
        drop(two);
        assert_eq!(one.grow(40), Ok(()));
        drop(one);
        assert_eq!(budget.in_flight_bytes(), 0);
    }

    #[test]
    fn what_bodies_can_become() {
        assert_eq!(grown("identity", 10, 1000), 10);
        assert_eq!(grown("gzip", 2, 10_000), 2_064);
        assert_eq!(grown("GZIP", 100, 10_000), 10_000);
        assert_eq!(grown("zstd", 1, 10_000), 10_000);
    }

    #[tokio::test]
    async fn decoding_waits_its_turn() {
        let budget = Budget::new(100, 64 << 10);
        let first = budget.decoding("zstd", 5, 64 << 10).await.expect("is free");
        assert!(budget.decoding("", 5, 64 << 10).now_or_never().is_none(), "waits");
        drop(first);
        assert!(budget.decoding("", 5, 64 << 10).now_or_never().is_some_and(|room| room.is_ok()));
    }
}
