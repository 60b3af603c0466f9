//! `hour`, `day_of_week` and their like: parts of a UTC date.
//!
//! In: seconds since the epoch, cut to whole ones; without an argument the time of the step.

use stdx::go::time::{Civil, days_in_month};

use super::elementwise::named_off;
use super::operator::{Boxed, Operator, collected};
use super::plan::CallPlan;
use super::series::{Float, Series, Uniqueness};
use super::steps::Steps;
use super::{Context, Error};

/// The part of a date with this name, from seconds.
fn part(name: &str) -> Option<fn(i64) -> f64> {
    Some(match name {
        "day_of_month" => |s| f64::from(Civil::from_unix_s(s).day),
        "day_of_week" => |s| f64::from(Civil::from_unix_s(s).weekday),
        "day_of_year" => |s| f64::from(Civil::from_unix_s(s).day_of_year),
        "days_in_month" => |s| {
            let civil = Civil::from_unix_s(s);
            f64::from(days_in_month(civil.year, civil.month))
        },
        "hour" => |s| s.rem_euclid(86_400).div_euclid(3_600) as f64,
        "minute" => |s| s.rem_euclid(3_600).div_euclid(60) as f64,
        "month" => |s| f64::from(Civil::from_unix_s(s).month),
        "year" => |s| Civil::from_unix_s(s).year as f64,
        _ => return None,
    })
}

/// Whether a function is one of this file.
pub(super) fn is_date_function(name: &str) -> bool {
    part(name).is_some()
}

struct Date<'c> {
    context: &'c Context<'c>,
    child: Boxed<'c>,
    part: fn(i64) -> f64,
    unique: Uniqueness,
}

impl Operator for Date<'_> {
    fn next(&mut self) -> Result<Option<Series>, Error> {
        while let Some(mut series) = self.child.next()? {
            series.hists.clear();
            if series.floats.is_empty() {
                continue;
            }
            for float in &mut series.floats {
                // The cast cuts, and saturates where Go's result is undefined.
                float.value = (self.part)(float.value as i64);
            }
            named_off(self.context, &mut series, &mut self.unique)?;
            return Ok(Some(series));
        }
        Ok(None)
    }
}

/// Evaluates a date function.
pub(super) fn evaluate<'c>(
    context: &'c Context<'c>,
    call: &'c CallPlan,
    steps: Steps,
) -> Result<Boxed<'c>, Error> {
    let part = part(call.function.name).ok_or_else(|| Error::execution("unknown function"))?;
    if let Some(vector) = call.args.first() {
        let child = context.vector(vector, steps)?;
        return Ok(Box::new(Date { context, child, part, unique: Uniqueness::default() }));
    }
    context.limits.hold(steps.count)?;
    let floats = steps.iter().map(|(step, ms)| Float { step: step as u32, value: part(ms / 1000) }).collect();
    Ok(collected(vec![Series { floats, ..Series::default() }]))
}
