//! The table of configuration keys. Parser, environment names, `--print-config` and `docs/reference/config.md` are made from
//! it; a key that is not here does not exist.

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A file or folder.
    Path,
    /// An IP address.
    Address,
    /// `off`, a port, or `HOST:PORT`; empty for the default.
    Listen,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Switch,
    /// A number within bounds.
    Count(u64, u64),
    /// Bytes within bounds, such as `64MiB`.
    Bytes(u64, u64),
    /// Bytes within bounds, or a share of a disk such as `80%`.
    Space(u64, u64),
    /// Time within bounds in milliseconds, such as `30s`; zero is written `0s`.
    Duration(u64, u64),
    /// A share from 0 to 1.
    Ratio,
    /// Texts; in the environment separated by commas.
    Texts,
    /// Texts by name; in the environment `name=text,name=text`.
    Pairs,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Table of the file.
    pub section: &'static str,
    /// Name in the table.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// Its value when nothing is said.
    pub default: &'static str,
    /// What it does, in sentences.
    pub doc: &'static str,
    /// Another sensible value.
    pub example: &'static str,
}

impl Key {
    /// `section.name`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// The variable that overrides the file.
    pub fn variable(&self) -> String {
        format!("THROUGHLINE_{}_{}", self.section, self.name).to_ascii_uppercase()
    }
}

