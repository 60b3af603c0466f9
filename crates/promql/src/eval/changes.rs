//! `changes` and `resets`: over floats and histograms in the order of time.

use super::Error;
use super::range::{RangeFunction, Surroundings, Window};
use super::rate::is_start_reset;
use super::read::HistSample;
use super::series::Point;
use crate::ast::Extension;

/// The function with this name.
pub(super) fn function(name: &str) -> Option<Box<dyn RangeFunction>> {
    match name {
        "changes" => Some(Box::new(Count { is_resets: false })),
        "resets" => Some(Box::new(Count { is_resets: true })),
        _ => None,
    }
}

struct Count {
    is_resets: bool,
}

/// A sample of either kind.
#[derive(Clone, Copy)]
struct Either<'w> {
    time_ms: i64,
    start_ms: i64,
    value: f64,
    hist: Option<&'w HistSample>,
}

impl RangeFunction for Count {
    fn value(
        &mut self,
        window: &Window<'_>,
        around: &Surroundings<'_>,
        _step: usize,
    ) -> Result<Option<Point>, Error> {
        let uses_starts = self.is_resets && around.context.options.use_start_timestamps;
        let floats = window.times.iter().zip(window.values).enumerate().map(|(at, (&time_ms, &value))| {
            Either { time_ms, start_ms: window.starts.get(at).copied().unwrap_or(0), value, hist: None }
        });
        let hists = window.hists.iter().map(|hist| Either {
            time_ms: hist.time_ms,
            start_ms: hist.start_ms,
            value: 0.0,
            hist: Some(hist),
        });
        let mut all: Vec<Either<'_>> = if window.hists.is_empty() {
            floats.collect()
        } else {
            let mut all: Vec<Either<'_>> = floats.chain(hists).collect();
            all.sort_by_key(|either| either.time_ms);
            all
        };
        if around.extension == Extension::Anchored {
            // The newest sample at or before the start is the base; nothing without one inside.
            let inside = all.partition_point(|either| either.time_ms <= window.from_ms);
            if inside == all.len() {
                return Ok(None);
            }
            all.drain(..inside.saturating_sub(1));
        }
        let count = all
            .windows(2)
            .filter(|pair| {
                if self.is_resets {
                    is_reset(&pair[0], &pair[1], uses_starts)
                } else {
                    is_change(&pair[0], &pair[1])
                }
            })
            .count();
        Ok(Some(Point::Float(count as f64)))
    }
}

fn is_change(before: &Either<'_>, now: &Either<'_>) -> bool {
    match (before.hist, now.hist) {
        (None, None) => now.value != before.value && !(now.value.is_nan() && before.value.is_nan()),
        (Some(before), Some(now)) => !now.value.is_same(&before.value),
        _ => true,
    }
}

fn is_reset(before: &Either<'_>, now: &Either<'_>, uses_starts: bool) -> bool {
    let has_new_start =
        uses_starts && is_start_reset((before.start_ms, before.time_ms), (now.start_ms, now.time_ms));
    match (before.hist, now.hist) {
        (None, None) => now.value < before.value || has_new_start,
        (Some(old), Some(new)) => has_new_start || new.value.is_reset_after(&old.value),
        _ => true,
    }
}
