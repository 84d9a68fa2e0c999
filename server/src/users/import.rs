//! Users brought from elsewhere, many in one write. What is taken is looked up once for the whole batch; each user of it is
//! then made whole, found there already, or refused, and none of them keeps the others from being made.

use std::collections::{HashMap, HashSet};

use super::{Edit, Identifier, IdentifierKind, NewIdentifier, Profile, User, identifiers, save};
use crate::clock::Time;
use crate::db::{self, Value, Write};
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::id::{IdentifierId, UserId};

/// A user that is ready to be made; nothing of it has to be checked any more but what others have.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub(super) user: User,
    pub(super) identifiers: Vec<NewIdentifier>,
    /// Whether the id was there before this user came here.
    is_known_by_id: bool,
}

impl NewUser {
    /// Puts a user together; the first identifier of each kind is the primary one.
    ///
    /// # Errors
    /// What an [`Edit`] is refused for.
    pub fn new(
        id: &UserId,
        identifiers: Vec<NewIdentifier>,
        edits: &[Edit],
        at: Time,
    ) -> Result<Self> {
        let mut user = User::new(id, at);
        for new in &identifiers {
            if user.primary(new.kind).is_none() {
                user.set_primary(new.kind, Some(new.id.clone()));
            }
        }
        for edit in edits {
            user.apply(edit, at)?;
        }
        Ok(Self {
            user,
            identifiers,
            is_known_by_id: false,
        })
    }

    /// Says that its id is the one that it had elsewhere.
    #[must_use]
    pub fn known_by_id(self) -> Self {
        Self {
            is_known_by_id: true,
            ..self
        }
    }

    /// Its addresses and numbers.
    pub fn identifiers(&self) -> &[NewIdentifier] {
        &self.identifiers
    }

    /// What will be known of the user.
    pub fn profile(&self) -> Profile {
        let at = self.user.created_at;
        let identifier = |new: &NewIdentifier| Identifier {
            id: new.id.clone(),
            user_id: self.user.id.clone(),
            kind: new.kind,
            value: new.value.clone(),
            status: new.status,
            created_at: at,
            updated_at: at,
            code_at: None,
            code_wrong: 0,
        };
        Profile {
            user: self.user.clone(),
            identifiers: self.identifiers.iter().map(identifier).collect(),
        }
    }

    /// Makes the identifier with this value the primary one of its kind, or none of them.
    ///
    /// # Errors
    /// [`Error::ParamValue`] where the user has no such identifier.
    pub fn set_primary(&mut self, kind: IdentifierKind, value: Option<&str>) -> Result<()> {
        let id = value
            .map(|value| self.with_value(kind, value))
            .transpose()?;
        self.user.set_primary(kind, id);
        Ok(())
    }

    fn with_value(&self, kind: IdentifierKind, value: &str) -> Result<IdentifierId> {
        let (param, wanted) = match kind {
            IdentifierKind::EmailAddress => ("primary_email_address", "one of email_address"),
            IdentifierKind::PhoneNumber => ("primary_phone_number", "one of phone_number"),
        };
        let value = kind.normal(value)?;
        let mut all = self.identifiers.iter();
        all.find(|new| new.kind == kind && new.value == value)
            .map(|new| new.id.clone())
            .ok_or_else(|| Error::ParamValue(param, wanted.into()))
    }

    /// What only one user can have, each under the name of its parameter.
    pub fn unique_values(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let id = self.is_known_by_id.then(|| self.user.id.as_str());
        let names = [
            ("id", id),
            ("external_id", self.user.external_id.as_deref()),
            ("username", self.user.username.as_deref()),
        ];
        let claimed = |new: &&NewIdentifier| new.claim().is_some();
        let identifiers = self.identifiers.iter().filter(claimed);
        names
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .chain(identifiers.map(|new| (new.kind.as_str(), new.value.as_str())))
    }
}

/// What became of a user that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is there now.
    Made,
    /// It was there before, and stays as it is.
    AlreadyThere,
}

