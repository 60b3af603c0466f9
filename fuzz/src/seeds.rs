//! First inputs of a target.
//!
//! In: the target's own list. Out: files in the folder that `THROUGHLINE_FUZZ_SEEDS` names, which libFuzzer reads
//! next. Seeds are made when a target starts, because those of binary formats are written by the product's own
//! writers; without the variable nothing happens.

use std::path::Path;

/// Writes one file a seed.
pub fn plant<S: AsRef<[u8]>>(seeds: impl IntoIterator<Item = S>) {
    let Some(folder) = std::env::var_os("THROUGHLINE_FUZZ_SEEDS") else { return };
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder).expect("the folder for seeds");
    for (number, seed) in seeds.into_iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number:03}")), seed).expect("a seed");
    }
}

/// The lines of a text without empty ones and comments (`## `).
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("## "))
}

/// Pieces of a text between empty lines, without comment lines.
pub fn pieces(text: &str) -> impl Iterator<Item = String> {
    let piece = |piece: &str| lines(piece).collect::<Vec<_>>().join("\n");
    text.split("\n\n").map(piece).filter(|piece| !piece.is_empty())
}
