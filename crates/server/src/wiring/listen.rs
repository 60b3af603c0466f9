//! The listeners by name: what was asked for each, and their sockets.
//!
//! In: a configuration. Out: bound sockets. A default port that is busy costs that listener and a warning; an address that
//! was asked for, and `main`, are needed.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpListener;

use crate::config::Config;

/// A listener of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Listener {
    /// Page, own API, dialects under prefixes, OTLP/HTTP, health.
    Main,
    /// OTLP, any protocol.
    OtlpGrpc,
    /// OTLP, any protocol.
    OtlpHttp,
    /// Jaeger's query API.
    Jaeger,
    /// Tempo's API.
    Tempo,
}

/// Names that later versions serve.
const LATER: &[&str] = &[
    "jaeger-grpc",
    "loki",
    "prometheus",
    "zipkin",
    "jaeger-http",
    "jaeger-collector",
    "jaeger-compact",
    "jaeger-binary",
];

impl Listener {
    /// Every listener, in the order in which they are bound and shown.
    pub const ALL: [Self; 5] = [Self::Main, Self::OtlpGrpc, Self::OtlpHttp, Self::Jaeger, Self::Tempo];

    /// Its name in flags and in `listeners.json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::OtlpGrpc => "otlp-grpc",
            Self::OtlpHttp => "otlp-http",
            Self::Jaeger => "jaeger",
            Self::Tempo => "tempo",
        }
    }

    /// Its name as a key of the configuration.
    pub const fn key(self) -> &'static str {
        match self {
            Self::OtlpGrpc => "otlp_grpc",
            Self::OtlpHttp => "otlp_http",
            other => other.name(),
        }
    }

    /// The port when nothing is said.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Main => 4300,
            Self::OtlpGrpc => 4317,
            Self::OtlpHttp => 4318,
            Self::Jaeger => 16686,
            Self::Tempo => 3200,
        }
    }

    /// Whether it speaks TLS when there is a certificate.
    pub const fn takes_tls(self) -> bool {
        matches!(self, Self::OtlpGrpc | Self::OtlpHttp)
    }

    /// Whether OTLP belongs here; on the others it is taken, too, and the sender's owner is told.
    pub const fn is_for_otlp(self) -> bool {
        matches!(self, Self::Main | Self::OtlpGrpc | Self::OtlpHttp)
    }

    /// The listener with this name.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn from_name(name: &str) -> Result<Self, String> {
        if let Some(found) =
            Self::ALL.into_iter().find(|listener| listener.name() == name || listener.key() == name)
        {
            return Ok(found);
        }
        if LATER.contains(&name) {
            return Err(format!("listener `{name}` is not available in this version"));
        }
        let names = Self::ALL.map(Self::name);
        let hint = crate::config::nearest::nearest(name, names)
            .map_or(String::new(), |near| format!("; `{near}` is meant?"));
        Err(format!("listener `{name}` is unknown: there are {}{hint}", names.join(", ")))
    }
}

/// What was asked for a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Nothing: the default port on the common address, if it is free.
    Default,
    /// Not at all.
    Off,
    /// This port, on the common address unless one is named.
    At(Option<IpAddr>, u16),
}

impl Wish {
    /// Reads `off`, `PORT`, `HOST:PORT` or nothing.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::Default);
        }
        if text.eq_ignore_ascii_case("off") {
            return Ok(Self::Off);
        }
        let wrong = || {
            "write `off`, a port like `4317`, or `HOST:PORT` with an IP address like `0.0.0.0:4317`"
                .to_owned()
        };
        if let Ok(port) = text.trim_start_matches(':').parse() {
            return Ok(Self::At(None, port));
        }
        let text = text.replace("localhost:", "127.0.0.1:");
        let address: SocketAddr = text.parse().map_err(|_| wrong())?;
        Ok(Self::At(Some(address.ip()), address.port()))
    }
}

