//! The terminal: one module a command that asks a server or the folder of a stopped one.

pub mod client;
pub mod draw;
pub mod offline;
mod print;
pub mod services;
pub mod sql;
pub mod trace;
pub mod traces;
