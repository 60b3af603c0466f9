//! What a selector tells its source about the nodes above it.
//!
//! In: the hints above a node and the node. Out: the hints below it. The function is the nearest
//! function or aggregation with no binary operator between; the grouping is that of an aggregation
//! directly above. Sums of histograms suffice below `histogram_count` and its like, unless a
//! subquery, a trim or a function that needs buckets stands between.

use super::Above;
use crate::ast::{Aggregate, BinaryOp};
use crate::source::{Grouping, Values};

const fn with(function: &'static str, grouping: Option<Grouping>, values: Values) -> Above {
    Above { function, grouping, values }
}

pub(super) fn below_subquery(above: &Above) -> Above {
    with(above.function, None, Values::All)
}

pub(super) fn below_binary(above: &Above, op: BinaryOp) -> Above {
    let is_trim = matches!(op, BinaryOp::TrimUpper | BinaryOp::TrimLower);
    with("", None, if is_trim { Values::All } else { above.values })
}

pub(super) fn below_aggregate(above: &Above, aggregate: &Aggregate) -> Above {
    let grouping = Grouping { labels: aggregate.grouping.clone(), is_without: aggregate.is_without };
    // Aggregations count or compare histograms only by their sums if what is above does.
    with(aggregate.op.as_str(), Some(grouping), above.values)
}

pub(super) fn below_param() -> Above {
    with("", None, Values::All)
}

pub(super) fn below_call(above: &Above, name: &'static str) -> Above {
    let values = match name {
        "histogram_count" | "histogram_sum" | "histogram_avg" => Values::HistogramSums,
        "timestamp" | "start_timestamp" => Values::Times,
        "histogram_quantile" | "histogram_quantiles" | "histogram_fraction" => Values::All,
        // Everything else passes histograms on or ignores them.
        _ if above.values == Values::Times => Values::All,
        _ => above.values,
    };
    with(name, None, values)
}
