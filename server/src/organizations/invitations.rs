//! Invitations: an address that may come into an organization, in a role, for a time. Whoever has proven to hold the address
//! accepts it as a signed-in user, or by the link that was given to the application's server ([`crate::invitations`]).

mod list;

use serde_json::{Map, Value as Json};

use super::memberships::{self, NewMembership};
use super::{event, hold, roles, settings};
use crate::clock::Time;
use crate::db::{FromRow, Read, Row, Write, values};
use crate::error::{Error, OrganizationError, Result};
use crate::events::{Action, Event};
use crate::id::{InvitationId, MembershipId, OrganizationId, UserId};
use crate::invitations::{Status, Term};
use crate::secret::Digest;
use crate::users;
pub use list::{
    InvitationFilter, InvitationOrder, Invited, count_invitations, invitations, invited,
};

/// An invitation.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The invitation's id.
    pub id: InvitationId,
    /// Into which organization.
    pub organization_id: OrganizationId,
    /// Who is invited.
    pub email_address: String,
    role_id: String,
    /// The key of the role to come; empty where it is gone.
    pub role: String,
    /// Its name.
    pub role_name: String,
    /// Who invites.
    pub inviter_id: Option<UserId>,
    /// For the membership, and for everybody to see.
    pub public_metadata: Map<String, Json>,
    /// For the membership, and for the application's server.
    pub private_metadata: Map<String, Json>,
    /// Where the link leads.
    pub redirect_url: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// The last change.
    pub updated_at: Time,
    /// How long it holds.
    pub term: Term,
}

impl Invitation {
    pub(crate) fn refusal(&self, now: Time) -> Option<Error> {
        match self.term.status(now) {
            Status::Pending => None,
            Status::Accepted => Some(OrganizationError::InvitationAlreadyAccepted.into()),
            Status::Revoked => Some(OrganizationError::InvitationRevoked.into()),
            Status::Expired => Some(Error::TicketExpired),
        }
    }

    pub(crate) fn event(&self, action: Action) -> Event {
        Event::new(action)
            .organization(&self.organization_id)
            .part(self.id.as_str())
            .detail(format!("{} {}", self.organization_id, self.id))
    }
}

impl FromRow for Invitation {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            organization_id: row.take()?,
            email_address: row.take()?,
            role_id: row.take()?,
            role: row.take()?,
            role_name: row.take()?,
            inviter_id: row.take()?,
            public_metadata: users::json(row)?,
            private_metadata: users::json(row)?,
            redirect_url: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
            term: Term::from_row(row)?,
        })
    }
}

const SELECT: &str = "select i.id, i.organization_id, i.email_address, i.role_id, coalesce(r.key, ''), coalesce(r.name, ''),
            i.inviter_id, i.public_metadata, i.private_metadata, i.redirect_url, i.created_at, i.updated_at, i.expires_at,
            i.accepted_at, i.revoked_at
     from organization_invitations i left join roles r on r.id = i.role_id";

/// An invitation to be made.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The id it will have.
    pub id: InvitationId,
    /// Who is invited, in the form in which addresses are kept.
    pub email_address: String,
    /// The key of the role to come.
    pub role: String,
    /// Who invites: a member who manages memberships.
    pub inviter: Option<UserId>,
    /// See [`Invitation`].
    pub public_metadata: Map<String, Json>,
    /// See [`Invitation`].
    pub private_metadata: Map<String, Json>,
    /// Where the link leads; already held against the allow-list.
    pub redirect_url: Option<String>,
    /// The digest of the link's ticket, where somebody will be given one.
    pub ticket: Option<Digest>,
    /// How long it can be accepted, in seconds.
    pub seconds: i64,
}

