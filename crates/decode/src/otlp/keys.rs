//! Keys to well-known columns: a table without collisions on length, first and last eight bytes.

use std::sync::LazyLock;

use model::schema::well_known::{Level, WELL_KNOWN};

const SLOT_BITS: u32 = 10;
const SLOTS: usize = 1 << SLOT_BITS;

/// Where a key folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// Position in `WELL_KNOWN`.
    pub position: u8,
    /// Whether it is the old spelling.
    pub old: bool,
}

/// The keys of one level.
pub(crate) struct Keys {
    multiplier: u64,
    /// One more than a position in `entries`, zero for none.
    slots: [u8; SLOTS],
    entries: Vec<(&'static [u8], Known)>,
}

impl Keys {
    /// The table of a level.
    pub fn of(level: Level) -> &'static Self {
        static RESOURCE: LazyLock<Keys> = LazyLock::new(|| Keys::build(Level::Resource));
        static SPAN: LazyLock<Keys> = LazyLock::new(|| Keys::build(Level::Span));
        match level {
            Level::Resource => &RESOURCE,
            Level::Span => &SPAN,
        }
    }

    fn build(level: Level) -> Self {
        let mut entries = Vec::new();
        for (at, column) in WELL_KNOWN.iter().enumerate().filter(|(_, column)| column.level == level) {
            let position = at as u8;
            entries.push((column.key.as_bytes(), Known { position, old: false }));
            if let Some(old) = column.old_key {
                entries.push((old.as_bytes(), Known { position, old: true }));
            }
        }
        assert!(entries.len() < 256 && WELL_KNOWN.len() <= 64, "positions fit a byte and a bit mask");
        let mut multiplier = 0x9e37_79b9_7f4a_7c15u64;
        // A multiplier is tried until no two keys meet; with 60 keys in 1024 slots one in six does.
        'search: loop {
            let mut slots = [0; SLOTS];
            for (at, (key, _)) in entries.iter().enumerate() {
                let slot = &mut slots[slot_of(key, multiplier)];
                if *slot != 0 {
                    multiplier =
                        multiplier.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814e)
                            | 1;
                    continue 'search;
                }
                *slot = at as u8 + 1;
            }
            return Self { multiplier, slots, entries };
        }
    }

    /// Where `key` folds.
    #[inline(always)]
    pub fn find(&self, key: &[u8]) -> Option<Known> {
        let slot = self.slots[slot_of(key, self.multiplier)];
        let (known, entry) = self.entries.get(usize::from(slot).wrapping_sub(1))?;
        (*known == key).then_some(*entry)
    }
}

#[inline(always)]
fn slot_of(key: &[u8], multiplier: u64) -> usize {
    let (first, last) = match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (key.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
    };
    let mixed = (first ^ last.rotate_left(29) ^ key.len() as u64).wrapping_mul(multiplier);
    (mixed ^ mixed >> 32).wrapping_mul(multiplier) as usize >> (usize::BITS - SLOT_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::schema::well_known::column_of;

    #[test]
    fn finds_what_the_list_says() {
        let odd = ["", "a", "http.", "http.methoe", "service.nam", "service.name2", "한국어"];
        let all = WELL_KNOWN.iter().flat_map(|column| [Some(column.key), column.old_key]).flatten();
        for key in all.chain(odd) {
            for level in [Level::Resource, Level::Span] {
                let found = Keys::of(level).find(key.as_bytes());
                let found = found.map(|known| (usize::from(known.position), known.old));
                assert_eq!(found, column_of(level, key), "{key}");
            }
        }
    }
}
