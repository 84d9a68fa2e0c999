//! What the application is told, against what the server is.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::Finding;
use crate::client::Client;
use crate::env::{self, Choice, Values};
use crate::failure::Result;

/// What the application is told: its environment, and its `.env` files, the more special one first.
pub(super) struct Settings(Vec<(String, String, String)>);

impl Settings {
    pub(super) fn of(folder: &Path) -> Result<Self> {
        let mut all: Vec<_> = std::env::vars()
            .map(|(name, value)| ("the environment".to_owned(), name, value))
            .collect();
        for name in [".env.local", ".env"] {
            let text = env::read(&folder.join(name))?;
            all.extend(
                env::dotenv::read(&text)
                    .into_iter()
                    .map(|(key, value)| (name.to_owned(), key, value)),
            );
        }
        Ok(Self(all))
    }

    /// The value in effect, and where it stands.
    fn get(&self, name: &str) -> Option<(&str, &str)> {
        let found = self
            .0
            .iter()
            .find(|(_, key, value)| key == name && !value.is_empty());
        found.map(|(place, _, value)| (place.as_str(), value.as_str()))
    }
}

/// The settings of the application against those of the server.
pub(super) fn keys(settings: &Settings, values: &Values, folder: &Path) -> Vec<Finding> {
    let wanted = values.settings(&Choice::Auto.frameworks(folder));
    let mut found = Vec::new();
    let mut agreeing = 0;
    for (name, value) in &wanted {
        match settings.get(name) {
            Some((_, held)) if held == value => agreeing += 1,
            Some((place, held)) => {
                // Addresses can be shown, keys cannot.
                let instead = if held.starts_with("http") && value.starts_with("http") {
                    format!(": it says {held}, and the server is at {value}")
                } else {
                    String::new()
                };
                found.push(Finding::wrong(
                    "settings",
                    format!("{name} in {place} is not this server's{instead}"),
                    "standin env --file .env.local --force",
                ));
            }
            None => found.extend(unprefixed(settings, name, &wanted)),
        }
    }
    // Also under the names of frameworks that the application does not seem to use.
    for (place, name, held) in &settings.0 {
        let is_known = wanted.iter().any(|(wanted, _)| wanted == name);
        if !is_known
            && env::is_key(name)
            && held.starts_with("pk_")
            && *held != values.publishable_key
        {
            found.push(Finding::wrong(
                "settings",
                format!("{name} in {place} is the key of another instance: an SDK that finds it first will take it"),
                format!("remove {name} from {place}"),
            ));
        }
    }
    if found.is_empty() && agreeing == 0 {
        found.push(Finding::note(
            "settings",
            "the application has no settings for this server",
            "standin env --file .env.local, or standin dev -- COMMAND",
        ));
    } else if found.is_empty() {
        found.push(Finding::ok(
            "settings",
            format!("{agreeing} of {} agree, none differs", wanted.len()),
        ));
    }
    found
}

/// A setting that is there, but for the prefix by which the framework shows it to pages.
pub(super) fn unprefixed(
    settings: &Settings,
    name: &str,
    wanted: &[(String, String)],
) -> Option<Finding> {
    let plain = &name[name.find("CLERK_")?..];
    if wanted.iter().any(|(wanted, _)| wanted == plain) {
        return None;
    }
    let (place, _) = settings.get(plain)?;
    let text =
        format!("{plain} in {place} is not seen by this framework's pages, which read {name}");
    let remedy = "standin env --file .env.local";
    // Those on Vite hand some of their server's settings on.
    Some(if name.starts_with("VITE_") {
        Finding::note("settings", text, remedy)
    } else {
        Finding::wrong("settings", text, remedy)
    })
}

/// A verification key that was copied: damaged, or of another instance, it makes every token invalid.
pub(super) async fn jwt_key(client: &Client, settings: &Settings) -> Option<Finding> {
    let names = ["CLERK_JWT_KEY", "NUXT_CLERK_JWT_KEY"];
    let (name, (place, pem)) = names
        .iter()
        .find_map(|name| Some((name, settings.get(name)?)))?;
    let remedy = format!("remove {name}: the SDK then asks the server for its keys");
    if pem.contains("\\n") {
        let text = format!(
            "{name} in {place} holds a backslash and an n where lines should end: every token will be refused"
        );
        return Some(Finding::wrong("JWT key", text, remedy));
    }
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let body = body
        .replace("-----BEGIN PUBLIC KEY-----", "")
        .replace("-----END PUBLIC KEY-----", "");
    let key = STANDARD
        .decode(body.split_whitespace().collect::<String>())
        .unwrap_or_default();
    let jwks = client.api.jwks().await.map(|set| set.keys);
    let moduli = jwks.iter().flatten();
    let known = moduli
        .filter_map(|jwk| URL_SAFE_NO_PAD.decode(jwk.n.as_ref()?).ok())
        .any(|modulus| key.windows(modulus.len()).any(|part| part == modulus));
    Some(if known {
        Finding::ok("JWT key", format!("{name} is this server's"))
    } else {
        Finding::wrong(
            "JWT key",
            format!("{name} in {place} is not this server's: every token will be refused"),
            remedy,
        )
    })
}