/// Invites some addresses: all of them or, when one is refused, none.
///
/// # Errors
/// [`Error::NotFound`], [`OrganizationError::InvitationNotUnique`], [`OrganizationError::AlreadyMember`],
/// [`OrganizationError::QuotaExceeded`], and what the inviter may not do.
pub fn invite(
    tx: &mut Write<'_>,
    id: &OrganizationId,
    all: &[NewInvitation],
) -> Result<Vec<Invitation>> {
    tx.attempt(event(Action::InvitationCreate, id));
    settings::enabled(tx)?;
    let organization = hold(tx, id)?;
    memberships::has_room(&organization, i64::try_from(all.len()).unwrap_or(i64::MAX))?;
    all.iter().map(|new| insert(tx, id, new)).collect()
}

fn insert(tx: &mut Write<'_>, id: &OrganizationId, new: &NewInvitation) -> Result<Invitation> {
    let now = tx.now();
    let role = roles::named(tx, &new.role)?;
    if let Some(inviter) = &new.inviter {
        may_manage(tx, id, inviter)?;
    }
    let open: Option<InvitationId> = tx.first(
        "select id from organization_invitations
         where email_address = $1 and organization_id = $2 and accepted_at is null and revoked_at is null and expires_at > $3
         limit 1",
        values![&new.email_address, id, now],
    )?;
    if open.is_some() {
        return Err(OrganizationError::InvitationNotUnique.into());
    }
    if let Some(holder) = users::by_address(tx, &new.email_address)?
        && super::Active::find(tx, &holder, id.as_str())?.is_some()
    {
        return Err(OrganizationError::AlreadyMember.into());
    }
    tx.execute(
        "insert into organization_invitations (id, organization_id, email_address, role_id, inviter_id, public_metadata,
                private_metadata, redirect_url, ticket_digest, created_at, updated_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)",
        values![
            &new.id,
            id,
            &new.email_address,
            &role.id,
            new.inviter.as_ref(),
            users::metadata_text("public_metadata", &new.public_metadata)?,
            users::metadata_text("private_metadata", &new.private_metadata)?,
            new.redirect_url.as_ref(),
            new.ticket.as_ref(),
            now,
            now.plus_seconds(new.seconds),
        ],
    )?;
    let made = invitation(tx, id, &new.id)?;
    tx.note(made.event(Action::InvitationCreate));
    Ok(made)
}

/// Refuses a user who does not manage the memberships of this organization.
fn may_manage(tx: &mut Read<'_>, id: &OrganizationId, user: &UserId) -> Result<()> {
    let key = super::system::MEMBERSHIPS_MANAGE;
    let active = super::must_be_member(tx, user, id)?;
    if active.permissions.split(' ').any(|one| one == key) {
        Ok(())
    } else {
        Err(OrganizationError::PermissionMissing(key).into())
    }
}

/// The invitation with this id into this organization.
///
/// # Errors
/// [`Error::NotFound`].
pub fn invitation(
    tx: &mut Read<'_>,
    organization: &OrganizationId,
    id: &InvitationId,
) -> Result<Invitation> {
    tx.first(
        &format!("{SELECT} where i.id = $1 and i.organization_id = $2"),
        values![id, organization],
    )?
    .ok_or_else(|| Error::NotFound("invitation", id.to_string()))
}

/// Takes an open invitation back; `by` is the member who wants it, where one is named.
///
/// # Errors
/// [`Error::NotFound`], [`OrganizationError::InvitationNotPending`].
pub fn revoke_invitation(
    tx: &mut Write<'_>,
    organization: &OrganizationId,
    id: &InvitationId,
    by: Option<&UserId>,
) -> Result<Invitation> {
    let now = tx.now();
    tx.attempt(Event::new(Action::InvitationRevoke).detail(format!("{organization} {id}")));
    if let Some(user) = by {
        may_manage(tx, organization, user)?;
    }
    let revoked = tx.execute(
        "update organization_invitations set revoked_at = $3, updated_at = $3
         where id = $1 and organization_id = $2 and accepted_at is null and revoked_at is null and expires_at > $3",
        values![id, organization, now],
    )?;
    let found = invitation(tx, organization, id)?;
    if revoked == 0 {
        return Err(OrganizationError::InvitationNotPending.into());
    }
    tx.note(found.event(Action::InvitationRevoke));
    Ok(found)
}

