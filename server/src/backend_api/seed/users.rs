//! Users of a seed: as rows of an import, but for a password in plain text, and those that are there are brought up to date.

use serde_json::{Map, Value};

use super::super::users::form;
use super::{Outcome, Thing};
use crate::app::App;
use crate::backend_api::UserRow;
use crate::clock::Time;
use crate::db::{Read, Write};
use crate::error::{Error, Result};
use crate::events::Action;
use crate::id::UserId;
use crate::passwords::{self, PasswordHash};
use crate::secret::Secret;
use crate::users::{
    self, Change, Edit, IdentifierKind, NewUser, Position, Profile, Setting, Verification,
};
use crate::wire::Params;

/// How many are read at a time.
const PAGE: i64 = 500;

/// What is compared in another way than as a field, or says how a user is to be made.
const APART: [&str; 10] = [
    "id",
    "email_address",
    "phone_number",
    "email_address_identification_status",
    "phone_number_identification_status",
    "primary_email_address",
    "primary_phone_number",
    "skip_user_requirement",
    "skip_password_checks",
    "skip_legal_checks",
];

struct User {
    given: Map<String, Value>,
    new: NewUser,
    /// The same as a row: every field in its normal form.
    normal: Map<String, Value>,
}

pub(super) fn user(_: &App, given: Map<String, Value>, at: Time) -> Result<Box<dyn Thing>> {
    let new = UserRow::from_params(given.clone()).read(at)?;
    let normal = UserRow::write(&new.profile(), at);
    if called(&given).is_none() {
        return Err(Error::ParamMissing("id"));
    }
    Ok(Box::new(User { given, new, normal }))
}

/// By what a body calls a user: its id, or else what only one user can have.
fn called(given: &Map<String, Value>) -> Option<&str> {
    let text = |name: &&str| match given.get(*name)? {
        Value::Array(list) => list.first()?.as_str(),
        one => one.as_str(),
    };
    let names = [
        "id",
        "external_id",
        "username",
        "email_address",
        "phone_number",
    ];
    names.iter().filter_map(text).find(|name| !name.is_empty())
}

/// The user that a body means, where it is there.
fn find(tx: &mut Read<'_>, given: &Map<String, Value>) -> Result<Option<UserId>> {
    match (given.get("id"), called(given)) {
        (Some(_), Some(id)) => Ok(users::find(tx, &id.into())?.map(|user| user.id)),
        (None, Some(name)) => users::named(tx, name),
        (_, None) => Ok(None),
    }
}

/// Puts a digest in the place of a user's password: the one that is there, where it is this password's.
pub(super) async fn digest_password(
    app: &App,
    kind: &str,
    given: &mut Map<String, Value>,
) -> Result<()> {
    let Some(Value::String(text)) = given.get("password").filter(|_| kind == "users") else {
        return Ok(());
    };
    // Both at once are refused by whoever reads the user.
    if given.contains_key("password_digest") {
        return Ok(());
    }
    let password = Secret::from(text.clone());
    let skip_checks = given.get("skip_password_checks") == Some(&Value::Bool(true));
    let meant = given.clone();
    let known = app.db.read(move |tx| match find(tx, &meant)? {
        Some(id) => users::find(tx, &id),
        None => Ok(None),
    });
    let known = known.await?.and_then(|user| user.password);
    let digest = match known {
        Some(known) if is_of(&password, &known).await? => known,
        _ => passwords::hash(password, skip_checks).await?,
    };
    given.remove("password");
    given.insert("password_digest".into(), digest.expose().into());
    given.insert("password_hasher".into(), digest.hasher().as_str().into());
    Ok(())
}

async fn is_of(password: &Secret, digest: &PasswordHash) -> Result<bool> {
    match passwords::verify(password.clone(), digest.clone()).await {
        Ok(()) => Ok(true),
        Err(Error::PasswordIncorrect) => Ok(false),
        Err(error) => Err(error),
    }
}

impl Thing for User {
    fn bring(&self, _: &App, tx: &mut Write<'_>) -> Result<Outcome> {
        let Some(id) = find(tx, &self.given)? else {
            let made = users::import(tx, std::slice::from_ref(&self.new))?;
            return match made.into_iter().next() {
                Some(Ok(users::Outcome::Made)) => Ok(Outcome::Made),
                Some(Err(error)) => Err(error),
                // Somebody with another id has it.
                _ => Err(Error::IdentifierExists("external_id")),
            };
        };
        let identifiers = self.bring_identifiers(tx, &id)?;
        let mut edits = self.fields(&users::profile(tx, &id)?, tx.now())?;
        edits.extend(self.primaries(&users::profile(tx, &id)?)?);
        if edits.is_empty() {
            return Ok(Outcome::changed(identifiers));
        }
        users::edit(tx, &id, &Change::new(Action::UserUpdate, edits))?;
        Ok(Outcome::Changed)
    }
}

