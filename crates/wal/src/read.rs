//! Gives the records again, file by file, in bounded memory.
//!
//! In: the files that [`crate::recover`] found, and the number to begin at. Out: an iterator of records in
//! order. It skips damage that was reported when the log was opened, reports once what broke since, and
//! goes on behind it. It sees what was durable when it was made, and changes nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use stdx::Dir;

use crate::recover::{LogFile, Recovered, survey};
use crate::scan::{Scan, Step};
use crate::{Error, Record};

/// The log of a stopped server: opened without changing anything.
#[derive(Debug)]
pub struct ReadOnly {
    dir: Arc<dyn Dir>,
    files: Vec<LogFile>,
}

impl ReadOnly {
    /// Reads the folder; torn tails and damage are reported and left where they are.
    pub fn open(dir: Arc<dyn Dir>) -> Result<(Self, Recovered), Error> {
        let survey = survey(&dir)?;
        Ok((Self { dir, files: survey.files }, survey.recovered))
    }

    /// The records from `sequence` on.
    pub fn read_from(&self, sequence: u64) -> Records {
        Records::new(self.dir.clone(), &self.files, sequence)
    }

    /// Bytes of all files of the log.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.len).sum()
    }
}

/// Records in the order of their numbers. After an error of the folder it ends; after [`Error::Damaged`] it
/// goes on behind the damage.
#[derive(Debug)]
pub struct Records {
    dir: Arc<dyn Dir>,
    files: VecDeque<LogFile>,
    open: Option<(LogFile, Scan)>,
    from: u64,
}

impl Records {
    pub(crate) fn new(dir: Arc<dyn Dir>, files: &[LogFile], from: u64) -> Self {
        let files = files.iter().filter(|file| file.count > 0 && file.last >= from).cloned();
        Self { dir, files: files.collect(), open: None, from }
    }

    fn advance(&mut self) -> Result<Option<Record>, Error> {
        loop {
            let (file, scan) = match &mut self.open {
                Some(open) => open,
                closed => {
                    let Some(file) = self.files.pop_front() else { return Ok(None) };
                    let scan = Scan::new(
                        self.dir.clone(),
                        file.name.clone(),
                        file.salt,
                        file.records.clone(),
                        file.before_first,
                    );
                    closed.insert((file, scan))
                }
            };
            let step = scan.step().map_err(|source| Error::io("read", &file.name, source))?;
            match step {
                None => self.open = None,
                Some(Step::Record(header)) if header.sequence < self.from => {}
                Some(Step::Record(header)) => {
                    self.from = header.sequence.saturating_add(1);
                    if let Some(record) = scan.record(&header) {
                        return Ok(Some(record));
                    }
                }
                Some(Step::Damage { offset, bytes, why }) => {
                    if !file.damage.contains(&(offset..offset + bytes)) {
                        let (file, why) = (file.name.clone(), why.to_owned());
                        return Err(Error::Damaged { file, offset, bytes, why });
                    }
                }
            }
        }
    }
}

impl Iterator for Records {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance();
        if matches!(next, Err(Error::Io { .. })) {
            self.open = None;
            self.files.clear();
        }
        next.transpose()
    }
}
