//! What the fuzz targets share: seeds, limits, and small data made of text.
//!
//! In: bytes from libFuzzer. Out: queries with data for the evaluators, files for the readers. Inputs are text
//! wherever that is possible, so that a found input can be read and a seed can be written by hand. The targets
//! themselves are one file each in `targets/`.

pub mod entries;
pub mod index_file;
pub mod log_file;
pub mod seeds;
pub mod series;
pub mod spans;

/// Bytes that an evaluation may hold by its own count; libFuzzer watches what it really holds.
pub const MEMORY_BYTES_MAX: usize = 16 << 20;

/// The first line, and everything behind it: a query and its data.
pub fn query_and_data(input: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(input).ok()?.split_once('\n')
}

/// True once that much time has passed since the call; for evaluators, which have to ask for it often enough.
pub fn alarm(after: std::time::Duration) -> impl Fn() -> bool {
    let start = std::time::Instant::now();
    move || start.elapsed() > after
}
