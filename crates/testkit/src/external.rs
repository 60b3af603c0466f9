//! Folders outside the repository that tests may use when they are there.
//!
//! `THROUGHLINE_ORACLES`, `THROUGHLINE_CORPUS` and `THROUGHLINE_GOLDENS` name them; there is no default.
//! Without one the test says loudly what was not run; with `THROUGHLINE_REQUIRE_EXTERNAL=1` that is a
//! failure.

use std::path::PathBuf;

/// One of the outside folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// Cases with expected results from other projects.
    Oracles,
    /// Telemetry recorded from real SDKs.
    Corpus,
    /// Answers of real servers.
    Goldens,
}

impl Folder {
    /// The environment variable that names it.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Oracles => "THROUGHLINE_ORACLES",
            Self::Corpus => "THROUGHLINE_CORPUS",
            Self::Goldens => "THROUGHLINE_GOLDENS",
        }
    }
}

/// The path of `below` in `folder`; `None`, after saying so, when it is not there and need not be.
///
/// # Panics
/// When the folder is required and not there.
pub fn find(folder: Folder, below: &str) -> Option<PathBuf> {
    let required = std::env::var("THROUGHLINE_REQUIRE_EXTERNAL").is_ok_and(|value| value == "1");
    let Some(root) = std::env::var_os(folder.variable()) else {
        assert!(!required, "{} is unset, but THROUGHLINE_REQUIRE_EXTERNAL=1", folder.variable());
        eprintln!("NOT RUN: {below}: {} is unset", folder.variable());
        return None;
    };
    let path = PathBuf::from(root).join(below);
    if !path.exists() {
        // A folder with a part of the cases gives their score; only an unset folder is a failure.
        eprintln!("NOT RUN: {below}: absent in {}", folder.variable());
        return None;
    }
    Some(path)
}
