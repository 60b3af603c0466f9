//! Go's `time.Time` as text: layouts, `time.Format`, `time.Parse`, and the civil calendar.
//!
//! In: an instant and a zone, or a text and a layout such as `2006-01-02T15:04:05Z07:00`. Out: the
//! other one, with Go's error texts.
//!
//! Deliberately not here: a clock and the zone database. Local time is UTC; zones are UTC and fixed
//! offsets. Every other name is an error in [`Zone::load`].

mod civil;
mod format;
mod layout;
mod parse;

use std::fmt;

pub use civil::{Civil, days_from_civil, days_in_month};
pub use format::format;
pub use parse::{TimeError, parse};

/// `time.ANSIC`.
pub const ANSIC: &str = "Mon Jan _2 15:04:05 2006";
/// `time.UnixDate`.
pub const UNIX_DATE: &str = "Mon Jan _2 15:04:05 MST 2006";
/// `time.RFC822`.
pub const RFC822: &str = "02 Jan 06 15:04 MST";
/// `time.RFC822Z`.
pub const RFC822Z: &str = "02 Jan 06 15:04 -0700";
/// `time.RFC850`.
pub const RFC850: &str = "Monday, 02-Jan-06 15:04:05 MST";
/// `time.RFC1123`.
pub const RFC1123: &str = "Mon, 02 Jan 2006 15:04:05 MST";
/// `time.RFC1123Z`.
pub const RFC1123Z: &str = "Mon, 02 Jan 2006 15:04:05 -0700";
/// `time.RFC3339`.
pub const RFC3339: &str = "2006-01-02T15:04:05Z07:00";
/// `time.RFC3339Nano`.
pub const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";
/// `time.Kitchen`.
pub const KITCHEN: &str = "3:04PM";
/// The layout of `Time.String`.
pub const STRING: &str = "2006-01-02 15:04:05.999999999 -0700 MST";

/// A zone without a database: UTC or a fixed offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Zone {
    Utc,
    /// Seconds east of UTC, and an abbreviation, which may be empty.
    Fixed {
        offset_s: i32,
        name: String,
    },
}

impl Zone {
    /// `time.LoadLocation` for the names that need no database: the empty name, `UTC`, `Local`
    /// (which is UTC here).
    pub fn load(name: &str) -> Result<Self, UnknownZone> {
        match name {
            "" | "UTC" | "Local" => Ok(Self::Utc),
            _ => Err(UnknownZone { name: name.to_owned() }),
        }
    }

    /// Seconds east of UTC.
    pub fn offset_s(&self) -> i32 {
        match self {
            Self::Utc => 0,
            Self::Fixed { offset_s, .. } => *offset_s,
        }
    }
}

/// Go's `unknown time zone Europe/Berlin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownZone {
    pub name: String,
}

impl fmt::Display for UnknownZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown time zone {}", self.name)
    }
}

impl std::error::Error for UnknownZone {}

/// An instant, and the zone in which it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Time {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub unix_s: i64,
    /// Nanoseconds after `unix_s`, below 10^9.
    pub ns: u32,
    pub zone: Zone,
}

const NS_PER_S: i64 = 1_000_000_000;

impl Time {
    /// `time.Unix(0, ns).UTC()`.
    pub fn from_unix_ns(unix_ns: i64) -> Self {
        let ns = u32::try_from(unix_ns.rem_euclid(NS_PER_S)).unwrap_or(0);
        Self { unix_s: unix_ns.div_euclid(NS_PER_S), ns, zone: Zone::Utc }
    }

    /// `Time.UnixNano`; `None` outside the years 1678 to 2262, where Go's result is undefined.
    pub fn unix_ns(&self) -> Option<i64> {
        let unix_ns = i128::from(self.unix_s) * i128::from(NS_PER_S) + i128::from(self.ns);
        i64::try_from(unix_ns).ok()
    }

    /// `Time.In`: the same instant in another zone.
    #[must_use]
    pub fn with_zone(self, zone: Zone) -> Self {
        Self { zone, ..self }
    }

    /// `Time.Format`.
    pub fn format(&self, layout: &str) -> String {
        format(self, layout)
    }

    /// Date and time of day in the time's own zone.
    pub fn civil(&self) -> Civil {
        Civil::from_unix_s(self.unix_s.saturating_add(i64::from(self.zone.offset_s())))
    }
}

#[cfg(test)]
mod tests;