impl User {
    /// Adds the addresses and numbers that are missing, and says whether there were any. Others stay.
    fn bring_identifiers(&self, tx: &mut Write<'_>, id: &UserId) -> Result<bool> {
        let held = users::profile(tx, id)?.identifiers;
        let mut changed = false;
        for new in self.new.identifiers() {
            let same = held
                .iter()
                .find(|one| (one.kind, &one.value) == (new.kind, &new.value));
            let status = match new.kind {
                IdentifierKind::EmailAddress => "email_address_identification_status",
                IdentifierKind::PhoneNumber => "phone_number_identification_status",
            };
            match same {
                None => {
                    users::add(tx, id, new, false)?;
                }
                Some(one) if one.status != new.status && self.given.contains_key(status) => {
                    let verified = match new.status {
                        Verification::Verified => true,
                        Verification::Unverified => false,
                        Verification::Reserved => {
                            let wanted = "verified or unverified where the user has it already";
                            return Err(Error::ParamValue(status, wanted.into()));
                        }
                    };
                    let setting = Setting {
                        verified: Some(verified),
                        primary: false,
                    };
                    users::set(tx, new.kind, &one.id, setting)?;
                }
                Some(_) => continue,
            }
            changed = true;
        }
        Ok(changed)
    }

    /// The edits that bring the fields about which a body says something else than is known.
    fn fields(&self, known: &Profile, now: Time) -> Result<Vec<Edit>> {
        let known = UserRow::write(known, now);
        let digest = ["password_digest", "password_hasher"];
        let is_other = |name: &str| self.normal.get(name) != known.get(name);
        let differs = |name: &str| match name {
            name if digest.contains(&name) => digest.into_iter().any(is_other),
            name => is_other(name) && !APART.contains(&name),
        };
        let mut other = self.given.clone();
        other.retain(|name, _| differs(name));
        let mut params = Params::from(other);
        let mut edits = form::edits(&mut params)?;
        for (name, on, off) in [
            ("banned", Edit::Ban, Edit::Unban),
            ("locked", Edit::Lock, Edit::Unlock),
        ] {
            edits.extend(params.boolean(name)?.map(|yes| if yes { on } else { off }));
        }
        edits.extend(form::password(&mut params)?.edit_here()?);
        params.finish()?;
        Ok(edits)
    }

    /// The edits that make other identifiers the primary ones.
    fn primaries(&self, known: &Profile) -> Result<Vec<Edit>> {
        let wanted = self.new.profile();
        let mut edits = Vec::new();
        for (param, kind) in [
            ("primary_email_address", IdentifierKind::EmailAddress),
            ("primary_phone_number", IdentifierKind::PhoneNumber),
        ] {
            let (wanted, is) = (primary(&wanted, kind), primary(known, kind));
            if !self.given.contains_key(param) || wanted == is {
                continue;
            }
            let held = known.identifiers.iter().filter(|one| one.kind == kind);
            let held = held
                .into_iter()
                .find(|one| Some(one.value.as_str()) == wanted);
            let Some(held) = held else {
                let wanted = "one of those that the user has, for a user who has one";
                return Err(Error::ParamValue(param, wanted.into()));
            };
            edits.push(Edit::Primary(kind, held.id.clone()));
        }
        Ok(edits)
    }
}

fn primary(profile: &Profile, kind: IdentifierKind) -> Option<&str> {
    let id = profile.user.primary(kind)?;
    let found = profile.identifiers.iter().find(|one| one.id == *id);
    found.map(|one| one.value.as_str())
}

/// Everybody, oldest first.
pub(super) fn write(tx: &mut Read<'_>, now: Time) -> Result<Vec<Value>> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = users::export(tx, after.as_ref(), PAGE)?;
        let Some(last) = page.last() else {
            return Ok(rows);
        };
        after = Some(Position::after(&last.user));
        rows.extend(page.iter().map(|profile| row(profile, now)));
    }
}

/// A user's row, in which nobody's primary identifier is an empty text: not every form has a null.
fn row(profile: &Profile, now: Time) -> Value {
    let mut row = UserRow::write(profile, now);
    for name in ["primary_email_address", "primary_phone_number"] {
        if row.get(name) == Some(&Value::Null) {
            row.insert(name.into(), "".into());
        }
    }
    row.into()
}
