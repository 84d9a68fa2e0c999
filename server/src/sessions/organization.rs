//! In which organization a session is.

use super::Session;
use crate::db::{Read, Write, values};
use crate::error::{OrganizationError, Result};
use crate::events::Action;
use crate::organizations::Active;

/// Where a page wants to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Nothing was said: where it is.
    Same,
    /// In no organization.
    Personal,
    /// In the organization with this id or slug.
    Organization(String),
}

impl Choice {
    /// Reads a parameter: outer `None` where it is not given, inner `None` where it is empty.
    pub fn of(given: Option<Option<String>>) -> Self {
        match given {
            None => Self::Same,
            Some(Some(id)) if !id.is_empty() => Self::Organization(id),
            Some(_) => Self::Personal,
        }
    }
}

/// Where a session is: in an organization, or outside of all.
type Place = Option<Active>;

/// What a choice means for a session: outer `None` where it stays where it is.
///
/// A page names the organization that it believes to be in with every call. One that the user was removed from since is
/// no fault of the page: the session stays as it is, and that is outside.
///
/// # Errors
/// [`OrganizationError::NotFoundOrUnauthorized`]; what [`Session::may_change`] refuses, where it would not be where it is.
fn meant(tx: &mut Read<'_>, session: &Session, choice: &Choice) -> Result<Option<Place>> {
    let meant = wanted(tx, session, choice)?;
    let place = |active: &Active| active.id.clone();
    if let Some(wanted) = &meant
        && wanted.as_ref().map(place) != session.organization.as_ref().map(place)
    {
        session.may_change()?;
    }
    Ok(meant)
}

fn wanted(tx: &mut Read<'_>, session: &Session, choice: &Choice) -> Result<Option<Place>> {
    let active = session.organization.as_ref();
    match choice {
        Choice::Same => Ok(None),
        // Where an organization is required, nobody leaves it for none (spec).
        Choice::Personal if crate::organizations::is_forced(tx)? => Ok(None),
        Choice::Personal => Ok(Some(None)),
        Choice::Organization(id) => {
            let is_it = |active: &&Active| {
                active.id.as_str() == id || active.slug.as_deref() == Some(id.as_str())
            };
            if let Some(active) = active.filter(is_it) {
                return Ok(Some(Some(active.clone())));
            }
            match Active::find(tx, &session.user_id, id)? {
                Some(found) => Ok(Some(Some(found))),
                None if session
                    .chosen
                    .as_ref()
                    .is_some_and(|was| was.as_str() == id) =>
                {
                    Ok(None)
                }
                None => Err(OrganizationError::NotFoundOrUnauthorized.into()),
            }
        }
    }
}

/// The session as it would be in another organization, for a single token. The session itself stays where it is.
///
/// # Errors
/// [`OrganizationError::NotFoundOrUnauthorized`]; what [`Session::restricted`] keeps from elsewhere.
pub fn in_organization(tx: &mut Read<'_>, session: Session, choice: &Choice) -> Result<Session> {
    Ok(match meant(tx, &session, choice)? {
        None => session,
        Some(organization) => Session {
            waits: session.waits && organization.is_none(),
            organization,
            ..session
        },
    })
}

/// Puts a session into another organization, or into none. The user's next session begins there too, unless it was an agent that
/// went there. Nothing is changed or recorded where the session is there already.
///
/// # Errors
/// As [`in_organization`].
pub fn choose(tx: &mut Write<'_>, session: &Session, choice: &Choice) -> Result<()> {
    let Some(organization) = meant(tx, session, choice)? else {
        return Ok(());
    };
    let id = organization.map(|active| active.id);
    if id == session.chosen {
        return Ok(());
    }
    tx.execute(
        "update sessions set organization_id = $2 where id = $1",
        values![&session.id, id.as_ref()],
    )?;
    if session.actor.is_none() {
        tx.execute(
            "update users set organization_id = $2 where id = $1",
            values![&session.user_id, id.as_ref()],
        )?;
    }
    let event = session.event(Action::SessionOrganization);
    let to = id.as_ref().map_or("none", |id| id.as_str());
    tx.note(event.detail(to));
    Ok(())
}
