//! `ExportTraceServiceRequest` in protobuf to rows of the table `spans`. In: the decompressed body. Out:
//! a batch whose views point into it. Two passes: an outline of resources and scopes, then every span
//! once; no allocation a span. Source: OTLP's `trace.proto`, `common.proto`, `resource.proto`, 1.x.

mod any_value;
mod columns;
mod fold;
mod json;
mod keys;
mod layout;
mod spans;

use arrow::array::RecordBatch;
use bytes::Bytes;
use model::TimeNs;

use crate::error::{Malformed, Place};
use crate::{Limits, SpanBatch};
use layout::Layout;
use spans::Rows;

/// Body and text at which no offset of a view can reach 4 GiB: text grows at most sixfold by escapes.
const BODY_BYTES_CEILING: usize = 256 << 20;
const TEXT_BYTES_CEILING: usize = 1 << 30;

/// Reads the spans of a request received at `received`.
///
/// Errors name the first byte that no message can have there; then nothing was taken. A span with bad ids,
/// too deep or too large is left out alone and told in `rejected`.
pub fn traces(body: Bytes, received: TimeNs, limits: &Limits) -> Result<SpanBatch, Malformed> {
    let bytes_max = limits.body_bytes_max.min(BODY_BYTES_CEILING);
    if body.len() > bytes_max {
        let expected = format!("a body of at most {bytes_max} bytes").into();
        return Err(Malformed { place: Place::Byte(bytes_max), expected });
    }
    let layout = Layout::of(&body, limits.items_max)?;
    for repair in [false, true] {
        let mut rows = Rows::new(&body, &layout, limits, repair);
        rows.read(&layout, received)?;
        // Text that is not UTF-8 is rare: it costs a second walk, in which every text is checked.
        let Ok((count, done)) = rows.finish(body.clone()) else { continue };
        let batch = RecordBatch::try_new(model::schema::spans::schema(), done.columns);
        debug_assert!(batch.is_ok(), "the columns are those of the schema");
        let Ok(batch) = batch else { continue };
        debug_assert_eq!(batch.num_rows(), count);
        return Ok(SpanBatch {
            batch,
            rejected: done.rejected,
            repaired_texts: done.repaired_texts,
            unknown_fields: done.unknown_fields + layout.unknown_fields,
            spans_received: layout.spans.len() as u64 + layout.spans_beyond,
        });
    }
    Err(Malformed { place: Place::Byte(0), expected: "texts that can be made UTF-8".into() })
}
