//! Everything of the binary that tests reach: receiving, the APIs, configuration, and what ties them together.
//!
//! In: flags, a configuration file, sockets. Out: a running server. The path of a span through this crate is [`receive`]; the
//! way back to readers is [`api`]; [`wiring`] starts and stops, [`map`] is the service map, [`ui`] the web UI, [`selfmon`] counts, [`cli`] is the terminal.

pub mod api;
pub mod cli;
pub mod config;
pub mod map;
pub mod page;
pub mod receive;
pub mod selfmon;
pub mod shared;
pub mod ui;
pub mod wiring;
