//! The one instance a server is: its id, its public address, and the names that follow from it.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use url::Url;

use crate::clock::Time;
use crate::db::{FromRow, Read, Row, Write, values};
use crate::error::{Error, Result};
use crate::id::InstanceId;
use crate::origin;
use crate::secret::Secret;
use crate::stage::Stage;

/// What every SDK and browser knows this server by.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The instance's id.
    pub id: InstanceId,
    /// Development or production.
    pub stage: Stage,
    /// Where browsers reach the Frontend API.
    pub public_url: Url,
    /// `pk_test_…` or `pk_live_…`: the host of the public URL, readable by anyone.
    pub publishable_key: String,
    /// Eight characters that tell this instance's cookies from another's on the same host.
    pub cookie_suffix: String,
    /// `iss` of every token: scheme and host as the publishable key names it. SDKs compare it with the key.
    pub issuer: String,
    /// Whether the Frontend API is reached over https.
    pub secure: bool,
    /// The domain shared by the Frontend API and the applications; production only.
    pub cookie_domain: Option<String>,
}

impl Instance {
    /// Derives the names from the public URL.
    pub fn new(id: InstanceId, stage: Stage, public_url: Url) -> Self {
        let host = key_host(&public_url);
        let publishable_key = publishable_key(stage, &host);
        Self {
            id,
            stage,
            cookie_suffix: cookie_suffix(&publishable_key),
            publishable_key,
            issuer: format!("{}://{host}", public_url.scheme()),
            secure: public_url.scheme() == "https",
            cookie_domain: (stage == Stage::Production)
                .then(|| origin::cookie_domain(&public_url))
                .flatten(),
            public_url,
        }
    }

    /// An address below the public URL; `path` begins with a slash.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_str().trim_end_matches('/'))
    }

    /// The link that holds this ticket, of anything but an agent task.
    pub fn link(&self, ticket: &Secret) -> String {
        self.address(&format!("/v1/tickets/accept?ticket={}", ticket.expose()))
    }

    /// What is amiss with a visit that lands at `target`, if something is: at another site than this server, clerk-js finds no
    /// cookie and signs the page out.
    pub fn misgiving(&self, target: &Url) -> Option<String> {
        if origin::is_same_site(&self.public_url, target) {
            return None;
        }
        let mut meant = target.clone();
        let _ = meant.set_scheme(self.public_url.scheme());
        let _ = meant.set_host(self.public_url.host_str());
        let meant = meant.origin().ascii_serialization();
        let (there, own) = (
            target.origin().ascii_serialization(),
            self.public_url.as_str().trim_end_matches('/'),
        );
        Some(format!(
            "{there} and {own} are two sites to a browser, so clerk-js will sign the page out: open the application at {meant}"
        ))
    }

    /// Whether this is a development instance.
    pub fn is_development(&self) -> bool {
        self.stage == Stage::Development
    }
}

