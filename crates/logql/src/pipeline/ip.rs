//! Addresses in lines and labels: `ip("10.0.0.1")`, `ip("10.0.0.0/8")`, `ip("10.0.0.1-10.0.0.9")`.
//!
//! A text matches if any address that can be found in it does.

use std::net::IpAddr;

/// A single address, a network or a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpPattern {
    first: IpAddr,
    last: IpAddr,
}

impl IpPattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("ip: invalid pattern: {}", stdx::go::quote::quote(text));
        if let Ok(address) = text.parse() {
            return Ok(Self { first: address, last: address });
        }
        if let Some((first, last)) = text.split_once('-') {
            let first: IpAddr = first.parse().map_err(|_| invalid())?;
            let last: IpAddr = last.parse().map_err(|_| invalid())?;
            if first.is_ipv4() != last.is_ipv4() || first > last {
                return Err(invalid());
            }
            return Ok(Self { first, last });
        }
        let (address, bits) = text.split_once('/').ok_or_else(invalid)?;
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let is_plain = !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit());
        let bits: u32 = bits.parse().map_err(|_| invalid())?;
        if !is_plain || bits > width {
            return Err(invalid());
        }
        let host_bits = width - bits;
        Ok(match address {
            IpAddr::V4(v4) => {
                let host = u32::MAX.checked_shr(32 - host_bits).unwrap_or(0);
                let host = if host_bits == 0 { 0 } else { host };
                let base = u32::from(v4) & !host;
                Self { first: IpAddr::V4(base.into()), last: IpAddr::V4((base | host).into()) }
            }
            IpAddr::V6(v6) => {
                let host = u128::MAX.checked_shr(128 - host_bits).unwrap_or(0);
                let host = if host_bits == 0 { 0 } else { host };
                let base = u128::from(v6) & !host;
                Self { first: IpAddr::V6(base.into()), last: IpAddr::V6((base | host).into()) }
            }
        })
    }

    fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && self.first <= address && address <= self.last
    }

    /// Whether an address in the text matches.
    pub fn matches(self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let run = candidate(&bytes[at..]);
            if run > 0 {
                let found = text.get(at..at + run).and_then(|run| run.parse().ok());
                if found.is_some_and(|address| self.contains(address)) {
                    return true;
                }
            }
            at += run + 1;
        }
        false
    }
}

/// The length of the run that may be an address, if the first bytes look like one, else 0.
fn candidate(bytes: &[u8]) -> usize {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let is_hex = |index: usize| at(index).is_ascii_hexdigit();
    let run = |is_part: fn(&u8) -> bool| bytes.iter().take_while(|byte| is_part(byte)).count();
    if at(0).is_ascii_digit() && (at(1) == b'.' || at(2) == b'.' || at(3) == b'.') {
        return run(|byte| byte.is_ascii_digit() || *byte == b'.');
    }
    let looks_like_v6 =
        (at(0) == b':' && at(1) == b':') || (1..=4).any(|colon| at(colon) == b':' && (0..colon).all(is_hex));
    if looks_like_v6 {
        return run(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_addresses_in_text() {
        let check = |pattern: &str, text: &str, want: bool| {
            let pattern = IpPattern::parse(pattern).unwrap();
            assert_eq!(pattern.matches(text), want, "{pattern:?} {text}");
        };
        check("10.0.0.0/8", "from 10.1.2.3:443 to 8.8.8.8", true);
        check("10.0.0.0/8", "from 11.1.2.3:443", false);
        check("0.0.0.0/0", "x 1.2.3.4", true);
        check("::1", "[::1]:80", true);
        check("2001:db8::/32", "vpn 2001:dc8::1 and 2001:db8::2", true);
        check("10.0.0.1-10.0.0.9", "10.0.0.9", true);
        for wrong in ["", "10.0.0.9-10.0.0.1", "10.0.0.0/33", "10.0.0.0/+8", "x"] {
            assert!(IpPattern::parse(wrong).is_err(), "{wrong}");
        }
    }
}