/// A bound socket.
#[derive(Debug)]
pub struct Bound {
    /// The socket.
    pub socket: TcpListener,
    /// Where it is bound, with the port that was chosen.
    pub address: SocketAddr,
}

/// Binds what was asked for.
///
/// # Errors
/// A sentence that names the address, the cause and the remedy.
pub async fn bind_all(config: &Config) -> Result<BTreeMap<Listener, Bound>, String> {
    let mut bound = BTreeMap::new();
    for listener in Listener::ALL {
        let wish = config.listeners.get(&listener).copied().unwrap_or(Wish::Default);
        let (address, needed) = match wish {
            Wish::Off if listener == Listener::Main => {
                return Err("listener `main` cannot be off: it serves the API and the health of the server"
                    .to_owned());
            }
            Wish::Off => continue,
            Wish::Default => {
                (SocketAddr::new(config.bind, listener.default_port()), listener == Listener::Main)
            }
            Wish::At(host, port) => (SocketAddr::new(host.unwrap_or(config.bind), port), true),
        };
        match bind(address).await {
            Ok(socket) => {
                bound.insert(listener, socket);
            }
            Err(error) => {
                let name = listener.name();
                let cause = cause(&error);
                let remedy = format!(
                    "free it, or choose another port with `--listen {name}=PORT` (0 takes any free one), or leave it out with `--listen {name}=off`"
                );
                if needed {
                    let remedy = if listener == Listener::Main {
                        remedy.split(", or leave").next().unwrap_or_default()
                    } else {
                        remedy.as_str()
                    };
                    return Err(format!("listener `{name}`: {address} {cause}; {remedy}"));
                }
                tracing::warn!(listener = name, %address, "{cause}, so `{name}` is not served; {remedy}");
            }
        }
    }
    Ok(bound)
}

async fn bind(address: SocketAddr) -> io::Result<Bound> {
    let socket = match address {
        SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
        SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
    };
    // A restart must not wait for connections of the process before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let socket = socket.listen(4096)?;
    let address = socket.local_addr()?;
    Ok(Bound { socket, address })
}

fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "is in use by another program".to_owned(),
        io::ErrorKind::PermissionDenied => "needs more rights (ports below 1024)".to_owned(),
        io::ErrorKind::AddrNotAvailable => "is no address of this machine".to_owned(),
        _ => format!("cannot be bound ({error})"),
    }
}

/// Tells loudly which listeners others can reach.
pub fn warn_beyond_loopback(bound: &BTreeMap<Listener, Bound>) {
    let open: Vec<String> = bound
        .iter()
        .filter(|(_, bound)| !bound.address.ip().is_loopback())
        .map(|(listener, bound)| format!("{} at {}", listener.name(), bound.address))
        .collect();
    if !open.is_empty() {
        tracing::warn!(
            "NO AUTHENTICATION: everybody who reaches {} can read and write all telemetry. Bind loopback (`--bind 127.0.0.1`) \
             or keep others out with a firewall or a proxy that authenticates.",
            open.join(", "),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_and_names() {
        let check = |text: &str, wish: Wish| assert_eq!(Wish::parse(text), Ok(wish), "{text}");
        check("", Wish::Default);
        check("OFF", Wish::Off);
        check("4317", Wish::At(None, 4317));
        check(":0", Wish::At(None, 0));
        check("[::1]:5", Wish::At(Some(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])), 5));
        check("localhost:5", Wish::At(Some(IpAddr::from([127, 0, 0, 1])), 5));
        for wrong in ["example.org:1", "70000", "on", "1.2.3.4"] {
            assert!(Wish::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Listener::from_name("otlp_grpc"), Ok(Listener::OtlpGrpc));
        assert_eq!(
            Listener::from_name("loki"),
            Err("listener `loki` is not available in this version".to_owned())
        );
        let hint = Listener::from_name("otlp-htp").expect_err("no such");
        assert!(hint.ends_with("; `otlp-http` is meant?"), "{hint}");
    }
}
