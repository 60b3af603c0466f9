//! The kinds of failure that the outside world can tell apart.
//!
//! Each crate's error says its [`Kind`]; `server` alone turns a kind into an HTTP status or a gRPC
//! code, and each dialect renders its own body.

/// What sort of failure an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The caller's input is wrong; the same call fails again.
    InvalidInput,
    /// The thing asked for does not exist.
    NotFound,
    /// The caller may not do this.
    Unauthorized,
    /// A named limit was hit.
    LimitExceeded,
    /// Too much work at present; the caller should come again later.
    Overloaded,
    /// A resource such as the disk fails or is full; nothing was accepted.
    Unavailable,
    /// The caller went away.
    Cancelled,
    /// Stored data contradict themselves.
    Corrupt,
    /// The capability does not exist in this version.
    Unsupported,
    /// A defect of ours.
    Internal,
}
