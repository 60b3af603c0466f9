//! Keys that left, in two Bloom filters that take turns: whether what comes now may belong to something that is gone. It may
//! say yes wrongly (then a bucket is looked at in vain), and it forgets after a while, sooner under load.

/// How long a filter fills at most, seconds.
const TURN_SECONDS: i64 = 3600;

/// The filters.
#[derive(Debug)]
pub struct Forgotten {
    now: Vec<u64>,
    before: Vec<u64>,
    keys: usize,
    since: i64,
}

impl Forgotten {
    /// Filters of `bytes` together; at 10 bits a key about 1 % of wrong yeses.
    pub fn new(bytes: usize) -> Self {
        let words = (bytes / 16).next_power_of_two().max(64);
        Self { now: vec![0; words], before: vec![0; words], keys: 0, since: i64::MIN }
    }

    /// Takes a key in.
    pub fn insert(&mut self, key: u64, now_seconds: i64) {
        if self.keys == 0 {
            self.since = now_seconds;
        }
        let (word, bits) = self.place(key);
        self.now[word] |= bits;
        self.keys += 1;
        if self.keys * 10 > self.now.len() * 64 {
            self.turn();
        }
    }

    /// Turns when the filter has filled for long enough.
    pub fn advance(&mut self, now_seconds: i64) {
        if self.keys > 0 && now_seconds.saturating_sub(self.since) >= TURN_SECONDS {
            self.turn();
        }
    }

    /// Whether a key may have been taken in.
    pub fn may_hold(&self, key: u64) -> bool {
        let (word, bits) = self.place(key);
        self.now[word] & bits == bits || self.before[word] & bits == bits
    }

    fn turn(&mut self) {
        std::mem::swap(&mut self.now, &mut self.before);
        self.now.fill(0);
        self.keys = 0;
    }

    /// The key is a hash already: its upper half picks a word, four times six bits of the lower half bits of it.
    fn place(&self, key: u64) -> (usize, u64) {
        let word = (key >> 32) as usize & (self.now.len() - 1);
        let bits = (0..4).fold(0, |bits, n| bits | 1u64 << (key >> (6 * n) & 63));
        (word, bits)
    }
}
