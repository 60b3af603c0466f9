//! The tables of the map: names, resolutions, buckets. Each has the partition columns `tenant` and `date`, the UTC day of
//! the bucket (for `entities` and `peers` the day of `last_seen`).

/// Length of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// Ten seconds, what the stream writes.
    TenSeconds,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A UTC day.
    Day,
}

impl Resolution {
    /// Finest first.
    pub const ALL: [Self; 4] = [Self::TenSeconds, Self::Minute, Self::Hour, Self::Day];

    /// Length of a bucket in nanoseconds.
    pub const fn bucket_ns(self) -> i64 {
        self.seconds() * 1_000_000_000
    }

    /// Length of a bucket in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::TenSeconds => 10,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// The suffix of its tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TenSeconds => "10s",
            Self::Minute => "1m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    /// Table of edges.
    pub const fn edges_table(self) -> &'static str {
        match self {
            Self::TenSeconds => "edges_10s",
            Self::Minute => "edges_1m",
            Self::Hour => "edges_1h",
            Self::Day => "edges_1d",
        }
    }

    /// Table of operations.
    pub const fn operations_table(self) -> &'static str {
        match self {
            Self::TenSeconds => "operations_10s",
            Self::Minute => "operations_1m",
            Self::Hour => "operations_1h",
            Self::Day => "operations_1d",
        }
    }

    /// The resolution that is merged into this one.
    pub const fn finer(self) -> Option<Self> {
        match self {
            Self::TenSeconds => None,
            Self::Minute => Some(Self::TenSeconds),
            Self::Hour => Some(Self::Minute),
            Self::Day => Some(Self::Hour),
        }
    }
}

/// Table of entities.
pub const ENTITIES: &str = "entities";
/// Table of peers.
pub const PEERS: &str = "peers";

/// Start of the bucket that holds `at_ns`, both in nanoseconds since the epoch.
pub const fn bucket_of(at_ns: i64, resolution: Resolution) -> i64 {
    let length = resolution.bucket_ns();
    // The first instant that an i64 can name lies inside a bucket whose start it cannot.
    match at_ns.div_euclid(length).checked_mul(length) {
        Some(start) => start,
        None => (at_ns.div_euclid(length) + 1) * length,
    }
}