/// Takes every open invitation into any organization back, and says how many there were.
pub fn revoke_open_invitations(tx: &mut Write<'_>) -> Result<usize> {
    let open: Vec<(InvitationId, OrganizationId)> = tx.returning(
        "update organization_invitations set revoked_at = $1, updated_at = $1
         where accepted_at is null and revoked_at is null and expires_at > $1 returning id, organization_id",
        values![tx.now()],
    )?;
    for (id, organization) in &open {
        tx.note(Event::new(Action::InvitationRevoke).detail(format!("{organization} {id}")));
    }
    Ok(open.len())
}

/// Accepts an invitation as a signed-in user who has proven to hold the address.
///
/// # Errors
/// [`OrganizationError::InvitationNotFound`] for one of somebody else's; why it is no longer open.
pub fn accept_invitation(
    tx: &mut Write<'_>,
    id: &InvitationId,
    user: &UserId,
    membership: &MembershipId,
) -> Result<Invitation> {
    let now = tx.now();
    tx.attempt(
        Event::new(Action::InvitationAccept)
            .user(user)
            .detail(id.as_str()),
    );
    let nobodys = || OrganizationError::InvitationNotFound(id.to_string()).into();
    let found = match invitation_by_id(tx, id) {
        Err(Error::NotFound(..)) => return Err(nobodys()),
        found => found?,
    };
    if users::by_address(tx, &found.email_address)?.as_ref() != Some(user) {
        return Err(nobodys());
    }
    if let Some(refusal) = found.refusal(now) {
        return Err(refusal);
    }
    admit(tx, &found, user, membership)
}

/// Counts a refusal of its link, and records a few of many.
pub(crate) fn refuse(tx: &mut Write<'_>, found: &Invitation, refusal: Error) -> Result<Error> {
    let refusals = tx.returning(
        "update organization_invitations set refusals = refusals + 1 where id = $1 returning refusals",
        values![&found.id],
    )?;
    let event = found.event(Action::InvitationRefuse);
    let event = event.refused(refusal.shown().code);
    if let Some(event) = refusals.first().and_then(|nth| event.of_many(*nth)) {
        tx.note(event);
    }
    Ok(refusal)
}

/// Spends an open invitation and makes its user a member.
pub(crate) fn admit(
    tx: &mut Write<'_>,
    found: &Invitation,
    user: &UserId,
    membership: &MembershipId,
) -> Result<Invitation> {
    let now = tx.now();
    settings::enabled(tx)?;
    let mut organization = hold(tx, &found.organization_id)?;
    // Its own place among the open ones becomes the member's.
    organization.pending_invitations = 0;
    memberships::has_room(&organization, 1)?;
    let spent = tx.execute(
        "update organization_invitations set accepted_at = $2, updated_at = $2
         where id = $1 and accepted_at is null and revoked_at is null and expires_at > $2",
        values![&found.id, now],
    )?;
    if spent == 0 {
        return Err(OrganizationError::InvitationNotPending.into());
    }
    let new = NewMembership {
        id: membership.clone(),
        organization: found.organization_id.clone(),
        user: user.clone(),
        public_metadata: found.public_metadata.clone(),
        private_metadata: found.private_metadata.clone(),
    };
    memberships::insert(tx, &new, &found.role_id.as_str().into())?;
    tx.note(found.event(Action::InvitationAccept).user(user));
    invitation(tx, &found.organization_id, &found.id)
}

/// The invitation with this ticket.
pub(crate) fn invitation_with(tx: &mut Read<'_>, ticket: &Digest) -> Result<Option<Invitation>> {
    tx.first(
        &format!("{SELECT} where i.ticket_digest = $1"),
        values![ticket],
    )
}

/// The invitation with this id, into whichever organization.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) fn invitation_by_id(tx: &mut Read<'_>, id: &InvitationId) -> Result<Invitation> {
    tx.first(&format!("{SELECT} where i.id = $1"), values![id])?
        .ok_or_else(|| Error::NotFound("invitation", id.to_string()))
}
