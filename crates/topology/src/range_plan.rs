//! Which rows answer for a range: few, and each instant by one resolution.
//!
//! In: a range and what each resolution holds. Out: parts of the range with their resolution, and the
//! range that they cover. Not here: reading.
//!
//! The inside of a range is read from the coarsest rows that fit, its ends from finer ones. When that
//! would be more than 150 rows an edge, the start is moved back to a minute, an hour or a day, then the
//! end forward likewise; the reply tells the range that was really summed.

use crate::rollup::{Resolution, bucket_of};

/// Most rows that one edge costs, as long as there are not more days than that.
pub const ROWS_MAX: i64 = 150;

/// What a resolution holds: everything from `from_ns` on and before `until_ns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// The resolution.
    pub resolution: Resolution,
    /// Nanoseconds since the epoch; older buckets have expired.
    pub from_ns: i64,
    /// Nanoseconds since the epoch; newer buckets are not summed up yet.
    pub until_ns: i64,
}

/// A part of a range, ends included and excluded as usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanPart {
    /// Whose rows to read.
    pub resolution: Resolution,
    /// First bucket, nanoseconds since the epoch.
    pub from_ns: i64,
    /// End, not included.
    pub to_ns: i64,
}

impl PlanPart {
    /// Buckets of the part.
    pub const fn rows(&self) -> i64 {
        (self.to_ns - self.from_ns) / self.resolution.bucket_ns()
    }
}

/// The parts of a range in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The parts, one after the other without gaps.
    pub parts: Vec<PlanPart>,
}

impl Plan {
    /// Start of what is summed.
    pub fn from_ns(&self) -> Option<i64> {
        self.parts.first().map(|part| part.from_ns)
    }

    /// End of what is summed.
    pub fn to_ns(&self) -> Option<i64> {
        self.parts.last().map(|part| part.to_ns)
    }

    /// Rows that one edge costs at most.
    pub fn rows(&self) -> i64 {
        self.parts.iter().map(PlanPart::rows).sum()
    }

    /// The resolutions, coarsest first, in nanoseconds, for `meta`.
    pub fn resolutions_ns(&self) -> Vec<i64> {
        let mut lengths = self.parts.iter().map(|part| part.resolution.bucket_ns()).collect::<Vec<_>>();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths.dedup();
        lengths
    }

    /// A statement that sums calls and errors of pairs and halves over exactly these rows.
    pub fn sql(&self) -> String {
        let parts = self
            .parts
            .iter()
            .map(|part| {
                format!(
                    "SELECT kind, layer, class, src, peer, dst, calls, errors FROM {} WHERE bucket_unix_nano >= {} AND bucket_unix_nano < {}",
                    part.resolution.edges_table(),
                    part.from_ns,
                    part.to_ns
                )
            })
            .collect::<Vec<_>>();
        if parts.is_empty() {
            return String::new();
        }
        format!(
            "SELECT kind, layer, class, src, peer, dst, sum(calls) AS calls, sum(errors) AS errors FROM ({}) GROUP BY kind, layer, class, src, peer, dst",
            parts.join(" UNION ALL ")
        )
    }
}

/// Plans the range from `from_ns` up to `to_ns`, both in nanoseconds since the epoch.
pub fn plan(from_ns: i64, to_ns: i64, holdings: &[Holding]) -> Plan {
    if from_ns >= to_ns {
        return Plan::default();
    }
    use Resolution::{Day, Hour, Minute, TenSeconds};
    let ends = [
        (TenSeconds, TenSeconds),
        (Minute, TenSeconds),
        (Hour, TenSeconds),
        (Hour, Minute),
        (Hour, Hour),
        (Day, TenSeconds),
        (Day, Minute),
        (Day, Hour),
        (Day, Day),
    ];
    let mut best = Plan::default();
    for (first, last) in ends {
        let start = bucket_of(from_ns, first);
        let end = ceiling(to_ns, last);
        let mut parts = Vec::new();
        if !fill(start, end, Day, holdings, &mut parts) {
            continue;
        }
        let plan = Plan { parts };
        let is_better = best.parts.is_empty() || plan.rows() < best.rows();
        if plan.rows() <= ROWS_MAX {
            return plan;
        }
        if is_better {
            best = plan;
        }
    }
    if best.parts.is_empty() {
        // Nothing holds all of it: what the finest holds is all there is to sum.
        let (start, end) = (bucket_of(from_ns, TenSeconds), ceiling(to_ns, TenSeconds));
        let held = holdings.iter().filter(|holding| holding.resolution == TenSeconds);
        for holding in held {
            let (start, end) = (start.max(ceiling(holding.from_ns, TenSeconds)), end.min(holding.until_ns));
            if start < end {
                best.parts.push(PlanPart { resolution: TenSeconds, from_ns: start, to_ns: end });
            }
        }
    }
    best
}

