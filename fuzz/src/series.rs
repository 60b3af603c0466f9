//! Series for PromQL, written in the language of Prometheus' own test scripts: `x{a="b"} 1 2+3x4 _ {{sum:1}}`.

use model::{Histogram, Labels};
use promql::series::{SeriesValue, parse_series};
use promql::source::MemorySource;

/// Distance of the values of a line.
pub const STEP_MS: i64 = 15_000;

/// Most values of a line that are taken: a short text may ask for a million.
const VALUES_MAX: usize = 200;

/// Series with their values.
pub type Series = Vec<(Labels, Vec<SeriesValue>)>;

/// The lines that are series.
pub fn read(text: &str) -> Series {
    // Repetitions cost memory before they can be counted here.
    let is_modest = |line: &&str| line.len() < 400 && !has_long_number(line);
    text.lines().filter(is_modest).filter_map(|line| parse_series(line).ok()).take(20).collect()
}

fn has_long_number(line: &str) -> bool {
    line.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 3)
}

/// The same series, in chunks of so many samples.
pub fn source(series: &Series, chunk_samples: usize) -> MemorySource {
    let mut source = MemorySource::with_chunk_samples(chunk_samples);
    for (labels, values) in series {
        for (at, value) in values.iter().take(VALUES_MAX).enumerate() {
            let time_ms = at as i64 * STEP_MS;
            match value {
                SeriesValue::Omitted => {}
                SeriesValue::Float(value) => source.push_float(labels, time_ms, 0, *value),
                SeriesValue::Histogram(histogram, _) => {
                    source.push_histogram(labels, time_ms, Histogram::from(&**histogram));
                }
            }
        }
    }
    source
}
