//! The writer: append, sync, rotate, remove.
//!
//! In: records, one after the other, from one thread. Out: files in a [`Dir`], and the number up to which they
//! are durable. A file's header, its list and its entry in the folder are durable before the first record
//! goes in, so a sync is one `fdatasync`. The payload is copied once when it is small, to save a system call,
//! and not at all otherwise.

use std::io;
use std::sync::Arc;

use stdx::{Dir, DirFile};

use crate::file_header::{FileHeader, FileName};
use crate::frame::FrameHeader;
use crate::quarantine;
use crate::read::Records;
use crate::recover::{LogFile, Recovered, Survey, survey};
use crate::{Error, NewRecord, Options, RetryHash};

/// Up to this size a payload is put beside its header for one write instead of two.
const ONE_WRITE_BYTES: usize = 64 << 10;

/// The file that records go into; its entry is the last of [`Wal`]'s files.
#[derive(Debug)]
struct Current {
    file: Box<dyn DirFile>,
    /// Bytes of whole records and the header.
    written: u64,
    /// Whether a failed append left bytes behind that could not be cut off: nothing more goes in here.
    spoiled: bool,
}

/// The log, open for writing. One process at a time may have it open; the caller sees to that.
#[derive(Debug)]
pub struct Wal {
    dir: Arc<dyn Dir>,
    options: Options,
    rng_salt: u64,
    files: Vec<LogFile>,
    current: Option<Current>,
    last_number: u64,
    next_sequence: u64,
    durable_sequence: u64,
    scratch: Vec<u8>,
}

impl Wal {
    /// Opens the log in `dir`, cuts a torn tail, copies damage to `quarantine/` and makes what is left durable.
    /// `rng_salt` is random: it keeps old bytes and bytes in payloads from ever looking like records.
    ///
    /// # Errors
    /// [`Error::NewerVersion`] for a file of a later version; [`Error::Io`] when the folder fails.
    pub fn open(dir: Arc<dyn Dir>, options: Options, rng_salt: u64) -> Result<(Self, Recovered), Error> {
        let Survey { files, mut recovered, unfinished, last_number, last_sequence, .. } = survey(&dir)?;
        for damage in recovered.quarantined.iter_mut().filter(|damage| damage.bytes > 0) {
            match quarantine::copy(&dir, &damage.file, damage.offset, damage.bytes) {
                Ok(path) => damage.copied_to = Some(path),
                Err(error) => damage.why.push_str(&format!("; it could not be copied: {error}")),
            }
        }
        for name in &unfinished {
            dir.remove(name).map_err(|source| Error::io("remove", name, source))?;
        }
        let mut wal = Self {
            dir,
            options,
            rng_salt,
            files,
            current: None,
            last_number,
            next_sequence: recovered.next_sequence,
            durable_sequence: last_sequence,
            scratch: Vec::new(),
        };
        wal.reopen_last()?;
        Ok((wal, recovered))
    }

    /// Cuts the last file behind its last record and makes it durable: after a mere restart its end may be in
    /// memory only, and replaying it is a promise. It is written on when nothing in it is damaged.
    fn reopen_last(&mut self) -> Result<(), Error> {
        if let Some(last) = self.files.last_mut() {
            let failed = |source| Error::io("make durable", &last.name, source);
            let mut file = self.dir.open_append(&last.name).map_err(failed)?;
            if last.len > last.records.end {
                file.truncate(last.records.end).map_err(failed)?;
                last.len = last.records.end;
            }
            file.sync_data().map_err(failed)?;
            let expects = match last.count {
                0 => last.before_first,
                _ => Some(last.last),
            };
            let goes_on = last.whole_head
                && last.damage.is_empty()
                && expects.and_then(|last| last.checked_add(1)) == Some(self.next_sequence);
            if goes_on {
                let written = last.records.end;
                // Only an optimisation here: the file is good without.
                let _ = file.reserve(self.options.file_bytes.saturating_sub(written));
                self.current = Some(Current { file, written, spoiled: false });
            }
        }
        let folder = self.dir.display();
        self.dir.sync_dir().map_err(|source| Error::io("sync", &folder, source))
    }

