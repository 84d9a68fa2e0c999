//! Users, found by what people call them: an id, an e-mail address, a phone number or a username.

use std::collections::HashMap;

use standin::UserId;
use standin::users::{ListUsers, User};

use super::Client;
use crate::failure::{Exit, Failure, Result};
use crate::nearest::nearest;

/// The most users whose names are looked at for "did you mean".
const LOOKED_AT: u32 = 500;

/// The id that `who` may be. It may be a username all the same: those can begin like an id.
pub fn as_id(who: &str) -> Option<UserId> {
    who.parse().ok().filter(|_| who.starts_with("user_"))
}

/// The id of the user that `who` means. An id that nobody has goes through as it is: what a deleted user left behind is
/// found by it.
///
/// # Errors
/// `user_not_found`, naming the closest user there is.
pub async fn user_id(client: &Client, who: &str) -> Result<UserId> {
    let users = || client.api.users().list().limit(1);
    let found = client.ask(with_identifier(users(), who)).await?;
    let found = found.data.into_iter().next().map(|user| user.id);
    match (as_id(who), found) {
        // A username must not hide the user that has it for an id.
        (Some(id), Some(named)) => {
            let owner = client.ask(users().user(&id)).await?;
            Ok(if owner.data.is_empty() { named } else { id })
        }
        (Some(id), None) | (None, Some(id)) => Ok(id),
        (None, None) => {
            let sentence = format!("no user has the identifier {who}");
            let failure = Failure::new(Exit::Denied, "user_not_found", sentence);
            Err(with_suggestions(client, failure, who).await)
        }
    }
}

fn with_identifier(users: ListUsers, who: &str) -> ListUsers {
    match Kind::of(who) {
        Kind::EmailAddress => users.email_address(who),
        Kind::PhoneNumber => users.phone_number(who),
        Kind::Username => users.username(who),
    }
}

/// What kind of identifier a text looks like.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    EmailAddress,
    PhoneNumber,
    Username,
}

impl Kind {
    fn of(who: &str) -> Self {
        match who {
            who if who.contains('@') => Self::EmailAddress,
            who if who.starts_with('+') => Self::PhoneNumber,
            _ => Self::Username,
        }
    }
}

/// What these users are called by, as far as there is such a user; at most a page of them.
pub async fn names(client: &Client, ids: impl IntoIterator<Item = &UserId>) -> Names {
    let mut ids: Vec<&UserId> = ids.into_iter().collect();
    ids.sort();
    ids.dedup();
    let mut known = HashMap::new();
    // As many as one filter takes.
    for some in ids.chunks(100) {
        let users = client.api.users().list().limit(100);
        let users = some.iter().fold(users, |users, id| users.user(id));
        // A list is worth showing without them.
        let Ok(page) = users.await else { break };
        for user in page.data {
            if let Some(name) = identifiers(&user).first() {
                known.insert(user.id.clone(), (*name).to_owned());
            }
        }
    }
    Names(known)
}

/// Users and what they are called by.
pub struct Names(HashMap<UserId, String>);

impl Names {
    /// The name, or the id of somebody who has none, or is gone.
    pub fn of(&self, id: &UserId) -> String {
        self.0.get(id).cloned().unwrap_or_else(|| id.to_string())
    }
}

/// Adds to a refusal the user probably meant, and the command that would make the one asked for.
pub async fn with_suggestions(client: &Client, mut failure: Failure, who: &str) -> Failure {
    let known = client.api.users().list().limit(LOOKED_AT).await;
    let known = known.map(|page| page.data).unwrap_or_default();
    if let Some(name) = nearest(who, known.iter().flat_map(identifiers)) {
        failure = failure.hint("did you mean", name);
    }
    if who.starts_with("user_") {
        return failure.hint("those there are", "standin user list");
    }
    let option = match Kind::of(who) {
        Kind::EmailAddress => "email",
        Kind::PhoneNumber => "phone",
        Kind::Username => "username",
    };
    failure.hint(
        "or create it",
        format!("standin user create --{option} {who}"),
    )
}

/// Everything a user can be called by, the primary e-mail address first.
pub fn identifiers(user: &User) -> Vec<&str> {
    let mut addresses: Vec<_> = user.email_addresses.iter().collect();
    addresses.sort_by_key(|one| user.primary_email_address_id.as_ref() != Some(&one.id));
    let mut numbers: Vec<_> = user.phone_numbers.iter().collect();
    numbers.sort_by_key(|one| user.primary_phone_number_id.as_ref() != Some(&one.id));
    let addresses = addresses.into_iter().map(|one| one.email_address.as_str());
    let numbers = numbers.into_iter().map(|one| one.phone_number.as_str());
    addresses
        .chain(numbers)
        .chain(user.username.as_deref())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_user_is_called_by_the_primary_address_first() {
        let user: User = serde_json::from_value(json!({
            "id": "user_1",
            "primary_email_address_id": "idn_2",
            "email_addresses": [
                { "id": "idn_1", "email_address": "old@example.com" },
                { "id": "idn_2", "email_address": "ada@example.com" },
            ],
            "username": "ada",
            "created_at": 0,
            "updated_at": 0,
        }))
        .unwrap();
        assert_eq!(
            identifiers(&user),
            ["ada@example.com", "old@example.com", "ada"]
        );
    }

    #[test]
    fn a_text_shows_what_kind_of_identifier_it_is() {
        assert_eq!(Kind::of("a@b.c"), Kind::EmailAddress);
        assert_eq!(Kind::of("+4930"), Kind::PhoneNumber);
        assert_eq!(Kind::of("user_ada"), Kind::Username);
        assert!(as_id("user_ada").is_some());
        assert!(as_id("user_a b").is_none() && as_id("ada").is_none());
    }
}
