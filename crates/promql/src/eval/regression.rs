//! `deriv`, `predict_linear`, `double_exponential_smoothing`: lines through the floats of a window.

use stdx::go::number::{FloatFormat, format_float};

use super::Error;
use super::range::{RangeFunction, Surroundings, Window};
use super::series::Point;
use crate::hist::kahan::kahan;

/// The function with this name.
pub(super) fn function(name: &str) -> Option<Box<dyn RangeFunction>> {
    match name {
        "deriv" => Some(Box::new(Deriv)),
        "predict_linear" => Some(Box::new(PredictLinear)),
        "double_exponential_smoothing" => Some(Box::new(Smoothing)),
        _ => None,
    }
}

/// At least two floats; notes that histograms are ignored if there is any float.
fn has_line(window: &Window<'_>, around: &Surroundings<'_>) -> bool {
    if !window.values.is_empty() && !window.hists.is_empty() {
        around.note(|notes, span, metric| notes.ignored_in_range(span, metric));
    }
    window.values.len() >= 2
}

/// Slope and intercept of the least squares, with times counted from `origin_ms`.
fn line(times: &[i64], values: &[f64], origin_ms: i64) -> (f64, f64) {
    let first = values.first().copied().unwrap_or(f64::NAN);
    if values.iter().all(|&value| value == first) {
        return if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) };
    }
    let (mut x_sum, mut x_rest, mut y_sum, mut y_rest) = (0.0, 0.0, 0.0, 0.0);
    let (mut xy_sum, mut xy_rest, mut xx_sum, mut xx_rest) = (0.0, 0.0, 0.0, 0.0);
    for (&time, &y) in times.iter().zip(values) {
        let x = time.saturating_sub(origin_ms) as f64 / 1e3;
        (x_sum, x_rest) = kahan(x, x_sum, x_rest);
        (y_sum, y_rest) = kahan(y, y_sum, y_rest);
        (xy_sum, xy_rest) = kahan(x * y, xy_sum, xy_rest);
        (xx_sum, xx_rest) = kahan(x * x, xx_sum, xx_rest);
    }
    let n = values.len() as f64;
    let (x, y, xy, xx) = (x_sum + x_rest, y_sum + y_rest, xy_sum + xy_rest, xx_sum + xx_rest);
    let slope = (xy - x * y / n) / (xx - x * x / n);
    (slope, y / n - slope * x / n)
}

struct Deriv;

impl RangeFunction for Deriv {
    fn value(
        &mut self,
        window: &Window<'_>,
        around: &Surroundings<'_>,
        _step: usize,
    ) -> Result<Option<Point>, Error> {
        if !has_line(window, around) {
            return Ok(None);
        }
        // A near origin keeps the digits.
        let origin = window.times.first().copied().unwrap_or(0);
        Ok(Some(Point::Float(line(window.times, window.values, origin).0)))
    }
}

struct PredictLinear;

impl RangeFunction for PredictLinear {
    fn value(
        &mut self,
        window: &Window<'_>,
        around: &Surroundings<'_>,
        step: usize,
    ) -> Result<Option<Point>, Error> {
        if !has_line(window, around) {
            return Ok(None);
        }
        let (slope, intercept) = line(window.times, window.values, window.step_ms);
        Ok(Some(Point::Float(slope * around.scalar(0, step) + intercept)))
    }
}

struct Smoothing;

impl RangeFunction for Smoothing {
    fn value(
        &mut self,
        window: &Window<'_>,
        around: &Surroundings<'_>,
        step: usize,
    ) -> Result<Option<Point>, Error> {
        let (smoothing, trend) = (around.scalar(0, step), around.scalar(1, step));
        for (factor, name, letters) in [(smoothing, "smoothing", "sf"), (trend, "trend", "tf")] {
            // NaN passes, as it does in Prometheus.
            if factor <= 0.0 || factor >= 1.0 {
                let shown = format_float(factor, FloatFormat::Fixed, Some(6));
                return Err(Error::Execution(format!(
                    "invalid {name} factor. Expected: 0 < {letters} < 1, got: {shown}"
                )));
            }
        }
        if !has_line(window, around) {
            return Ok(None);
        }
        let (first, second) = (window.values[0], window.values[1]);
        let (mut before, mut level, mut slope) = (0.0, first, second - first);
        for (at, &value) in window.values.iter().enumerate().skip(1) {
            if at > 1 {
                slope = trend * (level - before) + (1.0 - trend) * slope;
            }
            let next = smoothing * value + (1.0 - smoothing) * (level + slope);
            (before, level) = (level, next);
        }
        Ok(Some(Point::Float(level)))
    }
}