    /// Writes `record` and returns its number. It is not durable before [`Wal::sync`].
    ///
    /// # Errors
    /// When the record is refused or cannot be written, it is not in the log and the number is given to the
    /// next one. [`Error::Lost`] says that earlier records are lost as well.
    pub fn append(&mut self, record: &NewRecord<'_>) -> Result<u64, Error> {
        let bytes = record.payload.len() as u64;
        if bytes > self.options.record_bytes_max {
            return Err(Error::RecordTooLarge { bytes, limit: self.options.record_bytes_max });
        }
        if self.next_sequence == u64::MAX {
            return Err(Error::SequencesUsedUp);
        }
        if self.current.as_ref().is_some_and(|current| current.spoiled) {
            self.sync()?;
            self.seal();
        }
        if self.current.is_none() {
            self.begin(None)?;
        }
        let (Some(current), Some(entry)) = (&mut self.current, self.files.last_mut()) else {
            return Err(Error::io("append to", "a file", io::ErrorKind::NotFound.into()));
        };
        let sequence = self.next_sequence;
        let header = FrameHeader::of(record, sequence, entry.salt)?;
        self.scratch.clear();
        self.scratch.extend_from_slice(&header.encode(entry.salt));
        for name in [record.tenant, record.content_type, record.encoding] {
            self.scratch.extend_from_slice(name.as_bytes());
        }
        let written = if record.payload.len() <= ONE_WRITE_BYTES {
            self.scratch.extend_from_slice(record.payload);
            current.file.append(&self.scratch)
        } else {
            current.file.append(&self.scratch).and_then(|()| current.file.append(record.payload))
        };
        if let Err(source) = written {
            // Half a record in front of the next one would be damage for ever.
            current.spoiled = current.file.truncate(current.written).is_err();
            return Err(Error::io("append to", &entry.name, source));
        }
        current.written += header.frame_bytes();
        entry.len = current.written;
        self.next_sequence += 1;
        Ok(sequence)
    }

    /// Makes every appended record durable and returns the last durable number. Free when nothing is waiting.
    ///
    /// # Errors
    /// [`Error::Lost`] names the records that are lost. Their file is abandoned, never to be synced again, and
    /// the log goes on in a new one.
    pub fn sync(&mut self) -> Result<u64, Error> {
        let waiting = self.waiting();
        let (Some(current), Some(entry), true) = (&mut self.current, self.files.last_mut(), waiting > 0)
        else {
            return Ok(self.durable_sequence);
        };
        let last = self.next_sequence - 1;
        if let Err(source) = current.file.sync_data() {
            let what = format!("sync {}", entry.name);
            // Not a sync: it only keeps this machine from reading them from its memory after a restart.
            let _ = current.file.truncate(entry.records.end);
            entry.len = entry.records.end;
            self.current = None;
            // The next header voids them. Should this fail too, the next append tries again.
            let _ = self.begin(None);
            return Err(Error::Lost { first: last + 1 - waiting, last, what, source });
        }
        entry.count += waiting;
        entry.last = last;
        entry.records.end = current.written;
        self.durable_sequence = last;
        Ok(last)
    }

    /// How many records of the current file wait for a sync.
    fn waiting(&self) -> u64 {
        let Some(entry) = self.files.last().filter(|_| self.current.is_some()) else { return 0 };
        let synced = if entry.count > 0 { entry.last } else { entry.before_first.unwrap_or(0) };
        self.next_sequence - 1 - synced
    }

    /// Begins a new file when the present one is full, or when it was begun after a failure and so has no
    /// retry hashes. What was appended before is synced first. Returns whether a new file was begun.
    ///
    /// # Errors
    /// As [`Wal::sync`]; [`Error::Io`] when no file can be made, and then the next call tries again.
    pub fn rotate_if_full(
        &mut self,
        retry_hashes: &mut dyn FnMut() -> Vec<RetryHash>,
    ) -> Result<bool, Error> {
        let due = match (&self.current, self.files.last()) {
            (Some(current), Some(entry)) => {
                !entry.list_complete || current.spoiled || current.written >= self.options.file_bytes
            }
            _ => true,
        };
        if due {
            self.rotate(retry_hashes)?;
        }
        Ok(due)
    }

    /// Begins a new file whether the present one is full or not, so that the present one can be removed.
    ///
    /// # Errors
    /// As [`Wal::rotate_if_full`].
    pub fn rotate(&mut self, retry_hashes: &mut dyn FnMut() -> Vec<RetryHash>) -> Result<(), Error> {
        self.sync()?;
        self.seal();
        self.begin(Some(&retry_hashes()))
    }

