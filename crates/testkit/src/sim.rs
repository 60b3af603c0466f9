//! A machine that fails on purpose, the same way for the same seed.
//!
//! [`FaultyDir`] is a [`stdx::Dir`] in memory that cuts the power, fills up, answers with errors and forgets
//! what was not synced. Time is not its matter: a test jumps the clock with [`stdx::ManualClock`].

mod disk;
mod faulty_dir;
mod rng;

pub use disk::Faults;
pub use faulty_dir::{FaultyDir, SyncHook};
pub use rng::Rng;
