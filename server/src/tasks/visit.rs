//! A visit: what a ticket opens, for whom, and how often.

use url::Url;

use super::{Task, get, of_ticket};
use crate::clients::{self, Client};
use crate::db::{Write, values};
use crate::error::{Error, Result};
use crate::events::Action;
use crate::id::SessionId;
use crate::organizations;
use crate::policy::{Confirm, OnReplay, Policy};
use crate::secret::Digest;
use crate::sessions::{self, Actor, Consent, NewSession, Session, SignIn, Whose};
use crate::users;

/// How a ticket is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As a page, which goes on to the redirect address: a browser that is there already is sent there again.
    Page,
    /// By a call that wants a session for itself.
    Call,
}

/// What came of a visit. A refusal is an outcome, not a failure: its record is committed.
#[derive(Debug)]
pub enum Visit {
    /// The ticket is spent and this session open; the visitor goes to the redirect address.
    Accepted(Box<Session>, Url),
    /// The visitor is the client that holds the session which this ticket opened, and goes to the redirect address again.
    Again(Box<Session>, Client, Url),
    /// Nothing was opened.
    Refused(Error),
}

/// Spends a ticket and opens its session. The task's redirect address is held against the allow-list again: the list may
/// have changed since the task was created.
///
/// A browser that asks for the same page twice, because somebody reloads it or a test kit fetches it in the browser's place,
/// shows at the second time what the first one gave it. It is let through, and nothing is opened.
///
/// # Errors
/// [`Error::TicketInvalid`] for a ticket that was never given out, and [`Error::VisitorIsAsked`] where a person must agree first,
/// both without a trace in the database.
pub fn accept(
    tx: &mut Write<'_>,
    ticket: &Digest,
    sign_in: &SignIn,
    policy: &Policy,
    way: Way,
) -> Result<Visit> {
    let now = tx.now();
    let task = of_ticket(tx, ticket)?;
    if way == Way::Page
        && let Some(held) = held(tx, &task, sign_in)?
    {
        return land_again(tx, &task, held, sign_in, policy);
    }
    let target = match admissible(tx, &task, policy) {
        Ok(target) => target,
        Err(error) if error.is_fault() => return Err(error),
        Err(refusal) => return refuse(tx, &task, refusal, policy),
    };
    if task.confirm == Confirm::Visitor && sign_in.consent != Consent::Given {
        return Err(Error::VisitorIsAsked);
    }
    if !spend(tx, &task, &sign_in.session)? {
        // Somebody else was faster, by less than this transaction takes.
        let task = get(tx, &task.id)?;
        let refusal = task
            .refusal(now)
            .unwrap_or(Error::TaskCannotBeUsed("another visit is under way"));
        return refuse(tx, &task, refusal, policy);
    }
    // A ban that was committed since the look above is seen here, and gives the ticket back.
    let next = users::signed_in(tx, &task.user_id)?;
    let new = NewSession {
        user: &task.user_id,
        actor: Some(Actor::Agent {
            id: task.agent_id.clone(),
            name: task.agent_name.clone(),
            task: task.id.clone(),
        }),
        seconds: task.session_seconds,
        organization: task.organization_id.as_ref().or(next.as_ref()),
        restricted: task.restricted,
    };
    let session = sessions::open(tx, sign_in, new)?;
    tx.note(task.event(Action::TaskAccept).session(&session.id));
    Ok(Visit::Accepted(Box::new(session), target))
}

/// The session that the ticket opened, with its client, where the visitor is that client. It must be active, and the ticket
/// within its life.
fn held(tx: &mut Write<'_>, task: &Task, sign_in: &SignIn) -> Result<Option<(Client, Session)>> {
    let now = tx.now();
    let Some(id) = task.session_id.as_ref().filter(|_| now < task.expires_at) else {
        return Ok(None);
    };
    match sessions::of_browser(tx, &sign_in.credentials, id, now) {
        Ok((client, session)) => Ok(Some((client, session))),
        Err(Error::SignedOut) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Lets the holder of the session through once more. Its client keeps its secret: of several such visits at once none takes
/// the cookie away from another.
fn land_again(
    tx: &mut Write<'_>,
    task: &Task,
    (client, session): (Client, Session),
    sign_in: &SignIn,
    policy: &Policy,
) -> Result<Visit> {
    let target = match policy.lands(&task.redirect_url) {
        Ok(target) => target,
        Err(refusal) => return refuse(tx, task, refusal, policy),
    };
    if let Some(token) = &sign_in.secrets.dev_browser {
        clients::link(tx, token, &client.id)?;
    }
    let visits = tx.returning(
        "update tasks set revisits = revisits + 1 where id = $1 returning revisits",
        values![&task.id],
    )?;
    tx.acts_as(session.acting());
    let event = task.event(Action::TaskRevisit).session(&session.id);
    if let Some(event) = visits.first().and_then(|nth| event.of_many(*nth)) {
        tx.note(event);
    }
    Ok(Visit::Again(Box::new(session), client, target))
}

/// Whether the task may be used now, and where it leads.
fn admissible(tx: &mut Write<'_>, task: &Task, policy: &Policy) -> Result<Url> {
    let now = tx.now();
    if let Some(refusal) = task.refusal(now) {
        return Err(refusal);
    }
    users::standing(tx, &task.user_id)?
        .ok_or_else(|| Error::TaskSubjectNotFound(task.user_id.to_string()))?
        .may_sign_in(now)?;
    if task.agent_disabled {
        return Err(Error::TaskCannotBeUsed("its agent is disabled"));
    }
    if let Some(organization) = &task.organization_id {
        organizations::must_be_member(tx, &task.user_id, organization)?;
    }
    policy.lands(&task.redirect_url)
}

/// The one conditional update.
fn spend(tx: &mut Write<'_>, task: &Task, session: &SessionId) -> Result<bool> {
    let (now, by) = (tx.now(), tx.by());
    let spent = tx.execute(
        "update tasks set used_at = $2, session_id = $3, used_ip = $4, used_agent = $5
         where id = $1 and used_at is null and revoked_at is null and expires_at > $2",
        values![
            &task.id,
            now,
            session,
            by.ip.as_ref(),
            by.user_agent.as_ref()
        ],
    )?;
    Ok(spent == 1)
}

fn refuse(tx: &mut Write<'_>, task: &Task, refusal: Error, policy: &Policy) -> Result<Visit> {
    let replay = matches!(refusal, Error::TaskAlreadyUsed);
    let action = if replay {
        Action::TaskReplay
    } else {
        Action::TaskRefuse
    };
    let refusals = tx.returning(
        "update tasks set refusals = refusals + 1 where id = $1 returning refusals",
        values![&task.id],
    )?;
    let event = task.event(action).refused(refusal.shown().code);
    if let Some(event) = refusals.first().and_then(|nth| event.of_many(*nth)) {
        tx.note(event);
    }
    if replay && policy.on_replay == OnReplay::RevokeSession {
        sessions::revoke_all(tx, &Whose::Task(task.id.clone()))?;
    }
    Ok(Visit::Refused(refusal))
}