    /// Makes sure that no record gets a number below `sequence`: what was stored elsewhere under such numbers
    /// would cover it. Does nothing when the log is already there.
    ///
    /// # Errors
    /// As [`Wal::rotate_if_full`].
    pub fn advance_to(
        &mut self,
        sequence: u64,
        retry_hashes: &mut dyn FnMut() -> Vec<RetryHash>,
    ) -> Result<(), Error> {
        if sequence <= self.next_sequence {
            return Ok(());
        }
        self.sync()?;
        self.seal();
        self.next_sequence = sequence;
        self.begin(Some(&retry_hashes()))
    }

    /// Gives back the space that was reserved for a file that is done with.
    fn seal(&mut self) {
        if let Some(mut current) = self.current.take()
            && current.written < self.options.file_bytes
        {
            // Cutting a file where it ends frees what was reserved behind; it stays valid without.
            let _ = current.file.truncate(current.written);
        }
    }

    /// Begins a file, durable with its header when this returns. A failure leaves no current file, because
    /// the header may have reached the disk and would void records written elsewhere.
    fn begin(&mut self, list: Option<&[RetryHash]>) -> Result<(), Error> {
        let first_log_file = self.files.is_empty();
        let list = list.or(if first_log_file { Some(&[]) } else { None });
        let number = self.last_number + 1;
        let salt = mix(self.rng_salt ^ mix(number));
        let name = FileName { number, salt }.to_string();
        let failed = |source| Error::io("begin", &name, source);
        let (header, bytes) = FileHeader::encode(salt, self.next_sequence, self.durable_sequence, list);
        self.last_number = number;
        let mut file = self.dir.create(&name).map_err(failed)?;
        let reserve = self.options.file_bytes.max(bytes.len() as u64);
        let made = file
            .reserve(reserve)
            .and_then(|()| file.append(&bytes))
            .and_then(|()| file.sync_data())
            .and_then(|()| self.dir.sync_dir());
        if let Err(source) = made {
            // Left behind it would be harmless: it holds no record and says nothing that is not so.
            let _ = self.dir.remove(&name);
            return Err(failed(source));
        }
        let written = header.records_offset();
        self.files.push(LogFile {
            name,
            salt,
            whole_head: true,
            list_complete: header.list_complete,
            before_first: Some(header.first_sequence - 1),
            records: written..written,
            len: written,
            last: header.previous_last,
            count: 0,
            damage: Vec::new(),
        });
        self.current = Some(Current { file, written, spoiled: false });
        Ok(())
    }

    /// The durable records from `sequence` on. Files removed while it is read end it with an error.
    pub fn read_from(&self, sequence: u64) -> Records {
        Records::new(self.dir.clone(), &self.files, sequence)
    }

    /// Removes the files that hold only records below `sequence`, and returns how many bytes that freed. The
    /// file being written stays, and so do those whose retry hashes no later file repeats.
    ///
    /// # Errors
    /// [`Error::Io`]; files already removed stay removed.
    pub fn remove_before(&mut self, sequence: u64) -> Result<u64, Error> {
        let keep_from = self.files.iter().rposition(|file| file.list_complete).unwrap_or(0);
        let keep_from = keep_from.min(self.files.len().saturating_sub(1));
        let below = self.files[..keep_from].iter().take_while(|file| file.last < sequence).count();
        let mut freed = 0;
        for _ in 0..below {
            let Some(name) = self.files.first().map(|file| file.name.clone()) else { break };
            self.dir.remove(&name).map_err(|source| Error::io("remove", &name, source))?;
            freed += self.files.remove(0).len;
            // After each, so that a power cut brings back the latest only and leaves no hole.
            let folder = self.dir.display();
            self.dir.sync_dir().map_err(|source| Error::io("sync", &folder, source))?;
        }
        Ok(freed)
    }

    /// Bytes of all files, without what is reserved.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.len).sum()
    }

    /// The number that the next record will have.
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// The last durable number; 0 when there is none.
    pub fn durable_sequence(&self) -> u64 {
        self.durable_sequence
    }
}

/// SplitMix64: spreads every bit of the input over the output.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
