//! Instants and ranges in nanoseconds since the Unix epoch.

use std::fmt;

/// Nanoseconds since the Unix epoch, UTC. Times before 1970 are negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TimeNs(pub i64);

/// Nanoseconds of one day.
pub const DAY_NS: i64 = 86_400 * 1_000_000_000;

impl TimeNs {
    /// The earliest instant.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest instant.
    pub const MAX: Self = Self(i64::MAX);

    /// From milliseconds since the epoch; saturates.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// From microseconds since the epoch; saturates.
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// From seconds since the epoch; saturates.
    pub const fn from_unix_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// From OTLP's `fixed64`; times past the year 2262 become [`TimeNs::MAX`].
    pub const fn from_otlp(nanos: u64) -> Self {
        if nanos > i64::MAX as u64 { Self::MAX } else { Self(nanos as i64) }
    }

    /// Days since 1970-01-01 of the UTC day that holds this instant.
    pub const fn days(self) -> i32 {
        self.0.div_euclid(DAY_NS) as i32
    }

    /// Adds nanoseconds; saturates.
    pub const fn saturating_add(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }
}

impl fmt::Display for TimeNs {
    /// RFC 3339 in UTC with nine decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (y, m, d) = civil_from_days(i64::from(self.days()));
        let rest = self.0.rem_euclid(DAY_NS);
        let (secs, nanos) = (rest / 1_000_000_000, rest % 1_000_000_000);
        let (h, mi, s) = (secs / 3600, secs / 60 % 60, secs % 60);
        write!(f, "{y:04}-{m:02}-{d:02}T{h:02}:{mi:02}:{s:02}.{nanos:09}Z")
    }
}

/// Year, month (1-12) and day (1-31) of a day counted from 1970-01-01 in the proleptic Gregorian
/// calendar.
pub const fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month as u32, day as u32)
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
pub const fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_shifted = (month as i64 + 9) % 12;
    let day_of_year = (153 * month_shifted + 2) / 5 + day as i64 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// A half-open range of instants: `start` is in it, `end` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// First instant in the range.
    pub start: TimeNs,
    /// First instant after the range.
    pub end: TimeNs,
}

impl TimeRange {
    /// Every instant but the very last.
    pub const ALL: Self = Self { start: TimeNs::MIN, end: TimeNs::MAX };

    /// Whether `at` lies inside.
    pub const fn contains(&self, at: TimeNs) -> bool {
        self.start.0 <= at.0 && at.0 < self.end.0
    }

    /// Whether some instant of `first..=last` lies inside.
    pub const fn overlaps_inclusive(&self, first: TimeNs, last: TimeNs) -> bool {
        first.0 < self.end.0 && last.0 >= self.start.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_counts_days() {
        assert_eq!(TimeNs(0).to_string(), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(TimeNs(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(TimeNs(-1).days(), -1);
        assert_eq!(TimeNs::from_unix_secs(1_709_164_800).to_string(), "2024-02-29T00:00:00.000000000Z");
        for days in [-800_000, -1, 0, 59, 60, 11_016, 19_782, 20_000, 2_000_000] {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), days);
        }
    }
}
