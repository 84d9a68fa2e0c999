//! What a link's ticket opens, of an invitation to the application as of one into an organization: whoever has proven to hold
//! the address is signed in, and where nobody has, somebody may sign up who thereby does. Either spends it, and showing it does
//! not.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Invitation, SELECT, get, spend};
use crate::clock::Time;
use crate::db::{Read, Write, values};
use crate::error::{Error, InvitationError, OrganizationError, Result};
use crate::events::{Action, Event};
use crate::id::{AppInvitationId, InvitationId, MembershipId, UserId};
use crate::organizations;
use crate::secret::Digest;
use crate::sessions::{Session, SignIn};
use crate::users;

/// An invitation of either kind.
#[derive(Clone, Debug)]
pub enum Invited {
    /// To the application.
    Application(Invitation),
    /// Into an organization.
    Organization(organizations::Invitation),
}

/// Which one it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum InvitedBy {
    /// One to the application.
    Application(AppInvitationId),
    /// One into an organization.
    Organization(InvitationId),
}

impl Invited {
    /// Which one it is.
    pub fn by(&self) -> InvitedBy {
        match self {
            Self::Application(found) => InvitedBy::Application(found.id.clone()),
            Self::Organization(found) => InvitedBy::Organization(found.id.clone()),
        }
    }

    /// Who is invited.
    pub fn email_address(&self) -> &str {
        match self {
            Self::Application(found) => &found.email_address,
            Self::Organization(found) => &found.email_address,
        }
    }

    /// Where the link leads, where that was said.
    pub fn redirect_url(&self) -> Option<&str> {
        match self {
            Self::Application(found) => found.redirect_url.as_deref(),
            Self::Organization(found) => found.redirect_url.as_deref(),
        }
    }

    /// What a user has from it who signs up. That of the other kind is for the membership.
    pub fn of_user(&self) -> Option<&Map<String, Json>> {
        match self {
            Self::Application(found) => Some(&found.public_metadata),
            Self::Organization(_) => None,
        }
    }

    /// Spends it for the user it made or signed in, who comes into the organization.
    pub fn spend(
        &self,
        tx: &mut Write<'_>,
        user: &UserId,
        membership: &MembershipId,
    ) -> Result<()> {
        match self {
            Self::Application(found) => spend(tx, found, user),
            Self::Organization(found) => {
                organizations::admit(tx, found, user, membership).map(|_| ())
            }
        }
    }

    fn refusal(&self, now: Time) -> Option<Error> {
        match self {
            Self::Application(found) => found.refusal(now),
            Self::Organization(found) => found.refusal(now),
        }
    }

    /// Nobody holds the address, where somebody is to be signed in.
    fn without_holder(&self) -> Error {
        match self {
            Self::Application(_) => InvitationError::NoAccount.into(),
            Self::Organization(_) => OrganizationError::InvitationNoUser.into(),
        }
    }

    /// Somebody does, where somebody is to sign up.
    fn with_holder(&self) -> Error {
        match self {
            Self::Application(_) => InvitationError::AccountExists.into(),
            Self::Organization(_) => OrganizationError::InvitationUserExists.into(),
        }
    }

    /// That it is accepted.
    fn accepted(&self) -> Event {
        match self {
            Self::Application(found) => found.event(Action::AppInvitationAccept),
            Self::Organization(found) => found.event(Action::InvitationAccept),
        }
    }

    fn refuse(&self, tx: &mut Write<'_>, refusal: Error) -> Result<Error> {
        let found = match self {
            Self::Application(found) => found,
            Self::Organization(found) => return organizations::refuse(tx, found, refusal),
        };
        let refusals = tx.returning(
            "update invitations set refusals = refusals + 1 where id = $1 returning refusals",
            values![&found.id],
        )?;
        let event = found.event(Action::AppInvitationRefuse);
        let event = event.refused(refusal.shown().code);
        if let Some(event) = refusals.first().and_then(|nth| event.of_many(*nth)) {
            tx.note(event);
        }
        Ok(refusal)
    }
}

