//! Computed families as OpenMetrics text with timestamps, so that any Prometheus can backfill them.
//!
//! In: increments of a range. Out: cumulative samples, family by family, series by series in the order of
//! time, `# EOF` at the end. Each counter is zero one step before the range.
//! Source: OpenMetrics 1.0, and what `promtool tsdb create-blocks-from openmetrics` takes.

use std::collections::BTreeMap;

use model::Labels;

use crate::series::{FAMILIES, Family, FamilyKind, Increments, SeriesFacts, SeriesOptions, compute};

/// Most samples of one text; more are refused, never cut.
pub const SAMPLES_MAX: usize = 20_000_000;

/// A text that would be too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManySamples {
    /// How many there would be.
    pub samples: usize,
}

/// The families that `wanted` takes, as text.
pub fn openmetrics(
    facts: &SeriesFacts<'_>,
    options: &SeriesOptions,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<String, TooManySamples> {
    let increments = compute(facts, options, wanted);
    let samples = (increments.series.len() + increments.gauges.len()).saturating_mul(facts.steps() + 2);
    if samples > SAMPLES_MAX {
        return Err(TooManySamples { samples });
    }
    let mut text = String::new();
    for family in &FAMILIES {
        let series = series_of(family, &increments);
        if series.is_empty() {
            continue;
        }
        let word = match family.kind {
            FamilyKind::Counter => "counter",
            FamilyKind::Histogram => "histogram",
            FamilyKind::Gauge => "gauge",
        };
        text += &format!("# HELP {} {}\n# TYPE {} {word}\n", family.name, family.help, family.name);
        if !family.unit.is_empty() {
            text += &format!("# UNIT {} {}\n", family.name, family.unit);
        }
        for (labels, list) in series {
            write(&mut text, labels, list, facts);
        }
    }
    text += "# EOF\n";
    Ok(text)
}

type SeriesOf<'i> = Vec<(&'i Labels, Option<&'i [(u32, f64)]>)>;

/// The series of a family; those of one histogram stand together, buckets by bound, then count and sum.
fn series_of<'i>(family: &Family, increments: &'i Increments) -> SeriesOf<'i> {
    let is_ours = |labels: &Labels| {
        let name = labels.get("__name__").unwrap_or_default();
        name.strip_prefix(family.name).is_some_and(|suffix| match family.kind {
            FamilyKind::Counter => suffix == "_total",
            FamilyKind::Histogram => matches!(suffix, "_bucket" | "_count" | "_sum"),
            FamilyKind::Gauge => suffix.is_empty(),
        })
    };
    let mut groups = BTreeMap::<(Labels, u8, u64), (&Labels, Option<&[(u32, f64)]>)>::new();
    let counters = increments.series.iter().map(|(labels, list)| (labels, Some(list.as_slice())));
    let gauges = increments.gauges.iter().map(|labels| (labels, None));
    for (labels, list) in counters.chain(gauges).filter(|(labels, _)| is_ours(labels)) {
        let group = labels.filtered(|name| !matches!(name, "__name__" | "le"));
        let name = labels.get("__name__").unwrap_or_default();
        let part = if name.ends_with("_bucket") {
            0
        } else if name.ends_with("_count") {
            1
        } else {
            2
        };
        let bound = labels.get("le").and_then(|le| le.parse::<f64>().ok()).unwrap_or(f64::INFINITY);
        groups.insert((group, part, bound.to_bits()), (labels, list));
    }
    groups.into_values().collect()
}

fn write(text: &mut String, labels: &Labels, increments: Option<&[(u32, f64)]>, facts: &SeriesFacts<'_>) {
    let mut head = labels.get("__name__").unwrap_or_default().to_owned();
    let pairs = labels
        .iter()
        .filter(|(name, _)| *name != "__name__")
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect::<Vec<_>>();
    if !pairs.is_empty() {
        head += &format!("{{{}}}", pairs.join(","));
    }
    let mut sum = if increments.is_some() { 0.0 } else { 1.0 };
    let mut rest = increments.unwrap_or_default().iter().peekable();
    for at in 0..facts.steps() + 2 {
        while let Some((_, value)) = rest.next_if(|(step, _)| *step as usize + 2 <= at) {
            sum += value;
        }
        let time_ns = facts.from_ns + (at as i64 - 1) * facts.step_ns;
        *text += &format!("{head} {sum} {}\n", seconds(time_ns));
    }
}

/// Seconds since the epoch, without a fraction when there is none.
fn seconds(time_ns: i64) -> String {
    let (whole, nanos) = (time_ns.div_euclid(1_000_000_000), time_ns.rem_euclid(1_000_000_000));
    if nanos == 0 { whole.to_string() } else { format!("{whole}.{:03}", nanos / 1_000_000) }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
