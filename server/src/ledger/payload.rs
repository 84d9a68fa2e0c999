//! What an event tells an application: the object as it is shown over the Backend API, at the end of the write that the event is
//! part of.

use serde_json::{Value, json};

use crate::clock::Time;
use crate::db::Write;
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::instance::Instance;
use crate::organizations::{self, Member, Organization};
use crate::sessions;
use crate::sessions::Status;
use crate::tasks;
use crate::users::{self, User};
use crate::views;
use crate::waitlist;
use crate::webhooks::Kind;

/// Whether anybody outside hears of such an event, and as what.
pub(super) fn kind(event: &Event) -> Option<Kind> {
    use Action as A;
    if event.refused.is_some() {
        // Whatever else was refused did not happen.
        let is_opening = matches!(event.action, A::TaskRefuse | A::TaskReplay);
        return is_opening.then_some(Kind::TaskRefused);
    }
    Some(match event.action {
        A::UserCreate => Kind::UserCreated,
        A::UserUpdate
        | A::UserBan
        | A::UserUnban
        | A::UserLock
        | A::UserUnlock
        | A::UserPasswordChange
        | A::UserPasswordRemove
        | A::UserIdentifierAdd
        | A::UserIdentifierReplace
        | A::UserIdentifierUpdate
        | A::UserIdentifierRemove => Kind::UserUpdated,
        A::UserDelete => Kind::UserDeleted,
        A::SessionCreate => Kind::SessionCreated,
        A::SessionEnd | A::SessionReplace | A::SessionExpire => Kind::SessionEnded,
        A::SessionRemove => Kind::SessionRemoved,
        // Without a session it is the word that many are over; each follows with its own.
        A::SessionRevoke if event.session.is_some() => Kind::SessionRevoked,
        A::OrganizationCreate => Kind::OrganizationCreated,
        A::OrganizationUpdate => Kind::OrganizationUpdated,
        A::OrganizationDelete => Kind::OrganizationDeleted,
        A::MembershipCreate => Kind::MembershipCreated,
        A::MembershipUpdate => Kind::MembershipUpdated,
        A::MembershipDelete => Kind::MembershipDeleted,
        A::InvitationCreate => Kind::InvitationCreated,
        A::InvitationAccept => Kind::InvitationAccepted,
        A::InvitationRevoke => Kind::InvitationRevoked,
        A::DomainCreate => Kind::DomainCreated,
        A::DomainUpdate => Kind::DomainUpdated,
        A::DomainDelete => Kind::DomainDeleted,
        A::RoleCreate => Kind::RoleCreated,
        A::RoleUpdate => Kind::RoleUpdated,
        A::RoleDelete => Kind::RoleDeleted,
        A::PermissionCreate => Kind::PermissionCreated,
        A::PermissionUpdate => Kind::PermissionUpdated,
        A::PermissionDelete => Kind::PermissionDeleted,
        A::WaitlistAdd => Kind::WaitlistCreated,
        A::WaitlistInvite | A::WaitlistReject => Kind::WaitlistUpdated,
        A::TaskCreate => Kind::TaskCreated,
        A::TaskAccept => Kind::TaskOpened,
        A::TaskRevoke => Kind::TaskRevoked,
        _ => return None,
    })
}

/// The object; `None` where it is gone by the end of the write, which another event of it tells.
pub(super) fn data(
    tx: &mut Write<'_>,
    event: &Event,
    kind: Kind,
    instance: &Instance,
) -> Result<Option<Value>> {
    match unless_gone(tx, event, kind, instance) {
        Err(Error::NotFound(..) | Error::TaskNotFound) => Ok(None),
        found => found,
    }
}

fn unless_gone(
    tx: &mut Write<'_>,
    event: &Event,
    kind: Kind,
    instance: &Instance,
) -> Result<Option<Value>> {
    if let Some(gone) = gone(event, instance) {
        return Ok(Some(gone));
    }
    match kind {
        Kind::UserCreated | Kind::UserUpdated | Kind::UserDeleted => user(tx, event, instance),
        Kind::SessionCreated
        | Kind::SessionPending
        | Kind::SessionEnded
        | Kind::SessionRemoved
        | Kind::SessionRevoked => session(tx, event, instance),
        Kind::TaskCreated
        | Kind::TaskOpened
        | Kind::TaskRefused
        | Kind::TaskRevoked
        | Kind::TaskExpired => task(tx, event, tx.now()),
        Kind::RoleCreated
        | Kind::RoleUpdated
        | Kind::RoleDeleted
        | Kind::PermissionCreated
        | Kind::PermissionUpdated
        | Kind::PermissionDeleted
        | Kind::WaitlistCreated
        | Kind::WaitlistUpdated => of_instance(tx, event, kind),
        Kind::Test => Ok(None),
        _ => of_organization(tx, event, kind, instance),
    }
}

