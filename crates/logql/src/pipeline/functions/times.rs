//! Functions of times. Local time is UTC; other zones are not known.

use stdx::go::template::{CallError, Value};
use stdx::go::time::{Time, Zone, parse};

use super::{Called, Context, text, texts};

/// Calls a function of this family; `None` if it is none.
pub(super) fn call<'v>(name: &str, args: &[Value<'v>], context: &Context<'_>) -> Option<Called<'v>> {
    Some(match name {
        "now" if args.is_empty() => Ok(Value::Time(Time::from_unix_ns(context.now_ns))),
        "now" => Err(CallError::arity(name, "0", args.len())),
        "date" => match args {
            [layout, date] => (|| Ok(Value::string(instant(date, context).format(text(layout)?))))(),
            _ => Err(CallError::arity(name, "2", args.len())),
        },
        "toDate" => texts::<2>(name, args).map(|[layout, date]| Value::Time(read(layout, date))),
        // Zones by name need a database that is not there; better an error than a wrong time.
        "toDateInZone" => texts::<3>(name, args).and_then(|[layout, zone, date]| {
            Zone::load(zone).map_err(|error| CallError::Failed(error.to_string()))?;
            Ok(Value::Time(read(layout, date)))
        }),
        "unixEpoch" => time(name, args).map(|time| Value::string(time.unix_s.to_string())),
        "unixEpochMillis" => time(name, args).map(|time| {
            let millis = time.unix_s.wrapping_mul(1_000).wrapping_add(i64::from(time.ns / 1_000_000));
            Value::string(millis.to_string())
        }),
        "unixEpochNanos" => time(name, args).map(|time| {
            let ns = time.unix_s.wrapping_mul(1_000_000_000).wrapping_add(i64::from(time.ns));
            Value::string(ns.to_string())
        }),
        "unixToTime" => texts::<1>(name, args).and_then(|[epoch]| from_epoch(epoch)),
        _ => return None,
    })
}

/// `time.Parse`; a text that cannot be read gives the zero time.
fn read(layout: &str, date: &str) -> Time {
    // Year 1, January 1st, 00:00:00 UTC.
    let zero = Time { unix_s: -62_135_596_800, ns: 0, zone: Zone::Utc };
    parse(layout, date).unwrap_or(zero)
}

/// The time of `date`'s argument: a time, or seconds; anything else is now.
fn instant(value: &Value<'_>, context: &Context<'_>) -> Time {
    match value {
        Value::Time(time) => time.clone(),
        Value::Int(seconds) => Time { unix_s: *seconds, ns: 0, zone: Zone::Utc },
        _ => Time::from_unix_ns(context.now_ns),
    }
}

fn time<'s>(name: &str, args: &'s [Value<'_>]) -> Result<&'s Time, CallError> {
    match args {
        [Value::Time(time)] => Ok(time),
        [other] => Err(super::mismatch("time.Time", other)),
        _ => Err(CallError::arity(name, "1", args.len())),
    }
}

/// Days, seconds, milliseconds, microseconds or nanoseconds, told apart by the number of digits.
fn from_epoch<'v>(epoch: &str) -> Called<'v> {
    let failed = |message: String| CallError::Failed(message);
    let number: i64 = stdx::go::number::parse_int(epoch, 10, 64)
        .map_err(|error| failed(format!("unable to parse time '{epoch}': {error}")))?;
    let unit_ns = match epoch.len() {
        5 => 86_400_000_000_000,
        10 => 1_000_000_000,
        13 => 1_000_000,
        16 => 1_000,
        19 => 1,
        _ => {
            let message = format!("unable to parse time '{epoch}': timestamp not supported");
            return Err(failed(message));
        }
    };
    Ok(Value::Time(Time::from_unix_ns(number.saturating_mul(unit_ns))))
}
