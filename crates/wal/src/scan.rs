//! Walks the records of one file in bounded memory and finds the next whole one behind damage.
//!
//! In: a file of a [`Dir`], its salt, where to begin and to end. Out: records that are proven, and the
//! ranges between them that are not. It decides nothing: whether damage is a torn tail or corruption is
//! [`crate::recover`]'s to say. Memory: one chunk, or one record when that is larger.

use std::io;
use std::sync::Arc;

use stdx::Dir;

use crate::Record;
use crate::frame::{FRAME_HEADER_BYTES, FrameHeader};

/// Bytes read at once.
const CHUNK_BYTES: u64 = 1 << 20;

/// What stands at one place of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A whole record.
    Record(FrameHeader),
    /// Bytes that are no record.
    Damage { offset: u64, bytes: u64, why: &'static str },
}

enum At {
    Whole(FrameHeader),
    BadBody(u64),
    Nothing,
}

/// The reader of one file.
#[derive(Debug)]
pub struct Scan {
    dir: Arc<dyn Dir>,
    name: String,
    salt: u64,
    offset: u64,
    end: u64,
    /// The last number before `offset`; `None` when the header that would tell the first is damaged.
    last: Option<u64>,
    window: Vec<u8>,
    window_at: u64,
    /// Where the body of the record returned last stands in the window.
    body_at: u64,
}

impl Scan {
    pub fn new(
        dir: Arc<dyn Dir>,
        name: String,
        salt: u64,
        range: std::ops::Range<u64>,
        last: Option<u64>,
    ) -> Self {
        Self {
            dir,
            name,
            salt,
            offset: range.start,
            end: range.end,
            last,
            window: Vec::new(),
            window_at: 0,
            body_at: 0,
        }
    }

    /// Where the next step begins, in bytes from the start of the file.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next record or the next damage, `None` at the end.
    pub fn step(&mut self) -> io::Result<Option<Step>> {
        let start = self.offset;
        let mut why = None;
        while self.offset < self.end {
            match self.look(why.is_some())? {
                At::Whole(header) => {
                    if let Some(why) = why {
                        let bytes = self.offset - start;
                        // Only the number before this record is known now, and it makes the next look find it.
                        self.last = Some(header.sequence - 1);
                        return Ok(Some(Step::Damage { offset: start, bytes, why }));
                    }
                    self.body_at = self.offset + FRAME_HEADER_BYTES as u64;
                    self.offset += header.frame_bytes();
                    self.last = Some(header.sequence);
                    return Ok(Some(Step::Record(header)));
                }
                At::BadBody(bytes) => {
                    why.get_or_insert("the checksum of a record's body fails");
                    self.offset += bytes;
                }
                At::Nothing => {
                    why.get_or_insert("the checksum of a record's header fails");
                    self.offset += 1;
                }
            }
        }
        Ok(why.map(|why| Step::Damage { offset: start, bytes: self.offset - start, why }))
    }

    /// The record whose header [`Scan::step`] returned just now.
    pub fn record(&self, header: &FrameHeader) -> Option<Record> {
        let from = usize::try_from(self.body_at.checked_sub(self.window_at)?).ok()?;
        header.record(self.window.get(from..from.checked_add(header.body_bytes as usize)?)?)
    }

    fn look(&mut self, searching: bool) -> io::Result<At> {
        let (salt, offset) = (self.salt, self.offset);
        // A record takes at least its header, so numbers cannot run faster than that.
        let ahead = (self.end - offset).div_ceil(FRAME_HEADER_BYTES as u64).max(1);
        let sequences = match self.last {
            _ if self.last == Some(u64::MAX) => return Ok(At::Nothing),
            None => 1..=u64::MAX - 1,
            Some(last) if !searching => last + 1..=last + 1,
            Some(last) => {
                // Damage behind us may have swallowed as many records as its bytes could hold.
                let most = self.end.div_ceil(FRAME_HEADER_BYTES as u64).max(ahead);
                last + 1..=last.saturating_add(most)
            }
        };
        let bytes = self.window(offset, FRAME_HEADER_BYTES as u64)?;
        let Some(header) = FrameHeader::decode(bytes, salt, sequences) else {
            return Ok(At::Nothing);
        };
        if offset.saturating_add(header.frame_bytes()) > self.end {
            return Ok(At::Nothing);
        }
        let frame = self.window(offset, header.frame_bytes())?;
        let holds = frame.get(FRAME_HEADER_BYTES..).is_some_and(|body| header.body_holds(body, salt));
        Ok(if holds { At::Whole(header) } else { At::BadBody(header.frame_bytes()) })
    }

    /// The bytes from `offset`, at most `len`, fewer at the end.
    fn window(&mut self, offset: u64, len: u64) -> io::Result<&[u8]> {
        let len = len.min(self.end.saturating_sub(offset));
        let mut have = self.window_at + self.window.len() as u64;
        if offset < self.window_at || offset > have {
            self.window.clear();
            self.window_at = offset;
            have = offset;
        }
        if offset + len > have {
            self.window.drain(..(offset - self.window_at) as usize);
            self.window_at = offset;
            let want = (offset + len.max(CHUNK_BYTES)).min(self.end) - have;
            let more = self.dir.read_at(&self.name, have, want as usize)?;
            if (more.len() as u64) < want {
                // The file became shorter than it was said to be; what is not there is damaged.
                self.end = have + more.len() as u64;
            }
            self.window.extend_from_slice(&more);
        }
        let from = (offset - self.window_at) as usize;
        let to = (from + len as usize).min(self.window.len());
        Ok(&self.window[from.min(to)..to])
    }
}
