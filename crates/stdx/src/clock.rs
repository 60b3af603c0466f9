//! Time as an argument: everything below `server` asks a [`Clock`] instead of the machine.
//!
//! Out: nanoseconds since the Unix epoch as `i64` (wall clock, may jump) and a monotonic counter in
//! nanoseconds. A simulator hands in a [`ManualClock`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A source of wall-clock and monotonic time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Wall-clock time in nanoseconds since the Unix epoch. It may jump in either direction.
    fn now_unix_nano(&self) -> i64;
    /// Monotonic time in nanoseconds since an arbitrary start.
    fn monotonic_nano(&self) -> u64;
}

/// The machine's own clock.
#[derive(Debug, Clone)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic part starts at zero now.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now_unix_nano(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
        }
    }

    fn monotonic_nano(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A clock that moves only when it is told to.
#[derive(Debug, Clone, Default)]
pub struct ManualClock {
    wall: Arc<AtomicI64>,
    monotonic: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock that shows `unix_nano`.
    pub fn at(unix_nano: i64) -> Self {
        let clock = Self::default();
        clock.wall.store(unix_nano, Ordering::SeqCst);
        clock
    }

    /// Moves both clocks forward.
    pub fn advance_nano(&self, nanos: u64) {
        self.wall.fetch_add(i64::try_from(nanos).unwrap_or(i64::MAX), Ordering::SeqCst);
        self.monotonic.fetch_add(nanos, Ordering::SeqCst);
    }

    /// Sets the wall clock alone, as a step of NTP or of an administrator does.
    pub fn jump_to(&self, unix_nano: i64) {
        self.wall.store(unix_nano, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_unix_nano(&self) -> i64 {
        self.wall.load(Ordering::SeqCst)
    }

    fn monotonic_nano(&self) -> u64 {
        self.monotonic.load(Ordering::SeqCst)
    }
}
