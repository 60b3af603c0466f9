//! The own API, `/api/v1/...`.

pub mod stages;