const fn key(
    section: &'static str,
    name: &'static str,
    kind: Kind,
    default: &'static str,
    example: &'static str,
    doc: &'static str,
) -> Key {
    Key { section, name, kind, default, doc, example }
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;
const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
const YEAR: u64 = 366 * 24 * HOUR;

/// Every key, in the order of the reference page.
pub const KEYS: &[Key] = &[
    key(
        "server",
        "data_dir",
        Kind::Path,
        "./throughline-data",
        "/var/lib/throughline",
        "Folder of the log, the tables and their index. One process at a time owns it. Flag `--data`.",
    ),
    key(
        "server",
        "bind",
        Kind::Address,
        "127.0.0.1",
        "0.0.0.0",
        "Address that listeners without one of their own bind. There is no authentication yet: beyond loopback everybody who \
         reaches a port reads and writes. Flag `--bind`.",
    ),
    key(
        "server",
        "drain_timeout",
        Kind::Duration(0, HOUR),
        "10s",
        "30s",
        "How long requests may take to end after SIGTERM or SIGINT before their connections are closed.",
    ),
    key(
        "listen",
        "main",
        Kind::Listen,
        "",
        "0.0.0.0:4300",
        "The page with the addresses, the own API, each dialect under its prefix, OTLP/HTTP, `/metrics`, `/healthz` and \
         `/readyz`. Default port 4300. Flag `--listen main=...`.",
    ),
    key(
        "listen",
        "otlp_grpc",
        Kind::Listen,
        "",
        "4317",
        "OTLP in any of its protocols. Default port 4317; a default port that is busy is a warning, one that was asked for an \
         error.",
    ),
    key("listen", "otlp_http", Kind::Listen, "", "off", "OTLP in any of its protocols. Default port 4318."),
    key(
        "listen",
        "jaeger",
        Kind::Listen,
        "",
        "16687",
        "The Jaeger query API at the root. Default port 16686.",
    ),
    key(
        "listen",
        "tempo",
        Kind::Listen,
        "",
        "0",
        "The Tempo API at the root. Default port 3200; port 0 takes any free one.",
    ),
    key(
        "storage",
        "location",
        Kind::Text,
        "",
        "s3://telemetry/throughline",
        "Where the tables lie: a folder, or a bucket as `s3://`, `gs://` or `az://`. Empty means `tables` in the data folder. \
         The log and the index always lie in the data folder.",
    ),
    key(
        "storage",
        "options",
        Kind::Pairs,
        "",
        "aws_region=ap-northeast-2",
        "Options of the object store by the names of its library, such as `aws_region`, `aws_endpoint`, \
         `aws_access_key_id`. The variables of cloud tools are not read.",
    ),
    key(
        "storage",
        "lease",
        Kind::Duration(SECOND, HOUR),
        "30s",
        "2m",
        "A bucket has one writer at a time, which holds a lease of this length and renews it three times as often. After a server \
         that was killed another one takes over when the lease is over by a third; the same one at once. Folders need none.",
    ),
    key(
        "storage",
        "checkpoint",
        Kind::Count(2, 10_000),
        "50",
        "20",
        "Commits of a table from one checkpoint of its log to the next.",
    ),
    key(
        "log",
        "format",
        Kind::Choice(&["text", "json"]),
        "text",
        "json",
        "Form of the server's own log, which goes to standard error.",
    ),
    key(
        "log",
        "level",
        Kind::Text,
        "warn,server=info,buoyant_kernel=error",
        "warn,server=debug,store=debug",
        "Which lines the server writes: `error`, `warn`, `info`, `debug` or `trace`, also by part as `part=level`, separated by commas.",
    ),
    key(
        "wal",
        "durability",
        Kind::Choice(&["synced", "interval", "none"]),
        "synced",
        "interval",
        "When a request is acknowledged. `synced`: after it is on disk, so that it survives a power cut. `interval`: after it is \
         written; a power cut loses up to `wal.sync_interval`. `none`: after it is written; the operating system syncs when it \
         likes. Each survives kill -9.",
    ),
    key(
        "wal",
        "sync_interval",
        Kind::Duration(1, 60 * SECOND),
        "200ms",
        "1s",
        "Longest time between two syncs with durability `interval`.",
    ),
    key(
        "wal",
        "file_size",
        Kind::Bytes(MIB, 4 * GIB),
        "64MiB",
        "128MiB",
        "Size of one file of the log; this much is reserved at once.",
    ),
    key(
        "wal",
        "held_max",
        Kind::Bytes(MIB, TIB),
        "1GiB",
        "4GiB",
        "Bytes of log that a slow follower of the stream may hold back. Beyond it the oldest go and the follower is told.",
    ),
    key(
        "wal",
        "retry_window",
        Kind::Duration(0, 24 * HOUR),
        "10m",
        "1h",
        "How long a request is remembered, so that its retry is acknowledged without being stored again.",
    ),
    key(
        "limits",
        "body_size",
        Kind::Bytes(KIB, 256 * MIB),
        "64MiB",
        "16MiB",
        "Largest body of a request after decompression.",
    ),
    key(
        "limits",
        "in_flight_size",
        Kind::Bytes(MIB, TIB),
        "192MiB",
        "1GiB",
        "Most bytes of bodies, as received, of all requests in flight. Beyond it senders are asked to come again.",
    ),
    key(
        "limits",
        "decoding_size",
        Kind::Bytes(MIB, TIB),
        "256MiB",
        "1GiB",
        "Most bytes that bodies may grow to while they are decompressed and decoded. A compressed body counts with what it \
         could become; requests wait for each other within this. At least `limits.body_size` is used.",
    ),
    key(
        "limits",
        "connections",
        Kind::Count(16, 1_000_000),
        "16000",
        "2000",
        "Most open connections of all listeners. Beyond it new ones are closed at once and counted.",
    ),
    key(
        "limits",
        "header_timeout",
        Kind::Duration(100, HOUR),
        "10s",
        "30s",
        "Time for the first bytes of a connection, a TLS handshake and the head of a request.",
    ),
    key(
        "limits",
        "body_idle_timeout",
        Kind::Duration(100, HOUR),
        "30s",
        "10s",
        "Longest pause of a sender within a body.",
    ),
    key(
        "limits",
        "body_timeout",
        Kind::Duration(100, 24 * HOUR),
        "5m",
        "1m",
        "Longest time for a whole body.",
    ),
    key(
        "limits",
        "idle_timeout",
        Kind::Duration(SECOND, 24 * HOUR),
        "10m",
        "2m",
        "Connections without a request are closed after this.",
    ),
    key(
        "limits",
        "item_size",
        Kind::Bytes(KIB, 256 * MIB),
        "16MiB",
        "1MiB",
        "Largest span. A larger one is rejected alone, with the reason `item_too_large`.",
    ),
    key(
        "limits",
        "items",
        Kind::Count(1, 16_000_000),
        "262144",
        "10000",
        "Most spans of one request; the rest is rejected.",
    ),
    key(
        "buffer",
        "memory",
        Kind::Bytes(MIB, TIB),
        "256MiB",
        "2GiB",
        "Most bytes of received spans that are in no table yet. Beyond it senders are asked to come again.",
    ),
    key(
        "flush",
        "size",
        Kind::Bytes(KIB, TIB),
        "128MiB",
        "256MiB",
        "The tables take what waits when so many bytes of requests wait.",
    ),
    key(
        "flush",
        "interval",
        Kind::Duration(100, 24 * HOUR),
        "1m",
        "10s",
        "The tables take what waits when the oldest has waited this long.",
    ),
    key(
        "flush",
        "small_size",
        Kind::Bytes(0, GIB),
        "1MiB",
        "64KiB",
        "While fewer bytes wait, `flush.small_interval` holds, so that idle servers do not make many small files.",
    ),
    key("flush", "small_interval", Kind::Duration(100, 24 * HOUR), "5m", "1m", "See `flush.small_size`."),
    key(
        "compaction",
        "files",
        Kind::Count(2, 1_000),
        "8",
        "16",
        "So many files of one day and size class are merged.",
    ),
    key(
        "compaction",
        "file_size",
        Kind::Bytes(MIB, TIB),
        "1GiB",
        "512MiB",
        "A merged file grows to about this size.",
    ),
    key(
        "retention",
        "age",
        Kind::Duration(0, 100 * YEAR),
        "30d",
        "7d",
        "Days older than this are dropped; `0s` keeps everything.",
    ),
    key(
        "retention",
        "size",
        Kind::Space(0, 1_024 * TIB),
        "80%",
        "200GiB",
        "The tables are kept below this size by dropping the oldest days, the newest excepted; 0 means no limit. A share is one of \
         the disk that holds the tables, as large as it is at the start; in a bucket a share limits nothing.",
    ),
    key(
        "retention",
        "interval",
        Kind::Duration(100, 24 * HOUR),
        "5m",
        "1h",
        "Time between two looks at what is over the limits above and at replaced files.",
    ),
    key(
        "retention",
        "vacuum_keep",
        Kind::Duration(0, YEAR),
        "1h",
        "24h",
        "How long replaced files stay for other programs that read the tables.",
    ),
    key(
        "disk",
        "free_ratio_min",
        Kind::Ratio,
        "0.05",
        "0.02",
        "Senders are asked to come again while a smaller share of the disk is free.",
    ),
    key(
        "disk",
        "free_min",
        Kind::Bytes(0, TIB),
        "1GiB",
        "10GiB",
        "Senders are asked to come again while fewer bytes of the disk are free.",
    ),
    key(
        "tls",
        "certificate",
        Kind::Path,
        "",
        "/etc/throughline/tls.crt",
        "Certificate chain in PEM for the OTLP listeners, own certificate first. With it they speak TLS beside plain \
         connections, told apart by the first bytes.",
    ),
    key(
        "tls",
        "key",
        Kind::Path,
        "",
        "/etc/throughline/tls.key",
        "Private key in PEM that belongs to `tls.certificate`.",
    ),
    key(
        "tls",
        "required",
        Kind::Switch,
        "false",
        "true",
        "Whether plain connections to the OTLP listeners are closed.",
    ),
    key(
        "cors",
        "allowed_origins",
        Kind::Texts,
        "loopback",
        "loopback,https://shop.example",
        "Pages from where browsers may send: origins as browsers write them, `loopback` for any port of this machine, `*` for all.",
    ),
    key(
        "tenancy",
        "enabled",
        Kind::Switch,
        "false",
        "true",
        "Whether `X-Scope-OrgID` names the tenant. While it is off the header is ignored and counted.",
    ),
    key(
        "tenancy",
        "tenants_max",
        Kind::Count(1, 10_000),
        "100",
        "20",
        "Most tenants; requests of further ones are refused.",
    ),
];

/// The key `section.name`.
pub fn find(section: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.section == section && key.name == name)
}
