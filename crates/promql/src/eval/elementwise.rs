//! Functions that make one number of each number, and the small scalar functions.
//!
//! In: series. Out: the same series without their names. Histograms disappear, but for the functions
//! `histogram_*`, which take only them.

use super::operator::{Boxed, Operator, Scalar, collected};
use super::plan::CallPlan;
use super::series::{Float, Series, Uniqueness, without_name};
use super::steps::Steps;
use super::{Context, Error};
use crate::hist::FloatHistogram;
use crate::hist::quantile::variance;

/// Go's `math.Max`: NaN wins, unless the other one is +Inf.
pub(super) fn go_max(a: f64, b: f64) -> f64 {
    if a == f64::INFINITY || b == f64::INFINITY {
        f64::INFINITY
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

/// Go's `math.Min`: NaN wins, unless the other one is -Inf.
pub(super) fn go_min(a: f64, b: f64) -> f64 {
    if a == f64::NEG_INFINITY || b == f64::NEG_INFINITY {
        f64::NEG_INFINITY
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.min(b)
    }
}

/// What a function does with one sample.
enum Change {
    /// Of a number.
    Float(fn(f64) -> f64),
    /// Of a number, with scalar arguments; `None` drops it.
    WithScalars(Vec<Scalar>, fn(f64, &[f64]) -> Option<f64>),
    /// Of a histogram.
    Hist(fn(&FloatHistogram) -> f64),
    /// The time of the step in seconds, of either kind.
    StepTime(Steps),
}

/// The change that a function makes.
fn change<'c>(context: &'c Context<'c>, call: &'c CallPlan, steps: Steps) -> Result<Change, Error> {
    let scalars = || {
        let scalars = call.args.iter().skip(1).map(|arg| context.scalar(arg, steps));
        scalars.collect::<Result<Vec<_>, Error>>()
    };
    Ok(match call.function.name {
        "abs" => Change::Float(f64::abs),
        "acos" => Change::Float(f64::acos),
        "acosh" => Change::Float(f64::acosh),
        "asin" => Change::Float(f64::asin),
        "asinh" => Change::Float(f64::asinh),
        "atan" => Change::Float(f64::atan),
        "atanh" => Change::Float(f64::atanh),
        "ceil" => Change::Float(f64::ceil),
        "cos" => Change::Float(f64::cos),
        "cosh" => Change::Float(f64::cosh),
        "deg" => Change::Float(|value| value * 180.0 / std::f64::consts::PI),
        "exp" => Change::Float(f64::exp),
        "floor" => Change::Float(f64::floor),
        "ln" => Change::Float(f64::ln),
        "log10" => Change::Float(f64::log10),
        "log2" => Change::Float(f64::log2),
        "rad" => Change::Float(|value| value * std::f64::consts::PI / 180.0),
        "sgn" => Change::Float(|value| {
            if value < 0.0 {
                -1.0
            } else if value > 0.0 {
                1.0
            } else {
                value
            }
        }),
        "sin" => Change::Float(f64::sin),
        "sinh" => Change::Float(f64::sinh),
        "sqrt" => Change::Float(f64::sqrt),
        "tan" => Change::Float(f64::tan),
        "tanh" => Change::Float(f64::tanh),
        "clamp" => Change::WithScalars(scalars()?, |value, limits| match limits {
            [low, high] if high < low => None,
            [low, high] => Some(go_max(*low, go_min(*high, value))),
            _ => None,
        }),
        "clamp_max" => Change::WithScalars(scalars()?, |value, limits| {
            limits.first().map(|&high| go_max(f64::NEG_INFINITY, go_min(high, value)))
        }),
        "clamp_min" => Change::WithScalars(scalars()?, |value, limits| {
            limits.first().map(|&low| go_max(low, go_min(f64::INFINITY, value)))
        }),
        "round" => Change::WithScalars(scalars()?, |value, nearest| {
            // The inverse keeps more digits than a division.
            let inverse = 1.0 / nearest.first().copied().unwrap_or(1.0);
            Some((value * inverse + 0.5).floor() / inverse)
        }),
        "histogram_avg" => Change::Hist(|h| h.sum / h.count),
        "histogram_count" => Change::Hist(|h| h.count),
        "histogram_stddev" => Change::Hist(|h| variance(h).sqrt()),
        "histogram_stdvar" => Change::Hist(variance),
        "histogram_sum" => Change::Hist(|h| h.sum),
        name => return Err(Error::Execution(format!("unknown function {name}"))),
    })
}

struct Elementwise<'c> {
    context: &'c Context<'c>,
    child: Boxed<'c>,
    change: Change,
    unique: Uniqueness,
}

