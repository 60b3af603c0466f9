//! The real binary as a process: what hurts servers, weaker durability, full disks, readers beside everything that moves.

#[allow(dead_code, reason = "each test uses a part")]
#[path = "../support/connection.rs"]
mod connection;
mod crowds;
mod disk;
mod durability;
mod garbage;
#[allow(dead_code, reason = "each test uses a part")]
#[path = "../support/process.rs"]
mod process;
mod readers;
#[path = "../support/requests.rs"]
mod requests;
mod steady;
