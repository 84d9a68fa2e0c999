//! The configuration file of `standin serve`: TOML, every name known, every value checked before anything starts. What can
//! also be an option has the option's name, with underscores.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use standin_server::config::{self, Config};
use standin_server::policy::{Confirm, OnReplay};
use standin_server::reach::Reach;
use url::Url;

use super::keep::{Keep, Kept};
use crate::failure::{Failure, Result};
use crate::tls::Certificate;
use crate::written;

/// What a file may say. Lists are added to those of the command line, other settings give way to it. What a setting means
/// is said by the option of its name, or here.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    pub listen: Option<SocketAddr>,
    pub backend_listen: Option<SocketAddr>,
    pub metrics_listen: Option<SocketAddr>,
    pub dashboard_listen: Option<SocketAddr>,
    #[serde(deserialize_with = "url")]
    pub public_url: Option<Url>,
    pub data: Option<PathBuf>,
    pub database_url: Option<String>,
    pub database_connections: Option<usize>,
    /// How long a request waits for the database until it is told to come back, in seconds.
    database_wait_seconds: Option<NonZeroU64>,
    #[serde(alias = "allow_origins")]
    allow_origin: Vec<String>,
    #[serde(alias = "allow_hosts")]
    allow_host: Vec<String>,
    #[serde(alias = "trusted_proxies")]
    trusted_proxy: Vec<IpAddr>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    npm: Option<PathBuf>,
    allow_sign_up: bool,
    /// How long a link can be opened where its task does not say, in seconds.
    ticket_seconds: Option<i64>,
    /// The longest session a task may ask for, in seconds.
    session_cap_seconds: Option<i64>,
    keep_tasks: Option<Kept>,
    keep_sessions: Option<Kept>,
    keep_audit: Option<Kept>,
    keep_deliveries: Option<Kept>,
    webhook_reach: Option<Reach>,
    /// What happens when a used link is opened again.
    on_replay: Option<Replay>,
    /// Who is asked before a link is opened, where its task does not say.
    confirm: Option<Asked>,
    /// Whether pages of a task's session may use it and nothing more, where the task does not say.
    restricted: bool,
    /// Custom claims for session tokens, as the file of `--claims` has them.
    claims: Option<Map<String, Value>>,
    limits: Limits,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Replay {
    Refuse,
    RevokeSession,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asked {
    Nobody,
    Visitor,
}

/// Requests a second; 0 lifts a limit.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Limits {
    /// Requests by one secret key.
    per_key: Option<u32>,
    /// Requests from one IP address, Frontend API.
    per_ip: Option<u32>,
    /// Tasks by one agent, and for one user.
    per_agent_or_user: Option<u32>,
    /// Refused credentials from one IP address: wrong keys, and tickets that open nothing; the two are counted apart.
    refused_per_ip: Option<u32>,
    /// Wrong passwords, codes and identifiers from one IP address.
    guesses_per_ip: Option<u32>,
    /// Passwords and codes for one identifier, right or wrong.
    guesses_per_identifier: Option<u32>,
    /// Sign-ups from one IP address.
    sign_ups_per_ip: Option<u32>,
}

fn url<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Option<Url>, D::Error> {
    let text = String::deserialize(from)?;
    Url::parse(&text)
        .map(Some)
        .map_err(serde::de::Error::custom)
}

impl File {
    /// Reads it.
    ///
    /// # Errors
    /// A usage failure with the line, and what is wrong on it.
    pub fn read(path: &Path) -> Result<Self> {
        written::read(path, &written::text(path)?, "setting")
    }

    /// The certificate it names.
    pub fn certificate(&self) -> Certificate {
        Certificate::of(self.tls_cert.clone(), self.tls_key.clone())
    }

    /// How long it says that what is over is kept.
    pub fn keep(&self) -> Keep {
        Keep {
            tasks: self.keep_tasks,
            sessions: self.keep_sessions,
            audit: self.keep_audit,
            deliveries: self.keep_deliveries,
        }
    }

    /// Lays its settings over those that are in place.
    pub fn apply(self, config: &mut Config) -> Result<()> {
        for text in self.allow_origin {
            let origin = text
                .parse()
                .map_err(|error| Failure::usage(format!("allow_origin: {error}")))?;
            config.allowed_origins.push(origin);
        }
        if let Some(reach) = self.webhook_reach {
            config.webhook_reach = reach;
        }
        config.allowed_hosts.extend(self.allow_host);
        for host in &mut config.allowed_hosts {
            host.make_ascii_lowercase();
        }
        config.trusted_proxies.extend(self.trusted_proxy);
        config.npm.extend(self.npm);
        config.sign_up |= self.allow_sign_up;
        for (name, given, setting) in [
            (
                "ticket_seconds",
                self.ticket_seconds,
                &mut config.ticket_seconds,
            ),
            (
                "session_cap_seconds",
                self.session_cap_seconds,
                &mut config.session_cap_seconds,
            ),
        ] {
            match given {
                Some(seconds) if seconds > 0 => *setting = seconds,
                Some(_) => return Err(Failure::usage(format!("{name} must be more than nothing"))),
                None => {}
            }
        }
        if let Some(seconds) = self.database_wait_seconds {
            config.capacity.patience = Duration::from_secs(seconds.get());
        }
        match self.on_replay {
            Some(Replay::Refuse) => config.on_replay = OnReplay::Refuse,
            Some(Replay::RevokeSession) => config.on_replay = OnReplay::RevokeSession,
            None => {}
        }
        match self.confirm {
            Some(Asked::Nobody) => config.confirm = Confirm::Nobody,
            Some(Asked::Visitor) => config.confirm = Confirm::Visitor,
            None => {}
        }
        config.restricted |= self.restricted;
        config.session_claims = config.session_claims.take().or(self.claims);
        self.limits.apply(&mut config.limits);
        Ok(())
    }
}

