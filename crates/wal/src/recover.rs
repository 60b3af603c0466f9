//! Opens a folder after a stop or a crash: which records count, what is torn, what is damaged.
//!
//! In: the files of a [`Dir`]. Out: a list of [`LogFile`]s, in order, each with the range in which its
//! records stand, and an account of everything that is not a record. Three rules decide:
//! - Bytes behind the last whole record of the last file are a torn tail: nobody was promised them.
//! - A record above what a later file's header calls the last one is void (see [`crate::file_header`]).
//! - Everything else that is no record is damage, and so is a missing number.
//!
//! It changes nothing; [`crate::write`] cuts and copies by its account.

use std::collections::HashMap;
use std::sync::Arc;

use stdx::Dir;

use crate::file_header::{FILE_HEADER_BYTES, FileHeader, FileName, Head};
use crate::scan::{Scan, Step};
use crate::{Error, RetryHash};

/// What was found when the log was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// How many files there are.
    pub files: usize,
    /// The first record's number; [`Recovered::next_sequence`] when there is none.
    pub first_sequence: u64,
    /// The number that the next record will have.
    pub next_sequence: u64,
    /// How many records there are.
    pub records: u64,
    /// Requests whose retry must be recognised, oldest file first: the newest whole list and every record
    /// from that file on.
    pub retry_hashes: Vec<RetryHash>,
    /// Bytes behind the last record that a crash left and nobody was promised.
    pub torn_bytes: u64,
    /// Damage, in the order of the log.
    pub quarantined: Vec<Quarantined>,
}

/// One damaged range of the log. Its records are gone; those behind it are replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The file's name.
    pub file: String,
    /// Where the damage begins, in bytes.
    pub offset: u64,
    /// How long it is; zero when records are missing without a trace.
    pub bytes: u64,
    /// What is wrong.
    pub why: String,
    /// The copy below the log's folder; `None` when the log was opened read-only, when there are no bytes or
    /// when copying failed, which `why` then tells.
    pub copied_to: Option<String>,
}

/// One file of the log.
#[derive(Debug, Clone)]
pub struct LogFile {
    pub name: String,
    pub salt: u64,
    /// Whether the header with its list is whole.
    pub whole_head: bool,
    pub list_complete: bool,
    /// The number before the first record, when the header tells.
    pub before_first: Option<u64>,
    /// Where records stand.
    pub records: std::ops::Range<u64>,
    /// The file's length in bytes.
    pub len: u64,
    /// The greatest number that counts at the end of this file, or of an earlier one when it has none.
    pub last: u64,
    /// How many records it has.
    pub count: u64,
    /// Ranges that are known to be damaged.
    pub damage: Vec<std::ops::Range<u64>>,
}

/// The files, and the account of them.
#[derive(Debug, Default)]
pub struct Survey {
    pub files: Vec<LogFile>,
    pub recovered: Recovered,
    /// Files at the end without a whole header and without a record: their creation was cut short.
    pub unfinished: Vec<String>,
    /// The greatest file number in the folder.
    pub last_number: u64,
    /// The greatest number of a record that counts, found or told by a header.
    pub last_sequence: u64,
    /// The greatest number that was found or reported as missing; `None` while that is unknown.
    seen: Option<u64>,
}

/// What stands behind a file's last record.
struct Tail {
    damage: Option<Quarantined>,
    /// Whether records between the file before and this one are missing, or may be.
    missed_before: bool,
}

struct Found {
    name: FileName,
    header: Option<FileHeader>,
    list: Option<Vec<RetryHash>>,
    len: u64,
}