/// The invitation with this ticket.
fn find(tx: &mut Read<'_>, ticket: &Digest) -> Result<Option<Invited>> {
    let found = tx.first(
        &format!("{SELECT} where i.ticket_digest = $1"),
        values![ticket],
    )?;
    if let Some(found) = found {
        return Ok(Some(Invited::Application(found)));
    }
    let found = organizations::invitation_with(tx, ticket)?;
    Ok(found.map(Invited::Organization))
}

/// Whether some invitation has this ticket. A look that costs no write.
pub fn knows(tx: &mut Read<'_>, ticket: &Digest) -> Result<bool> {
    Ok(find(tx, ticket)?.is_some())
}

/// The open invitation with this ticket whose address nobody has proven to hold.
pub fn for_stranger(tx: &mut Read<'_>, ticket: &Digest, now: Time) -> Result<Option<Invited>> {
    let Some(found) = find(tx, ticket)?.filter(|found| found.refusal(now).is_none()) else {
        return Ok(None);
    };
    let holder = users::by_address(tx, found.email_address())?;
    Ok(holder.is_none().then_some(found))
}

/// The invitation by which somebody is signing up, as long as it is open.
///
/// # Errors
/// [`Error::TicketInvalid`] for one that is gone; why it is no longer open.
pub fn invited(tx: &mut Read<'_>, by: &InvitedBy, now: Time) -> Result<Invited> {
    let found = match by {
        InvitedBy::Application(id) => get(tx, id).map(Invited::Application),
        InvitedBy::Organization(id) => {
            organizations::invitation_by_id(tx, id).map(Invited::Organization)
        }
    };
    let found = match found {
        Err(Error::NotFound(..)) => return Err(Error::TicketInvalid),
        found => found?,
    };
    match found.refusal(now) {
        Some(refusal) => Err(refusal),
        None => Ok(found),
    }
}

/// Takes the ticket of somebody who wants to sign up, and does not spend it. A refusal is an outcome, whose record is committed.
///
/// # Errors
/// [`Error::TicketInvalid`] for a ticket that was never given out.
pub fn present(tx: &mut Write<'_>, ticket: &Digest) -> Result<std::result::Result<Invited, Error>> {
    let found = find(tx, ticket)?.ok_or(Error::TicketInvalid)?;
    let refusal = match found.refusal(tx.now()) {
        Some(refusal) => Some(refusal),
        None => users::by_address(tx, found.email_address())?.map(|_| found.with_holder()),
    };
    match refusal {
        Some(refusal) => found.refuse(tx, refusal).map(Err),
        None => Ok(Ok(found)),
    }
}

/// The address that an invitation is for.
///
/// # Errors
/// [`Error::TicketInvalid`].
pub fn address(tx: &mut Read<'_>, ticket: &Digest) -> Result<String> {
    let found = find(tx, ticket)?.ok_or(Error::TicketInvalid)?;
    Ok(found.email_address().to_owned())
}

/// A session with where the link leads that has opened it, or a refusal, whose record is committed.
pub type SignedIn = std::result::Result<(Session, Option<String>), Error>;

/// Spends a ticket: whoever has proven to hold the address is signed in, where the invitation leads.
///
/// # Errors
/// [`Error::TicketInvalid`] for a ticket that was never given out.
pub fn sign_in(
    tx: &mut Write<'_>,
    ticket: &Digest,
    membership: &MembershipId,
    sign_in: &SignIn,
) -> Result<SignedIn> {
    let found = find(tx, ticket)?.ok_or(Error::TicketInvalid)?;
    let holder = users::by_address(tx, found.email_address())?;
    let admitted = match (found.refusal(tx.now()), holder) {
        (Some(refusal), _) => Err(refusal),
        (None, None) => Err(found.without_holder()),
        (None, Some(user)) => users::may_sign_in(tx, &user).map(|()| user),
    };
    let user = match admitted {
        Err(error) if error.is_fault() => return Err(error),
        Err(refusal) => return found.refuse(tx, refusal).map(Err),
        Ok(user) => user,
    };
    tx.attempt(found.accepted().user(&user));
    found.spend(tx, &user, membership)?;
    let organization = match &found {
        Invited::Application(_) => None,
        Invited::Organization(found) => Some(&found.organization_id),
    };
    let session = users::sign_in_at(tx, &user, sign_in, organization)?;
    Ok(Ok((session, found.redirect_url().map(ToOwned::to_owned))))
}
