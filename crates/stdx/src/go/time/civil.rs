//! The proleptic Gregorian calendar, without zones.
//!
//! In: seconds or days since 1970-01-01. Out: the civil date, and back. The year is taken to begin
//! in March, so that the leap day is its last day and the months before have fixed lengths; 400
//! years are always 146,097 days. No leap seconds, as in Unix time.

const DAY_S: i64 = 86_400;
const ERA_DAYS: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;

/// A date and time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Astronomical: 0 is 1 BC.
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    /// 0 is Sunday.
    pub weekday: u32,
    /// 1 to 366.
    pub day_of_year: u32,
}

impl Civil {
    /// The civil time at an offset of zero.
    pub fn from_unix_s(unix_s: i64) -> Self {
        let days = unix_s.div_euclid(DAY_S);
        let second_of_day = small(unix_s.rem_euclid(DAY_S));
        let since_march = days + EPOCH_DAYS;
        let era = since_march.div_euclid(ERA_DAYS);
        let day_of_era = since_march.rem_euclid(ERA_DAYS);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let march_day = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * march_day + 2) / 153;
        let day = small(march_day - (153 * march_month + 2) / 5 + 1);
        let month = small(if march_month < 10 { march_month + 3 } else { march_month - 9 });
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self {
            year,
            month,
            day,
            hour: second_of_day / 3_600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
            // 1970-01-01 was a Thursday.
            weekday: small((days + 4).rem_euclid(7)),
            day_of_year: small(days - days_from_civil(year, 1, 1) + 1),
        }
    }
}

/// Values that the arithmetic bounds by a day's seconds.
fn small(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

/// Days from 1970-01-01 to the date. The month is 1 to 12; the day may lie outside its month. Years
/// beyond a hundred thousand million, which no `i64` of seconds reaches, are clamped.
pub fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    const YEAR_MAX: i64 = 300_000_000_000;
    let month = i64::from(month.clamp(1, 12));
    let year = year.clamp(-YEAR_MAX, YEAR_MAX) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = (month + 9) % 12;
    let march_day = (153 * march_month + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + march_day;
    era * ERA_DAYS + day_of_era - EPOCH_DAYS
}

/// The length of a month, 1 to 12.
pub fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}
