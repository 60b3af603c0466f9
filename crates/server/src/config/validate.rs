//! The second step: typed values within their ranges, or one error that names key, place and remedy.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use store::Durability;

use super::keys::{Key, Kind, find};
use super::raw::Raw;
use super::{Config, ConfigError, Limits, LogConfig, Origin, Storage, Tenancy, TlsFiles};
use crate::wiring::listen::{Listener, Wish};

impl Config {
    /// Checks every value.
    pub fn validate(raw: &Raw) -> Result<Self, ConfigError> {
        let read = Reader { raw };
        let mut store = store::Options::standard();
        store.durability = match read.text("wal.durability")?.as_str() {
            "interval" => Durability::Interval(nanos(read.duration("wal.sync_interval")?)),
            "none" => Durability::None,
            _ => Durability::Synced,
        };
        // Read in any case, so that a wrong value is told while it has no effect, too.
        read.duration("wal.sync_interval")?;
        let body_bytes_max = usize::try_from(read.bytes("limits.body_size")?).unwrap_or(usize::MAX);
        store.log.file_bytes = read.bytes("wal.file_size")?;
        // A record is the body as received, which encodings that do not compress make a little larger.
        store.log.record_bytes_max = (body_bytes_max as u64).saturating_add(16 << 20);
        store.log_held_bytes_max = read.bytes("wal.held_max")?;
        store.retry_window_ns = nanos(read.duration("wal.retry_window")?);
        store.limits.body_bytes_max = body_bytes_max;
        store.limits.item_bytes_max = usize::try_from(read.bytes("limits.item_size")?).unwrap_or(usize::MAX);
        store.limits.items_max = usize::try_from(read.count("limits.items")?).unwrap_or(usize::MAX);
        store.buffer_bytes_max = read.bytes("buffer.memory")?;
        store.flush_bytes = read.bytes("flush.size")?;
        store.flush_interval_ns = nanos(read.duration("flush.interval")?);
        store.flush_small_bytes = read.bytes("flush.small_size")?;
        store.flush_interval_small_ns = nanos(read.duration("flush.small_interval")?);
        store.compact_files = usize::try_from(read.count("compaction.files")?).unwrap_or(usize::MAX);
        store.compact_bytes_max = read.bytes("compaction.file_size")?;
        store.retention_age_ns = nanos(read.duration("retention.age")?);
        let (retention_bytes, retention_disk_share) = read.space("retention.size")?;
        store.retention_bytes = retention_bytes;
        store.expire_interval_ns = nanos(read.duration("retention.interval")?);
        store.vacuum_keep_ns = nanos(read.duration("retention.vacuum_keep")?);
        store.free_disk_ratio_min = read.ratio("disk.free_ratio_min")?;
        store.free_disk_bytes_min = read.bytes("disk.free_min")?;
        store.checkpoint_commits = i64::try_from(read.count("storage.checkpoint")?).unwrap_or(i64::MAX);
        let limits = Limits {
            body_bytes_max,
            in_flight_bytes_max: read.bytes("limits.in_flight_size")?,
            decoding_bytes_max: read.bytes("limits.decoding_size")?.max(body_bytes_max as u64),
            connections_max: usize::try_from(read.count("limits.connections")?).unwrap_or(usize::MAX),
            header_timeout: read.duration("limits.header_timeout")?,
            body_idle_timeout: read.duration("limits.body_idle_timeout")?,
            body_timeout: read.duration("limits.body_timeout")?,
            idle_timeout: read.duration("limits.idle_timeout")?,
            drain_timeout: read.duration("server.drain_timeout")?,
        };
        let mut listeners = BTreeMap::new();
        for listener in Listener::ALL {
            let path = format!("listen.{}", listener.key());
            let text = read.text(&path)?;
            let wish = Wish::parse(&text).map_err(|error| read.wrong(&path, &error))?;
            listeners.insert(listener, wish);
        }
        Ok(Self {
            data_dir: read
                .path("server.data_dir")?
                .ok_or_else(|| read.wrong("server.data_dir", "a folder is needed"))?,
            bind: {
                let text = read.text("server.bind")?;
                let name = if text == "localhost" { "127.0.0.1" } else { text.trim_matches(['[', ']']) };
                name.parse().map_err(|_| {
                    read.wrong("server.bind", "write an IP address like `127.0.0.1`, `0.0.0.0` or `::`")
                })?
            },
            listeners,
            storage: Storage {
                location: read.text("storage.location")?,
                options: read.pairs("storage.options")?,
                lease: read.duration("storage.lease")?,
                retention_disk_share,
            },
            store,
            limits,
            tls: match (read.path("tls.certificate")?, read.path("tls.key")?) {
                (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
                (None, None) => None,
                (Some(_), None) => {
                    return Err(read.wrong("tls.key", "a certificate needs its key: set both or neither"));
                }
                (None, Some(_)) => {
                    return Err(
                        read.wrong("tls.certificate", "a key needs its certificate: set both or neither")
                    );
                }
            },
            tls_required: {
                let required = read.switch("tls.required")?;
                if required && read.text("tls.certificate")?.is_empty() {
                    return Err(read.wrong("tls.required", "TLS needs `tls.certificate` and `tls.key`"));
                }
                required
            },
            cors_origins: read.origins()?,
            tenancy: Tenancy {
                enabled: read.switch("tenancy.enabled")?,
                tenants_max: usize::try_from(read.count("tenancy.tenants_max")?).unwrap_or(usize::MAX),
            },
            log: LogConfig { json: read.text("log.format")? == "json", level: read.text("log.level")? },
        })
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Reads texts as the table of keys says.
struct Reader<'a> {
    raw: &'a Raw,
}

impl Reader<'_> {
    fn key(&self, path: &str) -> Option<&'static Key> {
        let (section, name) = path.split_once('.')?;
        find(section, name)
    }

