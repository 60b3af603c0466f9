//! What a naming rule says about hosts: exact names, `*.x`, networks, globs, each with an optional port.
//!
//! In: one entry of `match:` as text. Out: a pattern that says whether a host and port match, and how
//! specific it is. Not here: which of several matching rules wins (`index`).
//!
//! Hosts are compared in lower case without a trailing dot. An IPv6 address with a port stands in
//! brackets: `[fd00::1]:5432`.

use std::net::IpAddr;

/// One entry of `match:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// What the host must be.
    pub shape: Shape,
    /// The only port that matches; `None` = any.
    pub port: Option<u16>,
}

/// The host part of a pattern, from the most specific kind to the least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// This host or address.
    Exact(String),
    /// `*.x`: one or more labels before `.x`; the text is `x`.
    Suffix(String),
    /// Addresses of a network.
    Network(Network),
    /// `*` anywhere else: any run of characters within one label; a leading `*.` as in `Suffix`.
    Glob(String),
}

/// A network in CIDR form; IPv4 and IPv6 never match each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

/// Why a text is no pattern, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// What is wrong.
    pub message: String,
    /// What helps.
    pub remedy: String,
}

impl Network {
    /// From `address/bits`; bits beyond the prefix are cut off.
    pub fn parse(text: &str) -> Option<Self> {
        let (base, bits) = text.split_once('/')?;
        let (base, bits) = (base.parse::<IpAddr>().ok()?, bits.parse::<u8>().ok()?);
        let width = if base.is_ipv4() { 32 } else { 128 };
        (bits <= width).then_some(Self { base, bits })
    }

    /// How many bits are fixed.
    pub const fn bits(&self) -> u8 {
        self.bits
    }

    /// Whether the address lies inside.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                leading_equal(u32::from(base).into(), u32::from(address).into(), 32, self.bits)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                leading_equal(base.into(), address.into(), 128, self.bits)
            }
            _ => false,
        }
    }
}

fn leading_equal(a: u128, b: u128, width: u32, bits: u8) -> bool {
    let rest = width - u32::from(bits);
    rest >= 128 || (a >> rest) == (b >> rest)
}

impl Pattern {
    /// From the text of a rule.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.trim().to_ascii_lowercase();
        if text.is_empty() {
            return Err(PatternError::new("an empty pattern", "write a host such as `api.example.com`"));
        }
        if text.contains("://") {
            return Err(PatternError::new(
                format!("`{text}` is a URL, not a host"),
                "leave out the scheme and the path",
            ));
        }
        let (host, port) = split_port(&text)?;
        let host = host.trim_end_matches('.');
        if host.is_empty() || host == "*" || host == "*." {
            return Err(PatternError::new(
                format!("`{text}` would match every host"),
                "name a domain, as in `*.example.com`",
            ));
        }
        if host.contains('/') {
            let network = Network::parse(host).ok_or_else(|| {
                PatternError::new(
                    format!("`{host}` is no network"),
                    "write an address and a prefix length, as in `10.20.0.0/16`; a path cannot be matched",
                )
            })?;
            return Ok(Self { shape: Shape::Network(network), port });
        }
        if let Some(bad) = host.chars().find(|&c| c.is_whitespace() || matches!(c, '?' | '#' | '@' | ',')) {
            return Err(PatternError::new(
                format!("`{host}` has `{bad}`, which no host has"),
                "write each host as an entry of its own",
            ));
        }
        let shape = match host.strip_prefix("*.") {
            Some(suffix) if !suffix.contains('*') => Shape::Suffix(suffix.to_owned()),
            _ if host.contains('*') => Shape::Glob(host.to_owned()),
            _ => Shape::Exact(host.to_owned()),
        };
        Ok(Self { shape, port })
    }

    /// Whether the pattern covers the host, which is in lower case, and port. A port that nobody
    /// knows matches, because SDKs leave out default ports.
    pub fn matches(&self, host: &str, port: Option<u16>) -> bool {
        self.port_matches(port) && self.shape.matches(host)
    }

    /// Whether the port is one that the pattern takes.
    pub fn port_matches(&self, port: Option<u16>) -> bool {
        match (self.port, port) {
            (Some(wanted), Some(port)) => wanted == port,
            _ => true,
        }
    }

    /// Smaller is more specific: exact, longest suffix, longest prefix, glob; with a port before
    /// without.
    pub fn rank(&self) -> (u8, usize, bool) {
        let (class, length) = match &self.shape {
            Shape::Exact(_) => (0, 0),
            Shape::Suffix(suffix) => (1, usize::MAX - suffix.len()),
            Shape::Network(network) => (2, usize::from(u8::MAX - network.bits())),
            Shape::Glob(glob) => (3, usize::MAX - glob.len()),
        };
        (class, length, self.port.is_none())
    }
}

impl Shape {
    /// Whether the host, which is in lower case, has this shape.
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(exact) => host == exact,
            Self::Suffix(suffix) => {
                host.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            Self::Network(network) => host.parse().is_ok_and(|address| network.contains(address)),
            Self::Glob(glob) => glob_matches(glob, host),
        }
    }
}

fn glob_matches(glob: &str, host: &str) -> bool {
    if let Some(rest) = glob.strip_prefix("*.") {
        // One or more labels: the rest may begin after any dot.
        return host.match_indices('.').any(|(at, _)| at > 0 && pieces_match(rest, &host[at + 1..]));
    }
    pieces_match(glob, host)
}

