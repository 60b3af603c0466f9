//! What a selector tells its source about the nodes above it.
//!
//! In: the hints above a node and the node. Out: the hints below it. The function is the nearest
//! function or aggregation with no binary operator between; the grouping is that of an aggregation
//! directly above. Sums of histograms suffice below `histogram_count` and its like, unless a
//! subquery, a trim or a function that needs buckets stands between.

use super::Above;
use crate::ast::{Aggregate, BinaryOp};
use crate::source::{Grouping, Values};

fn with<'a>(
    above: &Above<'a>,
    function: &'static str,
    grouping: Option<Grouping>,
    values: Values,
) -> Above<'a> {
    Above { function, grouping, values, parent: above.parent }
}

pub(super) fn below_subquery<'a>(above: &Above<'a>) -> Above<'a> {
    with(above, above.function, None, Values::All)
}

pub(super) fn below_binary<'a>(above: &Above<'a>, op: BinaryOp) -> Above<'a> {
    let is_trim = matches!(op, BinaryOp::TrimUpper | BinaryOp::TrimLower);
    with(above, "", None, if is_trim { Values::All } else { above.values })
}

pub(super) fn below_aggregate<'a>(above: &Above<'a>, aggregate: &Aggregate) -> Above<'a> {
    let grouping = Grouping {
        labels: aggregate.grouping.clone(),
        is_without: aggregate.is_without,
    };
    // Aggregations count or compare histograms only by their sums if what is above does.
    with(above, aggregate.op.as_str(), Some(grouping), above.values)
}

pub(super) fn below_param<'a>(above: &Above<'a>) -> Above<'a> {
    with(above, "", None, Values::All)
}

pub(super) fn below_call<'a>(above: &Above<'a>, name: &'static str) -> Above<'a> {
    let values = match name {
        "histogram_count" | "histogram_sum" | "histogram_avg" => Values::HistogramSums,
        "timestamp" | "start_timestamp" => Values::Times,
        "histogram_quantile" | "histogram_quantiles" | "histogram_fraction" => Values::All,
        // Everything else passes histograms on or ignores them.
        _ if above.values == Values::Times => Values::All,
        _ => above.values,
    };
    with(above, name, None, values)
}