impl Operator for Elementwise<'_> {
    fn next(&mut self) -> Result<Option<Series>, Error> {
        while let Some(mut series) = self.child.next()? {
            self.change.apply(&mut series);
            if series.is_empty() {
                continue;
            }
            named_off(self.context, &mut series, &mut self.unique)?;
            return Ok(Some(series));
        }
        Ok(None)
    }
}

impl Change {
    fn apply(&self, series: &mut Series) {
        match self {
            Self::Float(function) => {
                for float in &mut series.floats {
                    float.value = function(float.value);
                }
            }
            Self::WithScalars(scalars, function) => {
                let mut at_step = Vec::with_capacity(scalars.len());
                series.floats.retain_mut(|float| {
                    at_step.clear();
                    at_step.extend(scalars.iter().map(|scalar| scalar.at(float.step as usize)));
                    match function(float.value, &at_step) {
                        Some(value) => {
                            float.value = value;
                            true
                        }
                        None => false,
                    }
                });
            }
            Self::Hist(function) => {
                let of = |hist: &super::series::Hist| Float { step: hist.step, value: function(&hist.value) };
                series.floats = series.hists.iter().map(of).collect();
            }
            Self::StepTime(steps) => {
                let all: Vec<u32> = series.points().map(|(step, _)| step as u32).collect();
                let at = |step: u32| Float { step, value: steps.time(step as usize) as f64 / 1000.0 };
                series.floats = all.into_iter().map(at).collect();
            }
        }
        series.hists.clear();
    }
}

/// Marks or removes the name of a result; without delayed removal series may become equal then.
pub(super) fn named_off(
    context: &Context<'_>,
    series: &mut Series,
    unique: &mut Uniqueness,
) -> Result<(), Error> {
    series.drop_name = true;
    if !context.options.delayed_name_removal {
        series.labels = without_name(&series.labels);
        unique.check(series, context.limits)?;
    }
    Ok(())
}

fn over<'c>(
    context: &'c Context<'c>,
    call: &'c CallPlan,
    steps: Steps,
    change: Change,
) -> Result<Boxed<'c>, Error> {
    let vector = call.args.first().ok_or_else(|| Error::execution("expected a vector"))?;
    let child = context.vector(vector, steps)?;
    Ok(Box::new(Elementwise { context, child, change, unique: Uniqueness::default() }))
}

/// Any function of this file over a vector.
pub(super) fn evaluate<'c>(
    context: &'c Context<'c>,
    call: &'c CallPlan,
    steps: Steps,
) -> Result<Boxed<'c>, Error> {
    let change = change(context, call, steps)?;
    over(context, call, steps, change)
}

/// `timestamp` of anything but a selector: the time of the evaluation. Nothing is known of starts.
pub(super) fn times<'c>(
    context: &'c Context<'c>,
    call: &'c CallPlan,
    steps: Steps,
    is_start: bool,
) -> Result<Boxed<'c>, Error> {
    if is_start {
        return Ok(collected(Vec::new()));
    }
    over(context, call, steps, Change::StepTime(steps))
}

/// `scalar(v)`: the value of the only float, or NaN.
pub(super) fn scalar(mut child: Boxed<'_>, steps: Steps) -> Result<Scalar, Error> {
    let mut found = vec![None; steps.count];
    while let Some(series) = child.next()? {
        for float in &series.floats {
            if let Some(slot) = found.get_mut(float.step as usize) {
                *slot = Some(if slot.is_none() { float.value } else { f64::NAN });
            }
        }
    }
    Ok(Scalar::Steps(found.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect()))
}

/// `vector(s)`: a series without labels.
pub(super) fn vector<'c>(
    context: &'c Context<'c>,
    call: &'c CallPlan,
    steps: Steps,
) -> Result<Boxed<'c>, Error> {
    let scalar = call.args.first().ok_or_else(|| Error::execution("expected a scalar"))?;
    let scalar = context.scalar(scalar, steps)?;
    context.limits.hold(steps.count)?;
    let floats = (0..steps.count).map(|step| Float { step: step as u32, value: scalar.at(step) }).collect();
    Ok(collected(vec![Series { floats, ..Series::default() }]))
}
