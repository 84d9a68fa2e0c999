//! Attempts to sign up: somebody makes themselves a user, where the instance allows it or they are invited. An attempt is sealed
//! and travels in a cookie of its browser, as one to sign in does; it becomes a row when it is complete, which makes the user,
//! the session and their records in one transaction.

pub mod restrictions;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use self::restrictions::Applicant;
use crate::clock::Time;
use crate::codes;
use crate::db::{FromValue as _, Read, Value, Write};
use crate::error::{Error, Result, Unproven};
use crate::events::{Action, Event};
use crate::id::{IdentifierId, MembershipId, SignUpId, UserId};
use crate::invitations::{self, Invited, InvitedBy};
use crate::passwords::PasswordHash;
use crate::secret::{MasterKey, Purpose};
use crate::sessions::{self, Session, SignIn};
use crate::stage::Stage;
use crate::users::{self, Edit, IdentifierKind, Metadata, NewIdentifier, NewUser, Verification};

/// How long an attempt may take, in seconds.
pub const SECONDS: i64 = 3600;
/// The most bytes an attempt may have before it is sealed: browsers keep cookies of 4096, names and attributes included.
const SIZE_MAX: usize = 2700;

/// An address or number that somebody signs up with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Contact {
    /// In its normal form.
    pub value: String,
    /// When a code for it was asked for.
    pub code_at: Option<Time>,
    /// Whether it is proven to be theirs.
    pub verified: bool,
}

/// An attempt to sign up, as its browser carries it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Attempt {
    /// The id, which changes with nothing.
    pub id: SignUpId,
    /// When it began.
    pub begun_at: Time,
    /// The e-mail address.
    pub email_address: Option<Contact>,
    /// The phone number.
    pub phone_number: Option<Contact>,
    /// The username.
    pub username: Option<String>,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// As `en-US`.
    pub locale: Option<String>,
    /// The time zone of the browser, as it says.
    pub timezone: Option<String>,
    /// What pages keep of a user.
    pub unsafe_metadata: Map<String, Json>,
    /// When the terms were accepted.
    pub legal_accepted_at: Option<Time>,
    /// The password's hash.
    password: Option<String>,
    /// The invitation that they came by, which proves the e-mail address.
    invited_by: Option<InvitedBy>,
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attempt({})", self.id)
    }
}

/// What must be given to sign up.
pub fn required(stage: Stage) -> [&'static str; 2] {
    match stage {
        Stage::Development => ["email_address", "password"],
        // Without a sender no address can be proven.
        Stage::Production => ["username", "password"],
    }
}

impl Attempt {
    /// One that says nothing yet.
    pub fn new(id: SignUpId, at: Time) -> Self {
        Self {
            id,
            begun_at: at,
            email_address: None,
            phone_number: None,
            username: None,
            first_name: None,
            last_name: None,
            locale: None,
            timezone: None,
            unsafe_metadata: Map::new(),
            legal_accepted_at: None,
            password: None,
            invited_by: None,
        }
    }

    /// Carries on by an invitation.
    pub fn invite(&mut self, invited: &Invited) {
        self.invited_by = Some(invited.by());
        self.email_address = Some(Contact {
            value: invited.email_address().to_owned(),
            code_at: None,
            verified: true,
        });
    }

    /// Whether they came by an invitation.
    pub fn is_invited(&self) -> bool {
        self.invited_by.is_some()
    }

    /// The attempt as an opaque text.
    ///
    /// # Errors
    /// [`Error::BodyTooLarge`] where a browser could not keep it.
    pub fn seal(&self, master: &MasterKey) -> Result<String> {
        let bytes = serde_json::to_vec(self).map_err(|error| Error::Bug(error.to_string()))?;
        if bytes.len() > SIZE_MAX {
            return Err(Error::BodyTooLarge(SIZE_MAX));
        }
        master.seal(Purpose::SignUp, &bytes)
    }

    /// Reads it; `None` for one that this instance did not make or that is too old.
    pub fn open(master: &MasterKey, text: &str, now: Time) -> Option<Self> {
        let attempt: Self = master.open_value(Purpose::SignUp, text)?;
        (now < attempt.abandon_at()).then_some(attempt)
    }

    /// When it ends.
    pub fn abandon_at(&self) -> Time {
        self.begun_at.plus_seconds(SECONDS)
    }

