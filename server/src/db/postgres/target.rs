//! Where a PostgreSQL database is: its URL, as users of libpq know it.
//!
//! The driver reads most of it. What concerns TLS is read here, since the driver knows half of libpq's modes and no
//! certificates; so is what it names or counts in other units than libpq.

use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config, Connection, Socket};

use super::tls::{Connector, Encrypted, Files, Trust};
use crate::error::{Error, Result};

/// How long a connection may take to open, at every address of every host.
const CONNECT: Duration = Duration::from_secs(5);
/// A peer that is gone shows within 25 s, also where nothing is sent and an answer awaited.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(10), Duration::from_secs(5), 3);
/// How long sent bytes may stay unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);

/// Everything needed to connect.
pub(super) struct Target {
    /// One for each way that is tried, in order.
    ways: Vec<Config>,
    connector: Connector,
}

impl Target {
    /// Connects to the first host that takes writes.
    pub(super) async fn connect(&self) -> Result<(Client, Connection<Socket, Encrypted>)> {
        let mut refused = None;
        for way in &self.ways {
            match way.connect(self.connector.clone()).await {
                Ok(connected) => return Ok(connected),
                // What the wish for TLS met says more than that it does not go without either.
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        let refused = refused.ok_or_else(|| Error::Bug("no way to connect".into()))?;
        Err(refused.into())
    }
}

/// `sslmode`, and what it means: whether TLS is asked for, and what is asked of the other side's certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Mode {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }

    fn ways(self) -> &'static [SslMode] {
        match self {
            Self::Disable => &[SslMode::Disable],
            Self::Allow => &[SslMode::Disable, SslMode::Require],
            Self::Prefer => &[SslMode::Prefer, SslMode::Disable],
            Self::Require | Self::VerifyCa | Self::VerifyFull => &[SslMode::Require],
        }
    }

    /// Whom a certificate is believed.
    fn trust(self, root: Option<&str>) -> Result<Trust> {
        let verifies = matches!(self, Self::VerifyCa | Self::VerifyFull);
        match (root, self) {
            (Some("system"), Self::VerifyFull) => Trust::system(),
            // Anybody gets a certificate of theirs for some name.
            (Some("system"), _) => Err(unusable("sslrootcert=system needs sslmode=verify-full")),
            (Some(file), Self::VerifyFull) => Trust::of_name(file),
            // As with libpq: whoever names an authority wants it heeded.
            (Some(file), Self::VerifyCa | Self::Require) => Trust::of_authority(file),
            (None, _) if verifies => Err(unusable(
                "sslmode=verify-ca and verify-full need sslrootcert=FILE, the certificate of the authority that signed the \
                 database's, or sslmode=verify-full&sslrootcert=system",
            )),
            _ => Ok(Trust::anyone()),
        }
    }
}

/// A database URL that does not work as it stands. It is not shown, for it may hold a password.
fn unusable(why: impl std::fmt::Display) -> Error {
    Error::Config(format!("the database URL cannot be used: {why}"))
}

/// The parameters of a URL that are read here.
#[derive(Default)]
struct Own {
    mode: Option<Mode>,
    root: Option<String>,
    files: Files,
    unacknowledged: Option<Duration>,
    has_keepalive: bool,
    sessions: Option<String>,
}

impl Own {
    /// Takes one parameter, or gives the driver's form of it back.
    fn take(&mut self, pair: &str) -> Result<Option<String>> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = percent_decode_str(value).decode_utf8();
        let text = decoded
            .map_err(|_| unusable(format!("{name} is not UTF-8")))?
            .into_owned();
        match name {
            "sslmode" => {
                let mode = Mode::named(&text).ok_or_else(|| {
                    unusable(
                        "sslmode must be disable, allow, prefer, require, verify-ca or verify-full",
                    )
                })?;
                self.mode = Some(mode);
            }
            "sslrootcert" => self.root = Some(text),
            "sslcert" => self.files.certificate = Some(text),
            "sslkey" => self.files.key = Some(text),
            "target_session_attrs" => self.sessions = Some(text),
            "tcp_user_timeout" => {
                let milliseconds = text
                    .parse()
                    .map_err(|_| unusable("tcp_user_timeout must be a number of milliseconds"))?;
                self.unacknowledged = Some(Duration::from_millis(milliseconds));
            }
            "keepalives_count" => return Ok(Some(format!("keepalives_retries={value}"))),
            _ => {
                self.has_keepalive |= name.starts_with("keepalives");
                return Ok(Some(pair.to_owned()));
            }
        }
        Ok(None)
    }
}

