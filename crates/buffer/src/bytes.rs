//! What a batch holds in memory, counting each shared block once.

use arrow::array::{Array, RecordBatch};
use hashbrown::HashSet;

/// Bytes of all buffers that the batch keeps alive. A block that several columns or rows share, such as the
/// request's body, counts once.
pub fn batch_bytes(batch: &RecordBatch) -> u64 {
    let mut seen = HashSet::new();
    let mut total = 0u64;
    for column in batch.columns() {
        let data = column.to_data();
        for buffer in data.buffers() {
            if seen.insert(buffer.data_ptr()) {
                total += buffer.capacity().max(buffer.len()) as u64;
            }
        }
        if let Some(nulls) = data.nulls() {
            total += nulls.buffer().len() as u64;
        }
    }
    total
}
