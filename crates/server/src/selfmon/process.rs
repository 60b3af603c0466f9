//! What the operating system says of this process.

/// Resident memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProcessMemory {
    /// Bytes in memory now.
    pub resident_bytes: u64,
    /// The most there ever were.
    pub resident_peak_bytes: u64,
}

/// Reads `/proc/self/status`; zeros where there is none.
pub fn memory() -> ProcessMemory {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
    };
    ProcessMemory {
        resident_bytes: field("VmRSS:").unwrap_or(0),
        resident_peak_bytes: field("VmHWM:").unwrap_or(0),
    }
}

/// Seconds of processor time used, user and system together; zero where that cannot be known.
pub fn cpu_seconds() -> f64 {
    // Fields 14 and 15 of `stat`, counted after the name in parentheses, in ticks of which Linux has 100 a second.
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks: u64 =
        after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

/// Lets this process have as many open files as it is allowed to; each connection is one.
pub fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    if let Err(error) = raised {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}