/// Makes the users that are not there yet and says of each what became of it, in their order. A user is there when its
/// own id or its external id is; one that has neither, when a single user has its username and all its identifiers.
///
/// # Errors
/// For a single user [`Error::IdentifierExists`], where somebody has its username or one of its identifiers.
pub fn import(tx: &mut Write<'_>, batch: &[NewUser]) -> Result<Vec<Result<Outcome>>> {
    let mut taken = Taken::look_up(tx, batch)?;
    let outcomes: Vec<_> = batch.iter().map(|new| taken.give(new)).collect();
    let mut made: Vec<&NewUser> = batch
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| matches!(outcome, Ok(Outcome::Made)))
        .map(|(new, _)| new)
        .collect();
    // In the order of the indexes, of which fewer pages are gone through then.
    made.sort_unstable_by(|one, other| one.user.id.cmp(&other.user.id));
    let users: Vec<_> = made.iter().map(|new| &new.user).collect();
    save::insert_all(tx, &users)?;
    let all: Vec<_> = made
        .iter()
        .flat_map(|new| new.identifiers.iter().map(|one| (&new.user.id, one)))
        .collect();
    identifiers::insert_all(tx, &all)?;
    for user in users {
        tx.note(Event::new(Action::UserCreate).user(&user.id));
    }
    Ok(outcomes)
}

/// Whose are the ids, names and identifiers that a batch asks for.
struct Taken {
    ids: HashSet<UserId>,
    external_ids: HashSet<String>,
    usernames: HashMap<String, UserId>,
    claims: HashMap<String, UserId>,
}

impl Taken {
    fn look_up(tx: &mut Write<'_>, batch: &[NewUser]) -> Result<Self> {
        let of = |value: fn(&NewUser) -> Option<Value>| -> Vec<Value> {
            batch.iter().filter_map(value).collect()
        };
        let ids = of(|new| Some((&new.user.id).into()));
        let external_ids = of(|new| new.user.external_id.as_ref().map(Value::from));
        let usernames = of(|new| new.user.username.as_ref().map(Value::from));
        let claims: Vec<Value> = batch
            .iter()
            .flat_map(|new| &new.identifiers)
            .map(|new| identifiers::claim(new.kind, &new.value).into())
            .collect();
        let ids: Vec<UserId> = db::look_up(tx, "select id from users where id", &ids)?;
        let external_ids: Vec<String> = db::look_up(
            tx,
            "select external_id from users where external_id",
            &external_ids,
        )?;
        let usernames: Vec<(String, UserId)> = db::look_up(
            tx,
            "select username, id from users where username",
            &usernames,
        )?;
        let claims: Vec<(String, UserId)> = db::look_up(
            tx,
            "select claimed, user_id from identifiers where claimed",
            &claims,
        )?;
        Ok(Self {
            ids: ids.into_iter().collect(),
            external_ids: external_ids.into_iter().collect(),
            usernames: usernames.into_iter().collect(),
            claims: claims.into_iter().collect(),
        })
    }

    /// Gives a user what it asks for, all or nothing.
    fn give(&mut self, new: &NewUser) -> Result<Outcome> {
        let user = &new.user;
        let has_external_id = |id: &String| self.external_ids.contains(id);
        if self.ids.contains(&user.id)
            || user.external_id.as_ref().is_some_and(has_external_id)
            || self.is_there_by_name(new)
        {
            return Ok(Outcome::AlreadyThere);
        }
        if let Some(name) = &user.username
            && self.usernames.contains_key(name)
        {
            return Err(Error::IdentifierExists("username"));
        }
        let mut own = HashSet::new();
        for one in &new.identifiers {
            let claim = identifiers::claim(one.kind, &one.value);
            if self.claims.contains_key(&claim) || !own.insert(claim) {
                return Err(Error::IdentifierExists(one.kind.as_str()));
            }
        }
        self.ids.insert(user.id.clone());
        self.external_ids.extend(user.external_id.clone());
        let username = user.username.clone();
        self.usernames
            .extend(username.map(|name| (name, user.id.clone())));
        let claims = new.identifiers.iter().filter_map(NewIdentifier::claim);
        self.claims
            .extend(claims.map(|claim| (claim, user.id.clone())));
        Ok(Outcome::Made)
    }

    /// Whether a user without an id of its own is somebody who has all its names.
    fn is_there_by_name(&self, new: &NewUser) -> bool {
        if new.is_known_by_id || new.user.external_id.is_some() {
            return false;
        }
        let username = new
            .user
            .username
            .iter()
            .map(|name| self.usernames.get(name));
        let claims = new.identifiers.iter().filter_map(NewIdentifier::claim);
        let claims: Vec<_> = claims.map(|claim| self.claims.get(&claim)).collect();
        let mut holders = username.chain(claims);
        match holders.next() {
            Some(Some(first)) => holders.all(|holder| holder == Some(first)),
            _ => false,
        }
    }
}
