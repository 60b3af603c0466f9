//! Which bin a duration falls into: integer comparisons with a table of bounds, so that every machine agrees.

use std::sync::LazyLock;

/// The lowest bin: holds one nanosecond.
pub const BIN_MIN: i16 = -240;
/// The highest bin: holds what is longer than 2^(BIN_MAX/8) seconds, some 24 days.
pub const BIN_MAX: i16 = 168;

/// The lower bound of a bin in nanoseconds, 10^9 * 2^(bin/8).
pub fn lower_bound(bin: i16) -> f64 {
    (f64::from(bin) / 8.0).exp2() * 1e9
}

/// `floor` of the lower bound of each bin from `BIN_MIN` on, and of the one after the last.
static FLOORS: LazyLock<Vec<i64>> =
    LazyLock::new(|| (BIN_MIN..=BIN_MAX + 1).map(|bin| lower_bound(bin).floor() as i64).collect());

/// For each number of leading zeros the first bin that a duration with so many can be in.
static FIRST: LazyLock<[u16; 65]> = LazyLock::new(|| {
    std::array::from_fn(|zeros| {
        let least =
            if zeros >= 64 { 0 } else { 1i64.checked_shl(63 - zeros as u32).unwrap_or(i64::MAX).max(1) };
        let at = FLOORS.partition_point(|floor| *floor < least).saturating_sub(1);
        at.min((BIN_MAX - BIN_MIN) as usize) as u16
    })
});

/// The largest whole number of nanoseconds that is not in the bin but below it.
pub fn lower_bound_ns(bin: i16) -> i64 {
    FLOORS[(bin.clamp(BIN_MIN, BIN_MAX + 1) - BIN_MIN) as usize]
}

/// The largest whole number of nanoseconds in the bin; without limit in the last bin.
pub fn upper_bound_ns(bin: i16) -> i64 {
    if bin >= BIN_MAX { i64::MAX } else { lower_bound_ns(bin + 1) }
}

/// The bin of a duration above zero.
pub fn bin_of(duration_ns: i64) -> i16 {
    let floors = &*FLOORS;
    let mut at = FIRST[duration_ns.leading_zeros() as usize] as usize;
    let last = (BIN_MAX - BIN_MIN) as usize;
    while at < last && floors[at + 1] < duration_ns {
        at += 1;
    }
    BIN_MIN + at as i16
}
