//! Things that people are told once an hour and sender, not once a request.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long one is not told the same again.
const PAUSE: Duration = Duration::from_secs(3600);

/// Most things remembered; with more, nobody is told until some are old.
const REMEMBERED_MAX: usize = 4096;

/// What was told, about whom, when.
#[derive(Debug, Default)]
pub struct Told {
    last: Mutex<HashMap<(&'static str, IpAddr), Instant>>,
}

impl Told {
    /// Whether `what` about `who` is to be told now.
    pub fn is_due(&self, what: &'static str, who: IpAddr) -> bool {
        let now = Instant::now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.get(&(what, who)).is_some_and(|at| now.duration_since(*at) < PAUSE) {
            return false;
        }
        if last.len() >= REMEMBERED_MAX {
            last.retain(|_, at| now.duration_since(*at) < PAUSE);
            if last.len() >= REMEMBERED_MAX {
                return false;
            }
        }
        last.insert((what, who), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_a_sender() {
        let told = Told::default();
        let (a, b) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        assert!(told.is_due("path", a));
        assert!(!told.is_due("path", a));
        assert!(told.is_due("path", b));
        assert!(told.is_due("tls", a));
    }
}
