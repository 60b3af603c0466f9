//! Which day a row belongs to.
//!
//! The day of the record's time if that lies within 7 days before and 1 day after its receipt, else the day of receipt: a
//! broken clock must not scatter rows over the calendar. Such rows go into files of their own, so that the times of the others
//! still prune.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use buffer::Part;
use model::schema::spans::Column;
use model::time::DAY_NS;
use model::{TenantId, TimeNs};

use crate::error::Error;

/// Where rows go: tenant, day since 1970-01-01, and whether their own time is off.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) tenant: TenantId,
    pub(crate) date_days: i32,
    pub(crate) off_clock: bool,
}

/// Day since 1970-01-01 of a row with this start and receipt, and whether its own time is off.
pub fn day_of(start: i64, received: i64) -> (i32, bool) {
    let near = start >= received.saturating_sub(7 * DAY_NS) && start <= received.saturating_add(DAY_NS);
    if near { (TimeNs(start).days(), false) } else { (TimeNs(received).days(), true) }
}

/// Splits parts by place; a part of one place is taken as it is.
pub(crate) fn split(parts: &[Arc<Part>]) -> Result<BTreeMap<Place, Vec<RecordBatch>>, Error> {
    let mut places: BTreeMap<Place, Vec<RecordBatch>> = BTreeMap::new();
    for part in parts {
        let long = |column: Column| part.batch.column(column.at()).as_primitive::<Int64Type>();
        let starts = long(Column::Start).values();
        let days: Vec<(i32, bool)> = starts
            .iter()
            .zip(long(Column::Received).values())
            .map(|(start, received)| day_of(*start, *received))
            .collect();
        let mut distinct = days.clone();
        distinct.sort_unstable();
        distinct.dedup();
        for day in &distinct {
            let rows = if distinct.len() == 1 {
                part.batch.clone()
            } else {
                let mask: BooleanArray = days.iter().map(|of| Some(of == day)).collect();
                filter_record_batch(&part.batch, &mask).map_err(segment::Error::from)?
            };
            let place = Place { tenant: part.tenant.clone(), date_days: day.0, off_clock: day.1 };
            places.entry(place).or_default().push(rows);
        }
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_does_not_choose_the_day() {
        let received = 20_000 * DAY_NS + 5;
        assert_eq!(day_of(received - 7 * DAY_NS, received), (19_993, false));
        assert_eq!(day_of(received - 7 * DAY_NS - 1, received), (20_000, true));
        assert_eq!(day_of(received + DAY_NS, received), (20_001, false));
        assert_eq!(day_of(i64::MAX, received), (20_000, true));
        assert_eq!(day_of(i64::MIN, i64::MIN), (TimeNs(i64::MIN).days(), false));
    }
}
