//! Files of the write-ahead log made of commands, with right checksums, which no mutation would ever find.
//!
//! In: bytes; each command is a letter and its arguments. Out: the files of a folder. It is written from
//! `docs/formats/wal.md` alone and shares no code with the crate `wal`.

/// Arguments of commands, taken from the front; zero where there are no more.
struct Arguments<'a>(&'a [u8]);

impl<'a> Arguments<'a> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().map_or((0, self.0), |(first, rest)| (*first, rest));
        self.0 = rest;
        first
    }

    fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Mostly small, sometimes at the end of the range.
    fn number(&mut self) -> u64 {
        match self.byte() {
            byte @ 0..=199 => u64::from(byte),
            byte => u64::MAX - u64::from(byte - 200),
        }
    }
}

/// A file that is being made.
struct LogFile {
    number: u64,
    salt: u64,
    next_sequence: u64,
    bytes: Vec<u8>,
}

fn salted(salt: u64, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&salt.to_le_bytes()), bytes)
}

impl LogFile {
    /// The fixed part of a head and its list.
    fn head(&mut self, first: u64, previous: u64, flags: u32, hashes: usize, said: u32) {
        let mut list = Vec::new();
        for hash in 0..hashes {
            list.extend_from_slice(&(hash as u128).to_le_bytes());
            list.extend_from_slice(&(hash as i64).to_le_bytes());
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(b"THRLWAL\n");
        self.bytes.extend_from_slice(&1_u32.to_le_bytes());
        let crc = crc32c::crc32c(&self.bytes[start..]);
        self.bytes.extend_from_slice(&crc.to_le_bytes());
        for number in [self.salt, first, previous] {
            self.bytes.extend_from_slice(&number.to_le_bytes());
        }
        for number in [flags, said, salted(self.salt, &list)] {
            self.bytes.extend_from_slice(&number.to_le_bytes());
        }
        let crc = crc32c::crc32c(&self.bytes[start..]);
        self.bytes.extend_from_slice(&crc.to_le_bytes());
        self.bytes.extend_from_slice(&list);
        self.next_sequence = first;
    }

    /// A record; `names` are the lengths of its three names, `said` is the length that its header tells.
    fn record(&mut self, sequence: u64, names: [u8; 3], body: &[u8], said: u32) {
        let mut header = Vec::new();
        header.extend_from_slice(&said.to_le_bytes());
        header.extend_from_slice(&sequence.to_le_bytes());
        header.extend_from_slice(&5_i64.to_le_bytes());
        header.extend_from_slice(&u128::from(sequence).to_le_bytes());
        header.push(1);
        header.extend_from_slice(&names);
        header.extend_from_slice(&salted(self.salt, body).to_le_bytes());
        self.bytes.extend_from_slice(&salted(self.salt, &header).to_le_bytes());
        self.bytes.extend_from_slice(&header);
        self.bytes.extend_from_slice(body);
        self.next_sequence = sequence.wrapping_add(1);
    }
}

/// Names and bytes of the files that the commands make.
pub fn files(commands: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut arguments = Arguments(commands);
    let mut files: Vec<LogFile> = Vec::new();
    let mut numbers = 0..8_u64;
    while !arguments.0.is_empty() {
        let command = arguments.byte();
        if command == b'f' || files.is_empty() {
            let Some(at) = numbers.next() else { break };
            let number = arguments.number().min(u64::MAX - 9).wrapping_add(at);
            files.push(LogFile { number, salt: arguments.number(), next_sequence: 1, bytes: Vec::new() });
            continue;
        }
        let Some(file) = files.last_mut() else { break };
        match command {
            // A head as the writer makes it, and one that lies.
            b'h' => {
                let (first, hashes) = (arguments.number().max(1), usize::from(arguments.byte() % 4));
                file.head(first, first - 1, 1, hashes, hashes as u32);
            }
            b'H' => {
                let (first, previous) = (arguments.number(), arguments.number());
                let (flags, hashes) = (u32::from(arguments.byte()), usize::from(arguments.byte() % 4));
                file.head(first, previous, flags, hashes, arguments.number() as u32);
            }
            // The next record as the writer makes it, and one that lies.
            b'r' => {
                let len = usize::from(arguments.byte() % 64);
                let body = arguments.bytes(len);
                let sequence = file.next_sequence;
                file.record(sequence, [0; 3], body, body.len() as u32);
            }
            b'R' => {
                let names = [arguments.byte(), arguments.byte(), arguments.byte()];
                let (sequence, len) = (arguments.number(), usize::from(arguments.byte()));
                let body = arguments.bytes(len);
                let said = match arguments.byte() {
                    byte @ 0..=9 => u32::MAX - u32::from(byte),
                    10..=30 => body.len() as u32 + 1,
                    _ => body.len() as u32,
                };
                file.record(sequence, names, body, said);
            }
            // A torn end, a flipped byte, bytes that are nothing.
            b't' => file.bytes.truncate(file.bytes.len().saturating_sub(usize::from(arguments.byte()))),
            b'x' => {
                let at = usize::from(arguments.byte()) * 4;
                if let Some(byte) = file.bytes.get_mut(at) {
                    *byte ^= 1;
                }
            }
            b'z' => file.bytes.resize(file.bytes.len() + usize::from(arguments.byte()), 0),
            _ => file.bytes.push(command),
        }
    }
    let name = |file: &LogFile| format!("{:010}-{:016x}.wal", file.number, file.salt);
    files.into_iter().map(|file| (name(&file), file.bytes)).collect()
}