/// Fills `[start, end)` from a resolution downwards; false if some of it is held by none.
fn fill(
    start: i64,
    end: i64,
    resolution: Resolution,
    holdings: &[Holding],
    parts: &mut Vec<PlanPart>,
) -> bool {
    if start >= end {
        return true;
    }
    let holding = holdings.iter().find(|holding| holding.resolution == resolution);
    let inner = holding.map(|holding| {
        let first = ceiling(start.max(holding.from_ns), resolution);
        let last = bucket_of(end.min(holding.until_ns), resolution);
        (first, last)
    });
    match (inner.filter(|(first, last)| first < last), resolution.finer()) {
        (Some((first, last)), Some(finer)) => {
            if !fill(start, first, finer, holdings, parts) {
                return false;
            }
            parts.push(PlanPart { resolution, from_ns: first, to_ns: last });
            fill(last, end, finer, holdings, parts)
        }
        (Some((first, last)), None) => {
            if first > start || last < end {
                return false;
            }
            parts.push(PlanPart { resolution, from_ns: first, to_ns: last });
            true
        }
        (None, Some(finer)) => fill(start, end, finer, holdings, parts),
        (None, None) => false,
    }
}

/// The first bucket's start that is not before an instant.
fn ceiling(at_ns: i64, resolution: Resolution) -> i64 {
    let start = bucket_of(at_ns, resolution);
    if start == at_ns { at_ns } else { start.saturating_add(resolution.bucket_ns()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000_000;
    const DAY: i64 = 86_400;

    /// Holdings as they are at an instant: two days, thirty days, 400 days, for ever; coarser rows lag behind.
    fn holdings(now: i64) -> [Holding; 4] {
        let held = |resolution: Resolution, days: i64, lag: i64| Holding {
            resolution,
            from_ns: if days == 0 { i64::MIN } else { bucket_of((now - days * DAY) * SECOND, resolution) },
            until_ns: if lag == 0 { i64::MAX } else { bucket_of((now - lag) * SECOND, resolution) },
        };
        [
            held(Resolution::TenSeconds, 2, 0),
            held(Resolution::Minute, 30, 30),
            held(Resolution::Hour, 400, 600),
            held(Resolution::Day, 0, 3_600),
        ]
    }

    fn show(from: i64, to: i64, now: i64) -> String {
        let plan = plan(from * SECOND, to * SECOND, &holdings(now));
        let parts = plan
            .parts
            .iter()
            .map(|part| format!("{}x{}", part.rows(), part.resolution.as_str()))
            .collect::<Vec<_>>();
        format!("{} = {}", parts.join(" "), plan.rows())
    }

    #[test]
    fn ranges_of_every_length() {
        // A quarter past some hour, seven seconds in.
        let now = 1_795_554_000 + 4 * 3_600 + 15 * 60 + 7;
        let shown = [60, 900, 3_600, 6 * 3_600, DAY, 3 * DAY, 30 * DAY, 90 * DAY]
            .map(|length| format!("{length}: {}\n", show(now - length, now, now)))
            .concat();
        expect_test::expect![[r#"
            60: 7x10s = 7
            900: 14x1m 7x10s = 21
            3600: 59x1m 7x10s = 66
            21600: 45x1m 5x1h 14x1m 7x10s = 71
            86400: 45x1m 23x1h 14x1m 7x10s = 89
            259200: 45x1m 22x1h 2x1d 1x1h 14x1m 7x10s = 91
            2592000: 45x1m 22x1h 29x1d 1x1h 14x1m 7x10s = 118
            7776000: 23x1h 89x1d 1x1h 14x1m 7x10s = 134
        "#]]
        .assert_eq(&shown);
    }

    proptest! {
        #[test]
        fn parts_follow_each_other_and_cover_the_range(back in 1i64..100 * DAY, length in 1i64..40 * DAY) {
            let now = 1_795_554_321;
            let (from, to) = (now - back, (now - back + length).min(now));
            let plan = plan(from * SECOND, to * SECOND, &holdings(now));
            prop_assert!(plan.rows() <= ROWS_MAX, "{}", plan.rows());
            prop_assert!(plan.from_ns().is_some_and(|start| start <= from * SECOND));
            prop_assert!(plan.to_ns().is_some_and(|end| end >= to * SECOND));
            for pair in plan.parts.windows(2) {
                prop_assert_eq!(pair[0].to_ns, pair[1].from_ns);
            }
            for part in &plan.parts {
                prop_assert_eq!(bucket_of(part.from_ns, part.resolution), part.from_ns);
                prop_assert_eq!(bucket_of(part.to_ns, part.resolution), part.to_ns);
            }
        }
    }
}