    fn wrong(&self, path: &str, why: &str) -> ConfigError {
        let value = self.raw.get(path);
        ConfigError(format!("`{path}` = `{}` ({}): {why}", value.text.escape_debug(), value.origin))
    }

    fn text(&self, path: &str) -> Result<String, ConfigError> {
        let text = self.raw.get(path).text;
        if let Some(Key { kind: Kind::Choice(words), .. }) = self.key(path)
            && !words.contains(&text.as_str())
        {
            return Err(self.wrong(path, &format!("one of `{}` is needed", words.join("`, `"))));
        }
        Ok(text)
    }

    fn path(&self, path: &str) -> Result<Option<PathBuf>, ConfigError> {
        let text = self.text(path)?;
        Ok((!text.is_empty()).then(|| PathBuf::from(text)))
    }

    fn switch(&self, path: &str) -> Result<bool, ConfigError> {
        match self.raw.get(path).text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(self.wrong(path, "`true` or `false` is needed")),
        }
    }

    fn count(&self, path: &str) -> Result<u64, ConfigError> {
        let number =
            self.raw.get(path).text.parse::<u64>().map_err(|_| self.wrong(path, "a number is needed"))?;
        let Some(Key { kind: Kind::Count(low, high), .. }) = self.key(path) else { return Ok(number) };
        if (*low..=*high).contains(&number) {
            Ok(number)
        } else {
            Err(self.wrong(path, &format!("it must be from {low} to {high}")))
        }
    }

    fn bytes(&self, path: &str) -> Result<u64, ConfigError> {
        let bytes =
            stdx::human::parse_bytes(&self.raw.get(path).text).map_err(|error| self.wrong(path, &error))?;
        let Some(Key { kind: Kind::Bytes(low, high) | Kind::Space(low, high), .. }) = self.key(path) else {
            return Ok(bytes);
        };
        if (*low..=*high).contains(&bytes) {
            return Ok(bytes);
        }
        let (low, high) = (stdx::human::format_bytes(*low), stdx::human::format_bytes(*high));
        Err(self.wrong(path, &format!("it must be from {low} to {high}")))
    }

    /// Bytes, or a share of a disk; the other one is nothing.
    fn space(&self, path: &str) -> Result<(u64, Option<f64>), ConfigError> {
        let text = self.raw.get(path).text;
        let Some(percent) = text.strip_suffix('%') else { return Ok((self.bytes(path)?, None)) };
        let percent =
            percent.trim().parse::<f64>().ok().filter(|percent| *percent > 0.0 && *percent <= 100.0);
        let percent = percent.ok_or_else(|| self.wrong(path, "a share is above 0% and at most 100%"))?;
        Ok((0, Some(percent / 100.0)))
    }

    fn duration(&self, path: &str) -> Result<Duration, ConfigError> {
        let nanos = stdx::human::parse_duration(&self.raw.get(path).text)
            .map_err(|error| self.wrong(path, &error))?;
        let duration = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
        let Some(Key { kind: Kind::Duration(low, high), .. }) = self.key(path) else { return Ok(duration) };
        let (low, high) = (Duration::from_millis(*low), Duration::from_millis(*high));
        if (low..=high).contains(&duration) {
            Ok(duration)
        } else {
            Err(self.wrong(path, &format!("it must be from {low:?} to {high:?}")))
        }
    }

    fn ratio(&self, path: &str) -> Result<f64, ConfigError> {
        let number =
            self.raw.get(path).text.parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number));
        number.ok_or_else(|| self.wrong(path, "a number from 0 to 1 is needed"))
    }

    fn pairs(&self, path: &str) -> Result<BTreeMap<String, String>, ConfigError> {
        let text = self.raw.get(path).text;
        text.split(',')
            .filter(|pair| !pair.trim().is_empty())
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
                None => Err(self.wrong(path, "pairs `name=text` are needed")),
            })
            .collect()
    }

    fn origins(&self) -> Result<Vec<Origin>, ConfigError> {
        let path = "cors.allowed_origins";
        let text = self.raw.get(path).text;
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| match part {
                "loopback" => Ok(Origin::Loopback),
                "*" => Ok(Origin::Any),
                _ => {
                    let url = url::Url::parse(part).ok().filter(|url| url.has_host() && url.path() == "/");
                    let url = url.ok_or_else(|| {
                        self.wrong(
                            path,
                            &format!("`{part}` is no origin: write it like `https://shop.example`"),
                        )
                    })?;
                    Ok(Origin::Exact(url.origin().ascii_serialization()))
                }
            })
            .collect()
    }
}
