//! The binaries of tests and benches: built as `make build` does, then called by themselves.
//!
//! In: what to build. Out: where each binary lies and in which folder it runs. Cargo unites the features of all that is
//! built at once, so `cargo test -p ONE` or `cargo bench` would compile the large dependencies anew with others. Here
//! it is always `cargo test --workspace`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A built test or bench.
#[derive(Debug, PartialEq, Eq)]
pub struct Binary {
    /// Name of the crate's folder and of the target.
    pub krate: String,
    pub target: String,
    /// `test` or `bench`; Cargo has further ones.
    pub kind: String,
    pub path: PathBuf,
    /// The crate's folder, in which Cargo would run it.
    pub folder: PathBuf,
}

impl Binary {
    /// A call of it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder);
        command
    }
}

/// Builds all tests, or with `--benches` all benches, and lists their binaries by name.
pub fn build(which: &[&str]) -> Result<Vec<Binary>, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let built = Command::new(cargo)
        .args(["test", "--workspace", "--locked", "--no-run", "--quiet", "--message-format=json-render-diagnostics"])
        .args(which)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    if !built.status.success() {
        return Err("the build failed".to_owned());
    }
    let text = String::from_utf8_lossy(&built.stdout);
    let mut binaries: Vec<Binary> = text.lines().filter_map(binary).collect();
    binaries.sort_by(|a, b| (&a.krate, &a.target).cmp(&(&b.krate, &b.target)));
    Ok(binaries)
}

/// The binary of one of Cargo's messages.
fn binary(message: &str) -> Option<Binary> {
    let message: Value = serde_json::from_str(message).ok()?;
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?;
    Some(Binary {
        krate: folder.file_name()?.to_str()?.to_owned(),
        target: message["target"]["name"].as_str()?.to_owned(),
        kind: message["target"]["kind"][0].as_str()?.to_owned(),
        path: message["executable"].as_str()?.into(),
        folder: folder.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read() {
        let found = binary(
            r#"{"reason":"compiler-artifact","manifest_path":"/w/crates/logql/Cargo.toml",
                "target":{"kind":["test"],"name":"conformance"},"executable":"/t/debug/deps/conformance-1"}"#,
        );
        let found = found.expect("a binary");
        assert_eq!((found.krate.as_str(), found.target.as_str(), found.kind.as_str()), ("logql", "conformance", "test"));
        assert_eq!(found.folder, Path::new("/w/crates/logql"));
        assert_eq!(binary(r#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(binary(r#"{"manifest_path":"/w/a/Cargo.toml","target":{"kind":["lib"],"name":"a"},"executable":null}"#), None);
    }
}