    /// The address or number of a kind.
    pub fn contact(&self, kind: IdentifierKind) -> Option<&Contact> {
        match kind {
            IdentifierKind::EmailAddress => self.email_address.as_ref(),
            IdentifierKind::PhoneNumber => self.phone_number.as_ref(),
        }
    }

    fn contact_mut(&mut self, kind: IdentifierKind) -> &mut Option<Contact> {
        match kind {
            IdentifierKind::EmailAddress => &mut self.email_address,
            IdentifierKind::PhoneNumber => &mut self.phone_number,
        }
    }

    /// Another address or number, or none. The same one again stays as far proven as it is.
    ///
    /// # Errors
    /// [`Error::ParamConflict`] for another address than the invited one; [`Unproven::SenderMissing`] for one that can never be
    /// proven and would only be in the way.
    pub fn set_contact(
        &mut self,
        kind: IdentifierKind,
        value: Option<String>,
        stage: Stage,
    ) -> Result<()> {
        if self.contact(kind).map(|known| &known.value) == value.as_ref() {
            return Ok(());
        }
        if self.is_invited() && kind == IdentifierKind::EmailAddress {
            return Err(Error::ParamConflict(kind.as_str(), "ticket"));
        }
        if let Some(value) = &value {
            codes::send(stage, kind, value)?;
        }
        *self.contact_mut(kind) = value.map(|value| Contact {
            value,
            code_at: None,
            verified: false,
        });
        Ok(())
    }

    /// Another password.
    pub fn set_password(&mut self, hash: &PasswordHash) {
        self.password = Some(hash.expose().to_owned());
    }

    /// Whether there is a password.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// What is still to be given.
    pub fn missing(&self, stage: Stage) -> Vec<&'static str> {
        let given = |field: &&str| match *field {
            "email_address" => self.email_address.is_some(),
            "username" => self.username.is_some(),
            _ => self.has_password(),
        };
        required(stage)
            .into_iter()
            .filter(|field| !given(field))
            .collect()
    }

    /// What is given and not proven yet.
    pub fn unverified(&self) -> Vec<&'static str> {
        [IdentifierKind::EmailAddress, IdentifierKind::PhoneNumber]
            .into_iter()
            .filter(|kind| self.contact(*kind).is_some_and(|contact| !contact.verified))
            .map(IdentifierKind::as_str)
            .collect()
    }

    /// Who that would be.
    fn applicant(&self, stage: Stage) -> Applicant<'_> {
        let kinds = [IdentifierKind::EmailAddress, IdentifierKind::PhoneNumber].into_iter();
        let contacts = kinds.filter_map(|kind| Some((kind, &*self.contact(kind)?.value)));
        Applicant {
            contacts: contacts.collect(),
            is_invited: self.is_invited(),
            is_complete: self.is_complete(stage),
        }
    }

    /// Whether a user can be made of it.
    pub fn is_complete(&self, stage: Stage) -> bool {
        self.missing(stage).is_empty() && self.unverified().is_empty()
    }

    /// Asks for a code.
    ///
    /// # Errors
    /// [`Error::ParamMissing`], [`Unproven::AlreadyVerified`], [`Unproven::SenderMissing`].
    pub fn prepare(&mut self, kind: IdentifierKind, stage: Stage, now: Time) -> Result<()> {
        let contact = self.contact_mut(kind).as_mut();
        let contact = contact.ok_or(Error::ParamMissing(kind.as_str()))?;
        if contact.verified {
            return Err(Unproven::AlreadyVerified.into());
        }
        codes::send(stage, kind, &contact.value)?;
        contact.code_at = Some(now);
        Ok(())
    }

    /// Takes a code. Wrong ones are not counted: the only code there is is a public one.
    ///
    /// # Errors
    /// [`Unproven::CodeNotSent`], [`Unproven::AlreadyVerified`], [`Unproven::CodeExpired`], [`Unproven::CodeWrong`].
    pub fn prove(
        &mut self,
        kind: IdentifierKind,
        code: &str,
        stage: Stage,
        now: Time,
    ) -> Result<()> {
        let contact = self.contact_mut(kind).as_mut();
        let contact = contact.ok_or(Unproven::CodeNotSent)?;
        if contact.verified {
            return Err(Unproven::AlreadyVerified.into());
        }
        let sent_at = contact.code_at.ok_or(Unproven::CodeNotSent)?;
        if now >= sent_at.plus_seconds(codes::SECONDS) {
            return Err(Unproven::CodeExpired.into());
        }
        if !codes::is_right(stage, kind, &contact.value, code) {
            return Err(Unproven::CodeWrong.into());
        }
        contact.verified = true;
        Ok(())
    }

    /// The identifiers of the user it will be, under these ids.
    fn identifiers(&self, ids: [&IdentifierId; 2]) -> Vec<NewIdentifier> {
        [IdentifierKind::EmailAddress, IdentifierKind::PhoneNumber]
            .into_iter()
            .zip(ids)
            .filter_map(|(kind, id)| {
                let contact = self.contact(kind)?;
                Some(NewIdentifier {
                    id: id.clone(),
                    kind,
                    value: contact.value.clone(),
                    status: Verification::Verified,
                })
            })
            .collect()
    }

    /// What else is known of the user it will be.
    fn edits(&self, invited: Option<&Invited>) -> Result<Vec<Edit>> {
        let mut edits = vec![
            Edit::Username(self.username.clone()),
            Edit::FirstName(self.first_name.clone()),
            Edit::LastName(self.last_name.clone()),
            Edit::Locale(self.locale.clone()),
            Edit::Timezone(self.timezone.clone()),
            Edit::ReplaceMetadata(Metadata::Unsafe, self.unsafe_metadata.clone()),
            Edit::LegalAcceptedAt(self.legal_accepted_at),
        ];
        if let Some(hash) = &self.password {
            let hash = PasswordHash::from_value(Value::from(hash))?;
            edits.push(Edit::Password(Some(hash)));
        }
        let given = invited.and_then(Invited::of_user).cloned();
        edits.extend(given.map(|given| Edit::ReplaceMetadata(Metadata::Public, given)));
        Ok(edits)
    }

    /// The invitation that they came by.
    ///
    /// # Errors
    /// Why it is no longer open.
    fn invited(&self, tx: &mut Read<'_>, now: Time) -> Result<Option<Invited>> {
        let by = self.invited_by.as_ref();
        by.map(|by| invitations::invited(tx, by, now)).transpose()
    }
}