/// The host that the publishable key holds. SDKs refuse a key whose host has no dot, so `localhost`, the address that
/// applications and browsers should use, is written as `127.0.0.1` here; SDKs find the server by the proxy URL.
fn key_host(public_url: &Url) -> String {
    let host = public_url.host_str().unwrap_or_default();
    let host = if host.contains('.') {
        host
    } else {
        "127.0.0.1"
    };
    match public_url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// `pk_test_` or `pk_live_`, then base64 of the host and a dollar sign.
pub fn publishable_key(stage: Stage, host: &str) -> String {
    format!(
        "pk_{}_{}",
        stage.key_word(),
        STANDARD_NO_PAD.encode(format!("{host}$"))
    )
}

/// The first eight characters of base64url(SHA-1(key)). SHA-1 names cookies here, as every SDK does; it guards nothing.
fn cookie_suffix(publishable_key: &str) -> String {
    let sum = digest::digest(
        &digest::SHA1_FOR_LEGACY_USE_ONLY,
        publishable_key.as_bytes(),
    );
    STANDARD
        .encode(sum.as_ref())
        .replace('+', "-")
        .replace('/', "_")[..8]
        .to_owned()
}

/// Reads this database's instance, or makes it on the first start. In any case this writes, so that a database that takes no
/// writes is found out now.
///
/// # Errors
/// [`Error::Config`] when a production server is started on development data or the other way round: a development
/// instance has a known user and a key in a file.
pub fn load(tx: &mut Write<'_>, fresh: &InstanceId, stage: Stage) -> Result<InstanceId> {
    let now = tx.now();
    tx.execute(
        "insert into instance (slot, id, kind, created_at) values (1, $1, $2, $3)
         on conflict (slot) do update set kind = instance.kind",
        values![fresh, stage, now],
    )?;
    let (id, stored): (InstanceId, Stage) = tx.one("select id, kind from instance", &[])?;
    if stored == stage {
        Ok(id)
    } else {
        Err(Error::Config(format!(
            "this data belongs to a {} instance and cannot serve {}; name another data folder",
            stored.as_str(),
            stage.as_str()
        )))
    }
}

/// Remembers where browsers reach the server: what is written without one, by the command line, names its addresses too.
pub fn reached_at(tx: &mut Write<'_>, public_url: &Url) -> Result<()> {
    tx.execute(
        "update instance set public_url = $1",
        values![public_url.as_str()],
    )
    .map(|_| ())
}

/// The instance, as the last start left it.
pub fn stored(tx: &mut Read<'_>) -> Result<Option<Instance>> {
    let found: Option<Stored> = tx.first("select id, kind, public_url from instance", &[])?;
    let Some(Stored(id, stage, Some(public_url))) = found else {
        return Ok(None);
    };
    let public_url = Url::parse(&public_url).map_err(|error| Error::Bug(error.to_string()))?;
    Ok(Some(Instance::new(id, stage, public_url)))
}

struct Stored(InstanceId, Stage, Option<String>);

impl FromRow for Stored {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self(row.take()?, row.take()?, row.take()?))
    }
}

/// Remembers that the moment of this write was seen. For what was answered because some time is over, and left no record: after a
/// crash the clock may be set back, and it must stay over.
pub fn remember(tx: &mut Write<'_>) -> Result<()> {
    let now = tx.now();
    tx.execute(
        "update instance set seen_at = $1 where seen_at < $1",
        values![now],
    )
    .map(|_| ())
}

/// Takes no row for what time it was any more: somebody moves the clock of this development instance.
pub fn forget_time(tx: &mut Write<'_>) -> Result<()> {
    let now = tx.now();
    tx.execute(
        "update instance set clock_moved_at = $1 where clock_moved_at is null",
        values![now],
    )
    .map(|_| ())
}

/// Whether it does so.
pub fn forgets_time(tx: &mut Read<'_>) -> Result<bool> {
    let moved: Option<i64> = tx.first(
        "select slot from instance where clock_moved_at is not null",
        &[],
    )?;
    Ok(moved.is_some())
}

/// Remembers the moment of this write, and returns the latest one that was ever seen: by such a note, or by the audit trail.
pub fn seen(tx: &mut Write<'_>) -> Result<Time> {
    remember(tx)?;
    if forgets_time(tx)? {
        return Ok(tx.now());
    }
    let noted: Time = tx.one("select seen_at from instance", &[])?;
    // A request that was overtaken leaves its record after a later one's.
    let recorded: Time = tx.one(
        "select coalesce(max(latest.at), 0) from (select at from audit order by seq desc limit 1000) latest",
        &[],
    )?;
    Ok(recorded.max(noted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_the_public_address() {
        let names = |stage, url: &str| {
            let instance =
                Instance::new(InstanceId::from("ins_1"), stage, Url::parse(url).unwrap());
            (
                instance.publishable_key,
                instance.issuer,
                instance.cookie_domain,
            )
        };
        let (key, issuer, domain) = names(Stage::Development, "http://localhost:4747/");
        assert_eq!(
            key,
            format!("pk_test_{}", STANDARD_NO_PAD.encode("127.0.0.1:4747$"))
        );
        assert_eq!((issuer.as_str(), domain), ("http://127.0.0.1:4747", None));
        let (key, issuer, domain) = names(Stage::Production, "https://clerk.example.com");
        assert_eq!(
            key,
            format!("pk_live_{}", STANDARD_NO_PAD.encode("clerk.example.com$"))
        );
        assert_eq!(
            (issuer.as_str(), domain.as_deref()),
            ("https://clerk.example.com", Some("example.com"))
        );
    }

    #[test]
    fn the_cookie_suffix_is_the_one_that_sdks_compute() {
        assert_eq!(cookie_suffix("pk_test_MTI3LjAuMC4xOjQwMDAk"), "X-99I1TU");
    }
}
