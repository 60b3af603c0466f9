//! What the server's own API, `/api/v1`, takes and gives, as plain types, and its description for machines.
//!
//! In: nothing. Out: the reply types that handlers fill, the terminal reads and the web UI is typed by, and [`openapi`]. It knows no
//! route, no engine and no other crate of ours, so that the pages can be built before a handler exists.
//!
//! In JSON an instant is a text of digits, nanoseconds since the Unix epoch, because a double does not hold it; lengths of time are whole
//! numbers of nanoseconds with `_ns` or `_nano` in the name; ids are lower-case hexadecimal digits. What is absent is null. Adding fields is free,
//! so readers ignore what they do not know; `docs/api.md` tells the rest.

pub mod check;
pub mod errors;
pub mod meta;
pub mod names;
pub mod openapi;
pub mod overview;
pub mod refusal;
pub mod services;
pub mod sql;
pub mod topology;
pub mod traces;
pub mod traffic;