impl Limits {
    fn apply(&self, limits: &mut config::Limits) {
        for (given, setting) in [
            (self.per_key, &mut limits.per_key),
            (self.per_ip, &mut limits.per_ip),
            (self.per_agent_or_user, &mut limits.per_agent_or_user),
            (self.refused_per_ip, &mut limits.refused_per_ip),
            (self.guesses_per_ip, &mut limits.guesses_per_ip),
            (
                self.guesses_per_identifier,
                &mut limits.guesses_per_identifier,
            ),
            (self.sign_ups_per_ip, &mut limits.sign_ups_per_ip),
        ] {
            if let Some(most) = given {
                *setting = Some(most).filter(|most| *most > 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::failure::Exit;

    fn read(text: &str) -> Result<File> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        File::read(file.path())
    }

    #[test]
    fn a_misspelt_name_is_refused_with_its_line() {
        let refused = read("listen = \"0.0.0.0:80\"\nalow_origins = []\n")
            .err()
            .unwrap();
        assert_eq!(refused.exit, Exit::Usage);
        assert!(
            refused.sentence.contains("line 2") && refused.sentence.contains("alow_origins"),
            "{refused:?}"
        );
        assert_eq!(
            refused.hints,
            [("did you mean".to_owned(), "allow_origins".to_owned())]
        );
        let hints = |text| read(text).err().unwrap().hints;
        assert_eq!(
            hints("[limits]\nguesses_per_up = 1\n"),
            [("did you mean".to_owned(), "guesses_per_ip".to_owned())]
        );
        assert!(
            hints("[limits]\nx = 1\n")[0]
                .1
                .ends_with(" sign_ups_per_ip")
        );
    }

    #[test]
    fn what_is_wrong_is_told_on_one_line() {
        for (text, line, word) in [
            ("listen = 80\n", "line 1", "socket address"),
            ("\nlisten = \"nowhere\"\n", "line 2", "socket address"),
            ("[limits]\nper_ip = -1\n", "line 2", "per_ip"),
            ("public_url \"x\"\n", "line 1", "public_url"),
            ("[limits]\nper_hour = 1\n", "line 2", "per_hour"),
        ] {
            let refused = read(text).err().unwrap();
            let sentence = &refused.sentence;
            assert!(
                sentence.contains(line) && sentence.contains(word),
                "{refused:?}"
            );
            assert!(!sentence.contains('\n'), "{refused:?}");
        }
    }

    #[test]
    fn a_file_names_settings_as_the_options_do() {
        let text = "allow_origin = [\"https://a.example.com\"]\nallow_hosts = [\"b\"]\ntrusted_proxy = [\"127.0.0.1\"]\n";
        let file = read(text).unwrap();
        assert_eq!(
            (
                file.allow_origin.len(),
                file.allow_host.len(),
                file.trusted_proxy.len()
            ),
            (1, 1, 1)
        );
    }

    #[test]
    fn people_sign_up_where_a_file_lets_them() {
        for (text, allowed) in [("allow_sign_up = true", true), ("", false)] {
            let url = Url::parse("https://clerk.example.com").unwrap();
            let database = standin_server::db::Database::Sqlite("x".into());
            let mut config =
                Config::production(([127, 0, 0, 1], 0).into(), url, database, "k".into()).unwrap();
            read(text).unwrap().apply(&mut config).unwrap();
            assert_eq!(config.sign_up, allowed);
        }
    }

    #[test]
    fn times_are_written_as_options_have_them() {
        let mut keep = standin_server::config::Keep::default();
        let file = "keep_sessions = \"90d\"\nkeep_audit = \"forever\"\n";
        read(file).unwrap().keep().apply(&mut keep);
        assert_eq!(
            (keep.tasks, keep.sessions, keep.audit),
            (Some(30 * 86_400), Some(90 * 86_400), None)
        );
        let refused = read("keep_tasks = \"1h\"\n").err().unwrap();
        assert!(
            refused.sentence.contains("a day is the least"),
            "{refused:?}"
        );
    }

    #[test]
    fn zero_lifts_a_limit() {
        let file = read("public_url = \"https://clerk.example.com\"\non_replay = \"revoke_session\"\n[limits]\nper_ip = 0\nper_key = 7\n").unwrap();
        let url = file.public_url.clone().unwrap();
        let database = standin_server::db::Database::Sqlite("x".into());
        let mut config =
            Config::production(([127, 0, 0, 1], 0).into(), url, database, "k".into()).unwrap();
        file.apply(&mut config).unwrap();
        assert_eq!(
            (config.limits.per_ip, config.limits.per_key),
            (None, Some(7))
        );
        assert_eq!(config.on_replay, OnReplay::RevokeSession);
    }
}