/// Reads the whole folder.
pub fn survey(dir: &Arc<dyn Dir>) -> Result<Survey, Error> {
    let mut survey = Survey::default();
    let found = heads(dir)?;
    survey.last_number = found.last().map_or(0, |file| file.name.number);
    // What a header calls the last number holds for every file before it.
    let mut bounds = vec![u64::MAX; found.len()];
    let mut bound = u64::MAX;
    for (slot, file) in bounds.iter_mut().zip(&found).rev() {
        *slot = bound;
        bound = bound.min(file.header.map_or(u64::MAX, |header| header.previous_last));
    }
    let list_from = found
        .iter()
        .rposition(|file| file.list.is_some() && file.header.is_some_and(|h| h.list_complete))
        .unwrap_or(0);

    let mut hashes: HashMap<u128, i64> = HashMap::new();
    let mut order: Vec<u128> = Vec::new();
    let mut keep = |retry: RetryHash| {
        let newest = hashes.entry(retry.hash).or_insert_with(|| {
            order.push(retry.hash);
            retry.acknowledged_unix_nano
        });
        *newest = retry.acknowledged_unix_nano.max(*newest);
    };
    let mut tails: Vec<Tail> = Vec::new();
    for (at, (file, bound)) in found.iter().zip(&bounds).enumerate() {
        if at >= list_from {
            file.list.iter().flatten().copied().for_each(&mut keep);
        }
        let tail = survey.read_file(dir, file, *bound, |retry| {
            if at >= list_from {
                keep(retry);
            }
        })?;
        tails.push(tail);
    }
    survey.sort_out_tails(tails);
    let next_of_headers =
        found.iter().filter_map(|file| file.header).map(|header| header.first_sequence).max().unwrap_or(1);
    let recovered = &mut survey.recovered;
    recovered.files = survey.files.len();
    recovered.next_sequence = next_of_headers.max(survey.last_sequence.saturating_add(1));
    if recovered.records == 0 {
        recovered.first_sequence = recovered.next_sequence;
    }
    recovered.retry_hashes = order
        .into_iter()
        .filter_map(|hash| {
            let acknowledged_unix_nano = *hashes.get(&hash)?;
            Some(RetryHash { hash, acknowledged_unix_nano })
        })
        .collect();
    Ok(survey)
}

fn heads(dir: &Arc<dyn Dir>) -> Result<Vec<Found>, Error> {
    let folder = dir.display();
    let listed = dir.list().map_err(|source| Error::io("list", &folder, source))?;
    let mut names: Vec<FileName> = listed.iter().filter_map(|name| FileName::parse(name)).collect();
    names.sort_unstable();
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let file = name.to_string();
        let failed = |source| Error::io("read", &file, source);
        let len = dir.len(&file).map_err(failed)?;
        let bytes = dir.read_at(&file, 0, FILE_HEADER_BYTES).map_err(failed)?;
        let mut header = match FileHeader::decode(&file, &bytes)? {
            Head::Whole(header) => Some(header),
            Head::Damaged => None,
        };
        // A list that reaches beyond the file is a header whose end was never written.
        header = header.filter(|header| header.records_offset() <= len);
        let list = match &header {
            Some(header) => {
                let at = FILE_HEADER_BYTES as u64;
                let bytes = dir.read_at(&file, at, header.list_bytes()).map_err(failed)?;
                header.decode_list(&bytes)
            }
            None => None,
        };
        found.push(Found { name, header, list, len });
    }
    Ok(found)
}

