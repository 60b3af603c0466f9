//! Recognises a request that was sent before: the same bytes, tenant and signal within the retry window.
//!
//! A request that failed frees its hash; a retry of a request still on its way waits for that one's outcome.

use std::collections::{HashMap, VecDeque};

use tokio::sync::oneshot;
use wal::RetryHash;

#[derive(Debug)]
enum Entry {
    /// On its way; those who wait learn whether it was acknowledged.
    OnItsWay(Vec<oneshot::Sender<bool>>),
    /// Acknowledged at this time, nanoseconds since the epoch.
    Acknowledged(i64),
}

/// What is known of a request.
#[derive(Debug)]
pub(crate) enum Known {
    /// Nothing: it is on its way from now on.
    New,
    /// It was acknowledged before.
    Duplicate,
    /// It is on its way; the receiver learns whether it was acknowledged.
    Wait(oneshot::Receiver<bool>),
}

/// The hashes of the last minutes.
#[derive(Debug, Default)]
pub(crate) struct Retries {
    entries: HashMap<u128, Entry>,
    order: VecDeque<RetryHash>,
}

impl Retries {
    /// Looks a request up and enters it if it is new.
    pub(crate) fn begin(&mut self, hash: u128) -> Known {
        match self.entries.get_mut(&hash) {
            None => {
                self.entries.insert(hash, Entry::OnItsWay(Vec::new()));
                Known::New
            }
            Some(Entry::Acknowledged(_)) => Known::Duplicate,
            Some(Entry::OnItsWay(waiting)) => {
                let (sender, receiver) = oneshot::channel();
                waiting.push(sender);
                Known::Wait(receiver)
            }
        }
    }

    /// Notes that the request is durable.
    pub(crate) fn acknowledge(&mut self, hash: u128, now_unix_nano: i64) {
        let before = self.entries.insert(hash, Entry::Acknowledged(now_unix_nano));
        self.order.push_back(RetryHash { hash, acknowledged_unix_nano: now_unix_nano });
        if let Some(Entry::OnItsWay(waiting)) = before {
            waiting.into_iter().for_each(|sender| drop(sender.send(true)));
        }
    }

    /// Frees the hash of a request that was not acknowledged.
    pub(crate) fn fail(&mut self, hash: u128) {
        if let Some(Entry::OnItsWay(waiting)) = self.entries.remove(&hash) {
            waiting.into_iter().for_each(|sender| drop(sender.send(false)));
        }
    }

    /// Forgets what was acknowledged before `horizon`, and anything from the future of a clock that was set back.
    pub(crate) fn forget_before(&mut self, horizon_unix_nano: i64) {
        while let Some(oldest) = self.order.front() {
            if oldest.acknowledged_unix_nano >= horizon_unix_nano {
                return;
            }
            // A hash acknowledged again later stays under its later time.
            if let Some(Entry::Acknowledged(at)) = self.entries.get(&oldest.hash)
                && *at <= oldest.acknowledged_unix_nano
            {
                self.entries.remove(&oldest.hash);
            }
            self.order.pop_front();
        }
    }

    /// What each new file of the log begins with.
    pub(crate) fn list(&self) -> Vec<RetryHash> {
        self.order.iter().copied().collect()
    }

    /// Takes over what the log remembered.
    pub(crate) fn restore(&mut self, hashes: &[RetryHash]) {
        for known in hashes {
            self.acknowledge(known.hash, known.acknowledged_unix_nano);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_request_frees_its_hash_and_an_old_one_is_forgotten() {
        let mut retries = Retries::default();
        assert!(matches!(retries.begin(1), Known::New));
        let Known::Wait(mut waiting) = retries.begin(1) else { panic!("it is on its way") };
        retries.fail(1);
        assert_eq!(waiting.try_recv(), Ok(false));
        assert!(matches!(retries.begin(1), Known::New));
        retries.acknowledge(1, 100);
        assert!(matches!(retries.begin(1), Known::Duplicate));
        retries.forget_before(101);
        assert!(matches!(retries.begin(1), Known::New));
        assert!(retries.list().is_empty());
    }
}
