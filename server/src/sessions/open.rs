//! Opening a session for a browser that signs in.

use super::{Actor, End, Session, end, unended_at};
use crate::clients::{self, Client, Credential, NewSecrets};
use crate::clock::Time;
use crate::db::{Write, values};
use crate::error::{Error, Result};
use crate::events::Action;
use crate::id::{OrganizationId, SessionId, UserId};
use crate::organizations;

/// How a browser came to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Its user read who would be signed in, and agreed.
    Given,
    /// Its user went there, or a program did.
    Own,
    /// Another site sent it.
    Sent,
}

/// A browser that signs in, and all that is made for it before the write.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// What the browser shows of who it was.
    pub credentials: Vec<Credential>,
    /// What it will be known by.
    pub secrets: NewSecrets,
    /// The id of the session that will be opened.
    pub session: SessionId,
    /// How it came here.
    pub consent: Consent,
}

/// A session to be opened.
pub struct NewSession<'a> {
    /// Who is signed in.
    pub user: &'a UserId,
    /// Who acts, if not the user.
    pub actor: Option<Actor>,
    /// How long it lasts, in seconds.
    pub seconds: i64,
    /// The organization it begins in, if the user is a member there.
    pub organization: Option<&'a OrganizationId>,
    /// See [`Session::restricted`].
    pub restricted: bool,
}

/// Opens a session for a browser that signs in, under new secrets. Whatever else was active at the clients that it showed is
/// replaced: also at one that somebody planted.
///
/// # Errors
/// [`Error::VisitorIsAsked`] where another site has sent the browser here to become somebody else: its user would go on in the
/// account of whoever made the link, and not know it.
pub fn open(tx: &mut Write<'_>, sign_in: &SignIn, new: NewSession<'_>) -> Result<Session> {
    let (now, by) = (tx.now(), tx.by());
    let known = clients::all(tx, &sign_in.credentials)?;
    for client in &known {
        replace(tx, client, sign_in, new.user)?;
    }
    let client_id = clients::admit(tx, known.first(), &sign_in.secrets, &sign_in.session)?;
    let (organization, waits) = organizations::at_start(tx, new.user, new.organization)?;
    let mut session = Session {
        id: sign_in.session.clone(),
        client_id,
        user_id: new.user.clone(),
        actor: new.actor,
        chosen: organization.as_ref().map(|active| active.id.clone()),
        organization,
        created_at: now,
        updated_at: now,
        expire_at: now.plus_seconds(new.seconds),
        last_active_at: now,
        ip: by.ip.clone(),
        user_agent: by.user_agent.clone(),
        ended_at: None,
        end_status: None,
        barred: false,
        waits,
        claims_revision: 0,
        verified_at: None,
        restricted: new.restricted,
    };
    let (agent, task) = session.actor.as_ref().and_then(Actor::agent).unzip();
    let opened: Vec<(i64, Time)> = tx.returning(
        "insert into sessions (id, client_id, user_id, agent_id, task_id, created_at, updated_at, expire_at, last_active_at,
                               ip, user_agent, organization_id, given_actor, restricted)
         values ($1, $2, $3, $4, $5, $6, $6, $7, $6, $8, $9, $10, $11, $12)
         returning (select case when session_claims is null then 0 else session_claims_revision end from instance where slot = 1),
                   (select max(barred.began) from (
                      select i.sessions_revoked_at as began from instance i where i.slot = 1
                      union all select u.sessions_revoked_at from users u where u.id = $3
                      union all select a.sessions_revoked_at from agents a where a.id = $4) barred)",
        values![
            &session.id,
            &session.client_id,
            &session.user_id,
            agent,
            task,
            now,
            session.expire_at,
            by.ip.as_ref(),
            by.user_agent.as_ref(),
            session.chosen.as_ref(),
            session.actor.as_ref().and_then(Actor::given),
            session.restricted,
        ],
    )?;
    if let Some((claims_revision, barred)) = opened.into_iter().next() {
        session.claims_revision = claims_revision;
        begin_after(tx, &mut session, barred)?;
    }
    tx.acts_as(session.acting());
    tx.note(session.event(Action::SessionCreate));
    Ok(session)
}

/// Ends what a client has open, for a session that takes its place.
fn replace(tx: &mut Write<'_>, client: &Client, sign_in: &SignIn, user: &UserId) -> Result<()> {
    let now = tx.now();
    // Also those that are barred now: they would come back with their user beside the new one.
    for session in unended_at(tx, &client.id, now)? {
        let becomes_another = session.user_id != *user && session.is_active(now);
        if sign_in.consent == Consent::Sent && becomes_another {
            // Nothing was tried yet.
            tx.attempted();
            return Err(Error::VisitorIsAsked);
        }
        end(tx, &session, End::Replaced)?;
    }
    Ok(())
}

/// A session that is opened after others were taken back begins after them, whatever its request took for the present: it is
/// none of those.
fn begin_after(tx: &mut Write<'_>, session: &mut Session, barred: Time) -> Result<()> {
    if session.created_at > barred {
        return Ok(());
    }
    session.created_at = Time(barred.0 + 1);
    tx.execute(
        "update sessions set created_at = $2 where id = $1",
        values![&session.id, session.created_at],
    )
    .map(|_| ())
}
