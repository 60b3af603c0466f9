//! Takes the built web UI into the binary: every file of `ui/dist` with its compressed copies.
//!
//! In: `ui/dist`, if somebody ran `make ui`. Out: the table that `src/ui.rs` includes; an empty one without it, and then the plain page
//! of `src/page.rs` stands in, so that the server builds without Node.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    collect(&dist, &mut files);
    files.sort();
    let mut table = String::from("&[\n");
    for file in &files {
        let Ok(below) = file.strip_prefix(&dist) else { continue };
        let path = below.to_string_lossy().replace('\\', "/");
        if path.ends_with(".br") || path.ends_with(".gz") {
            continue;
        }
        let bytes = |file: &Path| format!("include_bytes!({:?})", file.display().to_string());
        let packed = |ending: &str| {
            let packed = PathBuf::from(format!("{}.{ending}", file.display()));
            if packed.exists() { format!("Some({})", bytes(&packed)) } else { "None".to_owned() }
        };
        let (brotli, gzip) = (packed("br"), packed("gz"));
        let plain = bytes(file);
        let written =
            writeln!(table, "Asset {{ path: {path:?}, plain: {plain}, brotli: {brotli}, gzip: {gzip} }},");
        written.unwrap_or_else(|error| panic!("the table of the web UI: {error}"));
    }
    table.push(']');
    let out = std::env::var("OUT_DIR").unwrap_or_else(|error| panic!("cargo sets OUT_DIR: {error}"));
    std::fs::write(Path::new(&out).join("ui.rs"), table).unwrap_or_else(|error| panic!("{out}: {error}"));
}

/// Every file below a folder; none when the folder is not there.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