/// What is made before the write that makes a user, and where.
#[derive(Clone, Debug)]
pub struct NewIds {
    /// The user's.
    pub user: UserId,
    /// Those of the e-mail address and the phone number.
    pub identifiers: [IdentifierId; 2],
    /// That of the user's place in the organization that they are invited into.
    pub membership: MembershipId,
    /// In what kind of instance.
    pub stage: Stage,
}

/// Refuses what could not become a user: also before it is complete, so that it is heard at once.
///
/// # Errors
/// [`Error::IdentifierExists`], [`Unproven::AlreadyVerified`]; what is not allowed about a username or the size of metadata;
/// why an invitation is no longer open; what [`restrictions::heed`] refuses.
pub fn check(
    tx: &mut Read<'_>,
    attempt: &Attempt,
    ids: &NewIds,
    now: Time,
) -> Result<Option<Invited>> {
    if sessions::is_opened(tx, attempt.id.as_str())? {
        return Err(Unproven::AlreadyVerified.into());
    }
    let identifiers = attempt.identifiers(ids.identifiers.each_ref());
    users::are_free(tx, &identifiers)?;
    restrictions::heed(tx, &attempt.applicant(ids.stage))?;
    let invited = attempt.invited(tx, now)?;
    let edits = attempt.edits(invited.as_ref())?;
    users::is_free(tx, &NewUser::new(&ids.user, identifiers, &edits, now)?)?;
    Ok(invited)
}

/// Makes the user, who comes into the organization they are invited to, and opens their session.
///
/// # Errors
/// As [`check`], without a trace: strangers write nothing by what is refused to them.
pub fn complete(
    tx: &mut Write<'_>,
    attempt: &Attempt,
    ids: &NewIds,
    sign_in: &SignIn,
) -> Result<Session> {
    let now = tx.now();
    let invited = check(tx, attempt, ids, now)?;
    let identifiers = attempt.identifiers(ids.identifiers.each_ref());
    let edits = attempt.edits(invited.as_ref())?;
    users::create(tx, &ids.user, &identifiers, &edits)?;
    tx.attempted();
    if let Some(invited) = &invited {
        invited.spend(tx, &ids.user, &ids.membership)?;
    }
    let session = users::sign_in(tx, &ids.user, sign_in)?;
    sessions::opened_by(tx, &session.id, attempt.id.as_str())?;
    tx.note(
        Event::new(Action::SignUpAccept)
            .user(&ids.user)
            .session(&session.id),
    );
    Ok(session)
}