impl Survey {
    /// Walks one file and adds it.
    fn read_file(
        &mut self,
        dir: &Arc<dyn Dir>,
        found: &Found,
        bound: u64,
        mut keep: impl FnMut(RetryHash),
    ) -> Result<Tail, Error> {
        let name = found.name.to_string();
        let damaged = |offset: u64, bytes: u64, why: &str| Quarantined {
            file: name.clone(),
            offset,
            bytes,
            why: why.to_owned(),
            copied_to: None,
        };
        let mut missed_before = found.header.is_none() || self.seen.is_none();
        if let Some(header) = found.header {
            missed_before |= self.account(&name, header.previous_last);
            self.seen = self.seen.max(Some(header.first_sequence - 1));
            self.last_sequence = self.last_sequence.max(header.previous_last);
            if found.list.is_none() {
                let (offset, bytes) = (FILE_HEADER_BYTES as u64, header.list_bytes() as u64);
                let why = "the checksum of the retry hashes fails";
                self.recovered.quarantined.push(damaged(offset, bytes, why));
            }
        }
        let start = found.header.map_or(0, |header| header.records_offset());
        let salt = found.header.map_or(found.name.salt, |header| header.salt);
        let before_first = found.header.map(|header| header.first_sequence - 1);
        let mut file = LogFile {
            name: name.clone(),
            salt,
            whole_head: found.header.is_some() && found.list.is_some(),
            list_complete: found.list.is_some() && found.header.is_some_and(|h| h.list_complete),
            before_first,
            records: start..start,
            len: found.len,
            last: self.last_sequence,
            count: 0,
            damage: Vec::new(),
        };
        let mut scan = Scan::new(dir.clone(), name.clone(), salt, start..found.len, before_first);
        // Damage whose meaning the next record tells.
        let mut open: Option<Quarantined> = None;
        while let Some(step) = scan.step().map_err(|source| Error::io("read", &name, source))? {
            match step {
                // Void, and nothing behind it counts either.
                Step::Record(header) if header.sequence > bound => break,
                // A number that was there before: a copy of a file under another number.
                Step::Record(header) if header.sequence <= self.last_sequence => {}
                Step::Record(header) => {
                    if let Some(damage) = open.take() {
                        file.damage.push(damage.offset..damage.offset + damage.bytes);
                        self.recovered.quarantined.push(damage);
                    }
                    self.account(&name, header.sequence - 1);
                    self.seen = Some(header.sequence);
                    if self.recovered.records == 0 {
                        self.recovered.first_sequence = header.sequence;
                    }
                    self.recovered.records += 1;
                    self.last_sequence = header.sequence;
                    file.count += 1;
                    file.last = header.sequence;
                    file.records.end = scan.offset();
                    keep(RetryHash {
                        hash: header.request_hash,
                        acknowledged_unix_nano: header.received_unix_nano,
                    });
                }
                Step::Damage { offset, bytes, why } => match &mut open {
                    // Only records that do not count stand between the two.
                    Some(damage) => damage.bytes = offset + bytes - damage.offset,
                    None => open = Some(damaged(offset, bytes, why)),
                },
            }
        }
        self.files.push(file);
        Ok(Tail { damage: open, missed_before })
    }

    /// Notes that the numbers up to `until` have to be in what was read so far, and whether some are missing.
    fn account(&mut self, file: &str, until: u64) -> bool {
        let Some(seen) = self.seen.filter(|seen| *seen < until) else { return false };
        self.recovered.quarantined.push(Quarantined {
            file: file.to_owned(),
            offset: 0,
            bytes: 0,
            why: format!("the records {} to {until} are missing", seen + 1),
            copied_to: None,
        });
        self.seen = Some(until);
        true
    }

    /// Tells torn tails from damage, and files whose creation was cut short from damaged ones.
    fn sort_out_tails(&mut self, mut tails: Vec<Tail>) {
        while let Some(last) = self.files.pop_if(|last| !last.whole_head && last.count == 0) {
            self.recovered.torn_bytes += last.len;
            self.recovered.quarantined.retain(|damage| damage.file != last.name);
            self.unfinished.push(last.name);
            tails.truncate(self.files.len());
        }
        let missed_after: Vec<bool> =
            tails.iter().skip(1).map(|next| next.missed_before).chain([false]).collect();
        for (tail, missed_after) in tails.into_iter().zip(missed_after) {
            match tail.damage {
                // The next header says what came last; a file that has it lost nothing with its tail.
                Some(damage) if !missed_after => self.recovered.torn_bytes += damage.bytes,
                Some(damage) => self.recovered.quarantined.push(damage),
                None => {}
            }
        }
        self.recovered.quarantined.sort_by(|a, b| (&a.file, a.offset).cmp(&(&b.file, b.offset)));
    }
}
