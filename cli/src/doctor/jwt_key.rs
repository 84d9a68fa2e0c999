//! A verification key that was copied: damaged, or of another instance, it makes every token invalid.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::Finding;
use super::mend::Mend;
use super::settings::{Setting, Settings};
use crate::client::Client;

pub(super) async fn jwt_key(client: &Client, settings: &Settings) -> Option<Finding> {
    let names = ["CLERK_JWT_KEY", "NUXT_CLERK_JWT_KEY"];
    let Setting { place, name, value } = names.iter().find_map(|name| settings.get(name))?;
    let known = moduli(client).await?;
    let remedy = format!("remove {name}: the SDK then asks the server for its keys");
    let file = settings.is_in(place);
    let broken = value.contains("\\n");
    if !broken && is_one_of(value, &known) {
        return Some(Finding::ok("JWT key", format!("{name} is this server's")));
    }
    let text = if broken {
        format!(
            "{name} in {place} holds a backslash and an n where lines should end: every token will be refused"
        )
    } else {
        format!("{name} in {place} is not this server's: every token will be refused")
    };
    let finding = Finding::wrong("JWT key", text, remedy);
    let whole = value.replace("\\n", "\n");
    Some(match file {
        Some(file) if is_one_of(&whole, &known) => {
            finding.mend(Mend::set(file, vec![(name.clone(), whole)]))
        }
        Some(file) => finding.mend(Mend::remove(file, name.clone())),
        None => finding,
    })
}

/// What this server's keys are known by.
async fn moduli(client: &Client) -> Option<Vec<Vec<u8>>> {
    let keys = client.api.jwks().await.ok()?.keys;
    let moduli = keys
        .iter()
        .filter_map(|jwk| URL_SAFE_NO_PAD.decode(jwk.n.as_ref()?).ok());
    Some(moduli.collect())
}

fn is_one_of(pem: &str, known: &[Vec<u8>]) -> bool {
    let body = pem
        .replace("-----BEGIN PUBLIC KEY-----", "")
        .replace("-----END PUBLIC KEY-----", "");
    let key = STANDARD.decode(body.split_whitespace().collect::<String>());
    let key = key.unwrap_or_default();
    known
        .iter()
        .any(|modulus| key.windows(modulus.len()).any(|part| part == modulus))
}