/// `*` within one label, label by label; a label with several stars is matched greedily from the left.
fn pieces_match(glob: &str, host: &str) -> bool {
    let (mut globs, mut labels) = (glob.split('.'), host.split('.'));
    loop {
        match (globs.next(), labels.next()) {
            (None, None) => return true,
            (Some(glob), Some(label)) if label_matches(glob, label) => {}
            _ => return false,
        }
    }
}

fn label_matches(glob: &str, label: &str) -> bool {
    let Some((head, tail)) = glob.split_once('*') else { return glob == label };
    let Some(mut rest) = label.strip_prefix(head) else { return false };
    let mut pieces = tail.split('*').collect::<Vec<_>>();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn split_port(text: &str) -> Result<(&str, Option<u16>), PatternError> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let Some((host, rest)) = rest.split_once(']') else {
            return Err(PatternError::new(
                format!("`{text}` has no closing bracket"),
                "write `[fd00::1]:5432`",
            ));
        };
        (host, rest.strip_prefix(':'))
    } else if text.matches(':').count() == 1 {
        text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)))
    } else {
        (text, None)
    };
    let Some(port) = port else { return Ok((host, None)) };
    match port.parse::<u16>() {
        Ok(port) if port > 0 => Ok((host, Some(port))),
        _ => Err(PatternError::new(format!("`{port}` is no port"), "write a number from 1 to 65535")),
    }
}

impl PatternError {
    fn new(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { message: message.into(), remedy: remedy.into() }
    }
}

/// A host as it is compared: lower case, no trailing dot, no brackets.
pub fn plain_host(host: &str) -> String {
    host.trim().trim_end_matches('.').trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines `pattern | host[ port]` to `yes`, `no` or the error with its remedy.
    fn check(cases: &str) {
        for line in cases.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut cells = line.split(" | ");
            let (pattern, host, wanted) =
                (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap());
            let mut words = host.split(' ');
            let host = plain_host(words.next().unwrap());
            let port = words.next().map(|port| port.parse().unwrap());
            let found = match Pattern::parse(pattern) {
                Ok(pattern) if pattern.matches(&host, port) => "yes".to_owned(),
                Ok(_) => "no".to_owned(),
                Err(error) => format!("{}; {}", error.message, error.remedy),
            };
            assert_eq!(found, wanted, "{line}");
        }
    }

    #[test]
    fn patterns() {
        check(
            "
            accounts.google.com | Accounts.Google.com. | yes
            accounts.google.com | www.accounts.google.com | no
            *.cloudfront.net | d111.cloudfront.net | yes
            *.cloudfront.net | a.b.cloudfront.net | yes
            *.cloudfront.net | cloudfront.net | no
            *.cloudfront.net | .cloudfront.net | no
            *.cloudfront.net | evilcloudfront.net | no
            10.20.0.0/16:5432 | 10.20.3.4 5432 | yes
            10.20.0.0/16:5432 | 10.20.3.4 6379 | no
            10.20.0.0/16:5432 | 10.20.3.4 | yes
            10.20.0.0/16 | 10.21.0.1 | no
            0.0.0.0/0 | 8.8.8.8 | yes
            0.0.0.0/0 | ::1 | no
            fd00::/8 | fd12::1 | yes
            [fd00::1]:5432 | [FD00::1] 5432 | yes
            fd00::1 | fd00::1 80 | yes
            db-*.corp.local:5432 | db-7.corp.local 5432 | yes
            db-*.corp.local | db-7.x.corp.local | no
            *.s3.*.amazonaws.com | pics.s3.ap-northeast-2.amazonaws.com | yes
            *.s3.*.amazonaws.com | a.b.s3.eu-west-1.amazonaws.com | yes
            *.s3.*.amazonaws.com | s3.eu-west-1.amazonaws.com | no
            a*b*c.x | aXXbYYc.x | yes
            a*b*c.x | acb.x | no
            https://x.org/a | x.org | `https://x.org/a` is a URL, not a host; leave out the scheme and the path
            x.org/a | x.org | `x.org/a` is no network; write an address and a prefix length, as in `10.20.0.0/16`; a path cannot be matched
            * | x.org | `*` would match every host; name a domain, as in `*.example.com`
            x.org:0 | x.org | `0` is no port; write a number from 1 to 65535
            10.0.0.0/33 | 10.0.0.1 | `10.0.0.0/33` is no network; write an address and a prefix length, as in `10.20.0.0/16`; a path cannot be matched
            a.org, b.org | a.org | `a.org, b.org` has `,`, which no host has; write each host as an entry of its own
            ",
        );
    }

    #[test]
    fn specific_patterns_rank_first() {
        let mut patterns =
            ["*.x.org", "a*.x.org", "10.0.0.0/8", "10.1.0.0/16", "*.b.x.org", "a.x.org", "a.x.org:1"]
                .map(|text| (Pattern::parse(text).unwrap().rank(), text));
        patterns.sort_unstable();
        assert_eq!(
            patterns.map(|(_, text)| text),
            ["a.x.org:1", "a.x.org", "*.b.x.org", "*.x.org", "10.1.0.0/16", "10.0.0.0/8", "a*.x.org"]
        );
    }
}