/// What was removed: its id, but for a membership, which is shown as it was.
fn gone(event: &Event, instance: &Instance) -> Option<Value> {
    let gone = event.gone.as_ref()?;
    if let Some(user) = gone.downcast_ref::<User>() {
        let mut view = views::deleted("user", user.id.as_str());
        if let Some(id) = &user.external_id {
            view["external_id"] = id.as_str().into();
        }
        return Some(view);
    }
    if let Some(organization) = gone.downcast_ref::<Organization>() {
        let mut view = views::deleted("organization", organization.id.as_str());
        if let Some(slug) = &organization.slug {
            view["slug"] = slug.as_str().into();
        }
        return Some(view);
    }
    let member = gone.downcast_ref::<Member>()?;
    Some(views::membership(member, instance))
}

fn user(tx: &mut Write<'_>, event: &Event, instance: &Instance) -> Result<Option<Value>> {
    let (now, Some(id)) = (tx.now(), &event.user) else {
        return Ok(None);
    };
    let found = users::find_profile(tx, id)?;
    Ok(found.map(|profile| views::user(&profile, instance, now)))
}

/// With its user, who may be gone.
fn session(tx: &mut Write<'_>, event: &Event, instance: &Instance) -> Result<Option<Value>> {
    let (now, Some(id)) = (tx.now(), &event.session) else {
        return Ok(None);
    };
    let Some(session) = sessions::find(tx, id)? else {
        return Ok(None);
    };
    let profile = users::find_profile(tx, &session.user_id)?;
    let mut view = views::session(&session, now);
    view["user"] = profile
        .map(|profile| views::user(&profile, instance, now))
        .into();
    Ok(Some(view))
}

/// A task as it is at that moment, with the reason where it was refused.
pub(super) fn task(tx: &mut Write<'_>, event: &Event, at: Time) -> Result<Option<Value>> {
    let Some(id) = &event.task else {
        return Ok(None);
    };
    let mut view = views::agent_task_record(&tasks::get(tx, id)?, at);
    if let Some(code) = event.refused {
        view["refused_with"] = code.into();
    }
    Ok(Some(view))
}

/// What all organizations share, and who waits for an invitation to the application.
fn of_instance(tx: &mut Write<'_>, event: &Event, kind: Kind) -> Result<Option<Value>> {
    let Some(id) = event.part.as_deref() else {
        return Ok(None);
    };
    Ok(Some(match kind {
        Kind::RoleDeleted => views::deleted("role", id),
        Kind::PermissionDeleted => views::deleted("permission", id),
        Kind::RoleCreated | Kind::RoleUpdated => {
            let role = organizations::role(tx, &id.into())?;
            views::role(&role, &organizations::held_by(tx, &role)?)
        }
        Kind::PermissionCreated | Kind::PermissionUpdated => {
            views::permission(&organizations::permission(tx, &id.into())?)
        }
        _ => {
            let now = tx.now();
            views::waitlist_entry(&waitlist::get(tx, &id.into())?, now)
        }
    }))
}

fn of_organization(
    tx: &mut Write<'_>,
    event: &Event,
    kind: Kind,
    instance: &Instance,
) -> Result<Option<Value>> {
    let (now, Some(id)) = (tx.now(), &event.organization) else {
        return Ok(None);
    };
    let part = event.part.as_deref().unwrap_or_default();
    Ok(Some(match kind {
        Kind::MembershipCreated | Kind::MembershipUpdated | Kind::MembershipDeleted => {
            let Some(user) = &event.user else {
                return Ok(None);
            };
            views::membership(&organizations::member(tx, id, user)?, instance)
        }
        Kind::InvitationCreated | Kind::InvitationAccepted | Kind::InvitationRevoked => {
            let found = organizations::invitation(tx, id, &part.into())?;
            let found = organizations::invited(tx, vec![found], now)?.pop();
            let Some(found) = found else {
                return Ok(None);
            };
            let inviter = found.inviter.as_ref();
            let organization = Some(&found.organization);
            let mut view =
                views::invitation(&found.invitation, organization, inviter, instance, now);
            if let (Kind::InvitationAccepted, Some(user)) = (kind, &event.user) {
                view["user_id"] = json!(user);
            }
            view
        }
        Kind::DomainDeleted => views::deleted("organization_domain", part),
        Kind::DomainCreated | Kind::DomainUpdated => {
            let found = organizations::domain(tx, id, &part.into())?;
            views::organization_domain(&found, None)
        }
        _ => views::organization(&organizations::get(tx, id.as_str(), now)?, true),
    }))
}

/// Whether a session begins with something left to do.
pub(super) fn is_pending(data: &Value) -> bool {
    data["status"] == Status::Pending.as_str()
}
