//! Users, found by what people call them: an id, an e-mail address, a phone number or a username.

use serde_json::Value;

use super::Client;
use crate::failure::{Exit, Failure, Result};
use crate::nearest::nearest;

/// The most names that are looked at for "did you mean".
const NAMES: usize = 500;

/// The id of the user that `who` means.
///
/// # Errors
/// `user_not_found`, naming the closest user there is.
pub async fn user_id(client: &Client, who: &str) -> Result<String> {
    if who.starts_with("user_") {
        return Ok(who.to_owned());
    }
    let found = client
        .get("/v1/users", &[(kind(who), who.to_owned())])
        .await?;
    if let Some(id) = found[0]["id"].as_str() {
        return Ok(id.to_owned());
    }
    let sentence = format!("no user has the identifier {who}");
    let failure = Failure::new(Exit::Denied, "user_not_found", sentence);
    Err(with_suggestions(client, failure, who).await)
}

/// The parameter of a user list that finds users by such an identifier.
fn kind(who: &str) -> &'static str {
    match who {
        who if who.contains('@') => "email_address",
        who if who.starts_with('+') => "phone_number",
        _ => "username",
    }
}

/// Adds to a refusal the user probably meant, and the command that would make the one asked for.
pub async fn with_suggestions(client: &Client, mut failure: Failure, who: &str) -> Failure {
    let known = client
        .get("/v1/users", &[("limit", NAMES.to_string())])
        .await;
    let known = known.unwrap_or_default();
    let names: Vec<&str> = users(&known).iter().flat_map(identifiers).collect();
    if let Some(name) = nearest(who, names) {
        failure = failure.hint("did you mean", name);
    }
    match kind(who) {
        _ if who.starts_with("user_") => failure.hint("those there are", "standin user list"),
        "email_address" => {
            failure.hint("or create it", format!("standin user create --email {who}"))
        }
        "phone_number" => {
            failure.hint("or create it", format!("standin user create --phone {who}"))
        }
        _ => failure.hint(
            "or create it",
            format!("standin user create --username {who}"),
        ),
    }
}

/// The users of a list: Clerk's is a bare array.
pub fn users(list: &Value) -> &[Value] {
    list.as_array()
        .or(list["data"].as_array())
        .map_or(&[], Vec::as_slice)
}

/// Everything a user can be called by, the primary e-mail address first.
pub fn identifiers(user: &Value) -> Vec<&str> {
    let texts = |list: &'static str, field: &'static str, primary: &'static str| {
        let all = user[list].as_array().map_or(&[] as &[Value], Vec::as_slice);
        let mut all: Vec<&Value> = all.iter().collect();
        all.sort_by_key(|one| one["id"] != user[primary]);
        all.into_iter().filter_map(move |one| one[field].as_str())
    };
    texts(
        "email_addresses",
        "email_address",
        "primary_email_address_id",
    )
    .chain(texts(
        "phone_numbers",
        "phone_number",
        "primary_phone_number_id",
    ))
    .chain(user["username"].as_str())
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_user_is_called_by_the_primary_address_first() {
        let user = json!({
            "primary_email_address_id": "idn_2",
            "email_addresses": [
                { "id": "idn_1", "email_address": "old@example.com" },
                { "id": "idn_2", "email_address": "ada@example.com" },
            ],
            "username": "ada",
        });
        assert_eq!(
            identifiers(&user),
            ["ada@example.com", "old@example.com", "ada"]
        );
        assert_eq!(identifiers(&json!({})), [""; 0]);
        assert_eq!(
            (kind("a@b.c"), kind("+4930"), kind("ada")),
            ("email_address", "phone_number", "username")
        );
    }
}
