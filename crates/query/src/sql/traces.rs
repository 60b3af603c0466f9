//! The view `traces`: each trace once, whatever rounds its spans came in.
//!
//! In: parts of traces, one a trace and round. Out: one row a trace. Rounds drop spans that an earlier file holds before they make
//! parts, so the parts of the tables add up exactly. The buffer's parts are made as a round would make them now: copies of
//! stored spans are left out first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_datafusion_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use model::schema::spans::Column;
use model::{TenantId, TraceId};
use serde::Deserialize;

use super::{SqlError, wanted::Wanted};
use crate::engine::View;
use crate::fetch;

/// The view over `trace_parts`.
pub(crate) const VIEW: &str = "\
SELECT min(tenant) AS tenant, min(date) AS date, trace_id, \
min(start_time_unix_nano) AS start_time_unix_nano, max(end_time_unix_nano) AS end_time_unix_nano, \
max(end_time_unix_nano) - min(start_time_unix_nano) AS duration_nano, \
sum(span_count) AS span_count, sum(error_count) AS error_count, \
min(root_start_time_unix_nano) AS root_start_time_unix_nano, \
first_value(root_service ORDER BY root_start_time_unix_nano NULLS LAST, root_service NULLS FIRST, root_name) AS root_service, \
first_value(root_name ORDER BY root_start_time_unix_nano NULLS LAST, root_service NULLS FIRST, root_name) AS root_name, \
merge_services(services) AS services, \
max(received_time_unix_nano) AS received_time_unix_nano, count(*) AS parts \
FROM trace_parts GROUP BY trace_id";

/// Parts of the traces in the buffer, as a round would write them.
pub(crate) async fn buffer_parts(
    view: &View,
    tenant: &TenantId,
    wanted: &Wanted,
) -> Result<Option<RecordBatch>> {
    let mut batches = Vec::new();
    let mut ids: BTreeSet<TraceId> = BTreeSet::new();
    for part in view.snapshot.parts_of(tenant) {
        let batch = match &wanted.traces {
            Some(wanted) => take_rows(&part.batch, wanted.iter().flat_map(|id| part.rows_of(*id)).collect())?,
            None => part.batch.clone(),
        };
        let column = batch.column(Column::TraceId.at()).as_binary_view();
        ids.extend(column.iter().flatten().filter_map(TraceId::from_slice));
        batches.push(batch);
    }
    if ids.is_empty() {
        return Ok(None);
    }
    let mut stored = view.clone();
    stored.snapshot.parts.clear();
    let ids: Vec<TraceId> = ids.into_iter().collect();
    let known = fetch::rows(&stored, tenant, &ids, None).await.map_err(|error| {
        let own = SqlError { kind: error.kind, message: error.message, remedy: "" };
        DataFusionError::External(Box::new(own))
    })?;
    let made = tokio::task::spawn_blocking(move || {
        let order = segment::SpanOrder::without(&batches, &known)?;
        segment::trace_parts(&batches, &order)
    });
    let made = made.await.map_err(|error| DataFusionError::External(Box::new(error)))?;
    Ok(Some(made.map_err(|error| DataFusionError::External(Box::new(error)))?))
}

/// These rows, in the order of the batch.
pub(crate) fn take_rows(batch: &RecordBatch, mut rows: Vec<usize>) -> Result<RecordBatch> {
    rows.sort_unstable();
    let rows = UInt64Array::from_iter_values(rows.into_iter().map(|row| row as u64));
    Ok(take_record_batch(batch, &rows)?)
}

/// The aggregate `merge_services(services)`.
pub(crate) fn merge_services() -> AggregateUDF {
    AggregateUDF::from(MergeServices {
        signature: Signature::exact(vec![DataType::Utf8View], Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct MergeServices {
    signature: Signature,
}

impl AggregateUDFImpl for MergeServices {
    fn name(&self) -> &str {
        "merge_services"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::<Services>::default())
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[services]", args.name), DataType::Utf8View, true))])
    }
}

/// Counts of one service in `traces.services`.
#[derive(Debug, Deserialize)]
struct Entry {
    service: Option<String>,
    spans: i64,
    errors: i64,
}

/// The first list as it is, and sums once a second one comes.
#[derive(Debug, Default)]
struct Services {
    only: Option<String>,
    sums: BTreeMap<Option<String>, (i64, i64)>,
}

impl Services {
    fn add(&mut self, list: &str) -> Result<()> {
        if self.only.is_none() && self.sums.is_empty() {
            self.only = Some(list.to_owned());
            return Ok(());
        }
        if let Some(first) = self.only.take() {
            self.sum(&first)?;
        }
        self.sum(list)
    }

    fn sum(&mut self, list: &str) -> Result<()> {
        let entries: Vec<Entry> = serde_json::from_str(list)
            .map_err(|error| exec_datafusion_err!("services of a trace: {error}"))?;
        for entry in entries {
            let sums = self.sums.entry(entry.service).or_default();
            *sums = (sums.0.saturating_add(entry.spans), sums.1.saturating_add(entry.errors));
        }
        Ok(())
    }

    fn list(&self) -> Option<String> {
        if self.only.is_some() || self.sums.is_empty() {
            return self.only.clone();
        }
        let mut out = b"[".to_vec();
        for (at, (service, (spans, errors))) in self.sums.iter().enumerate() {
            out.extend_from_slice(if at > 0 { b",{\"service\":" } else { b"{\"service\":" });
            match service {
                Some(name) => model::attr_json::write::push_str(&mut out, name),
                None => out.extend_from_slice(b"null"),
            }
            out.extend_from_slice(format!(",\"spans\":{spans},\"errors\":{errors}}}").as_bytes());
        }
        out.push(b']');
        String::from_utf8(out).ok()
    }
}

impl Accumulator for Services {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(lists) = values.first() else { return Ok(()) };
        let lists = lists.as_string_view();
        (0..lists.len()).filter(|row| !lists.is_null(*row)).try_for_each(|row| self.add(lists.value(row)))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Utf8View(self.list()))
    }

    fn size(&self) -> usize {
        let sums = self.sums.keys().map(|name| 64 + name.as_ref().map_or(0, String::len));
        size_of_val(self) + self.only.as_ref().map_or(0, String::len) + sums.sum::<usize>()
    }
}