impl FromStr for Target {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        if !place.starts_with("postgres://") && !place.starts_with("postgresql://") {
            return Err(unusable("it must begin with postgres://"));
        }
        let mut own = Own::default();
        let mut others = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            others.extend(own.take(pair)?);
        }
        let mut config: Config = format!("{place}?{}", others.join("&"))
            .parse()
            .map_err(|error| unusable(super::described(&error)))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(unusable("it names no host"));
        }
        match own.sessions.as_deref() {
            None | Some("read-write" | "primary") => {}
            Some(other) => {
                return Err(unusable(format!(
                    "target_session_attrs={other}: this server writes, so leave it out or say read-write"
                )));
            }
        }
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        let mode = own.mode.unwrap_or(Mode::Prefer);
        let trust = mode.trust(own.root.as_deref())?;
        let connector = Connector::new(trust, &own.files)?;
        patience(&mut config, &own);
        let ways = ways(&config, mode);
        Ok(Self { ways, connector })
    }
}

/// How long the network may keep silent, where the URL does not say.
fn patience(config: &mut Config, own: &Own) {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    config.tcp_user_timeout(own.unacknowledged.unwrap_or(UNACKNOWLEDGED));
    if !own.has_keepalive {
        let (idle, interval, retries) = KEEPALIVE;
        config
            .keepalives_idle(idle)
            .keepalives_interval(interval)
            .keepalives_retries(retries);
    }
    if config.get_application_name().is_none() {
        config.application_name("standin");
    }
}

fn ways(config: &Config, mode: Mode) -> Vec<Config> {
    // As with libpq: a socket in the file system is spoken to without TLS, whatever the mode.
    let is_local = |host: &Host| matches!(host, Host::Unix(_));
    let local = !config.get_hosts().is_empty() && config.get_hosts().iter().all(is_local);
    let mode = if local { Mode::Disable } else { mode };
    let way = |ssl: &SslMode| {
        let mut way = config.clone();
        way.ssl_mode(*ssl);
        way
    };
    mode.ways().iter().map(way).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        url.parse::<Target>()
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn a_url_that_asks_for_what_cannot_be_is_refused_with_the_reason() {
        for (query, reason) in [
            ("sslmode=verify_full", "sslmode must be disable, allow"),
            ("sslmode=verify-full", "need sslrootcert=FILE"),
            (
                "sslmode=require&sslrootcert=system",
                "needs sslmode=verify-full",
            ),
            ("sslmode=require&sslrootcert=/nowhere.pem", "/nowhere.pem"),
            ("sslcert=/nowhere.pem", "sslcert and sslkey"),
            ("target_session_attrs=any", "this server writes"),
            ("tcp_user_timeout=soon", "milliseconds"),
            ("sslmodus=require", "unknown option `sslmodus`"),
        ] {
            let told = refusal(&format!("postgres://me:secret@db/standin?{query}"));
            assert!(told.contains(reason), "{query}: {told}");
            assert!(!told.contains("secret"), "{told}");
        }
        assert!(refusal("postgres:///standin").contains("names no host"));
        assert!(refusal("host=db user=me").contains("postgres://"));
    }

    #[test]
    fn what_libpq_counts_in_its_own_way_is_counted_so() {
        let url = "postgres://me@one:1,two:2/standin?tcp_user_timeout=2500&keepalives_count=7&keepalives_idle=3";
        let target: Target = url.parse().unwrap();
        let config = &target.ways[0];
        let timeout = config.get_tcp_user_timeout().copied();
        assert_eq!(timeout, Some(Duration::from_millis(2500)));
        assert_eq!(config.get_keepalives_retries(), Some(7));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(3));
        assert_eq!(config.get_ports(), [1, 2]);
        assert_eq!(
            config.get_target_session_attrs(),
            TargetSessionAttrs::ReadWrite
        );
    }
}
