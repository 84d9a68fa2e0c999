//! Taking back many sessions.
//!
//! Of few, each is ended in the write itself. A million rows cannot be written at once without everybody else waiting
//! behind them, so where there may be many, one row says that all that began by now are over, which every look at a session
//! heeds from that commit on. Housekeeping then ends them one by one, with a record each, in writes that others fit between.

use super::{End, Status};
use crate::caller::Caller;
use crate::clients;
use crate::clock::Time;
use crate::db::{FromRow, Page, Query, Read, Row, Write, values};
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::id::{AgentId, ClientId, SessionId, TaskId, UserId};
use crate::instance;
use crate::word::words;

/// Whose sessions are meant.
#[derive(Clone, Debug)]
pub enum Whose {
    /// This user's.
    User(UserId),
    /// Those in which this agent acts.
    Agent(AgentId),
    /// The one this task opened.
    Task(TaskId),
    /// Everyone's.
    All,
}

words! {
    /// Whose sessions a revocation is still going through.
    enum Kind {
        User = "user",
        Agent = "agent",
        All = "all",
    }
}

impl Whose {
    fn restrict(&self, query: &mut Query) {
        match self {
            Self::User(id) => query.equals("user_id", Some(id)),
            Self::Agent(id) => query.equals("agent_id", Some(id)),
            Self::Task(id) => {
                let task = query.mark(id);
                query.and(&format!(
                    "id = (select session_id from tasks where id = {task})"
                ));
            }
            Self::All => {}
        }
    }
}

/// What ending a session and recording it needs of it.
#[derive(Clone, Debug)]
pub struct Unended {
    pub(super) id: SessionId,
    client: ClientId,
    user: UserId,
    agent: Option<AgentId>,
    task: Option<TaskId>,
}

impl Unended {
    pub(super) fn event(&self, action: Action) -> Event {
        Event {
            agent: self.agent.clone(),
            task: self.task.clone(),
            ..Event::new(action).user(&self.user).session(&self.id)
        }
    }
}

impl FromRow for Unended {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            client: row.take()?,
            user: row.take()?,
            agent: row.take()?,
            task: row.take()?,
        })
    }
}

/// So many sessions that somebody ever had are looked at, and ended, in the write itself.
const AT_ONCE: i64 = 1000;

/// How a revocation went.
#[derive(Clone, Debug)]
pub enum Revoked {
    /// These sessions were active and were ended.
    Ended(Vec<SessionId>),
    /// There may be many: all that began by this moment are over, and will be ended one by one.
    Barred(Time),
}

/// Takes back every active session of someone. From the commit on, none of them is active.
pub fn revoke_all(tx: &mut Write<'_>, whose: &Whose) -> Result<Revoked> {
    if there_are_many(tx, whose)? {
        return bar(tx, whose, None).map(Revoked::Barred);
    }
    let unended = unended(tx, whose)?;
    end_each(tx, &unended, tx.now()).map(Revoked::Ended)
}

/// Takes back every active session of a user but one.
pub fn revoke_others(tx: &mut Write<'_>, user: &UserId, own: &SessionId) -> Result<()> {
    let whose = Whose::User(user.clone());
    if there_are_many(tx, &whose)? {
        return bar(tx, &whose, Some(own)).map(|_| ());
    }
    let mut unended = unended(tx, &whose)?;
    unended.retain(|one| one.id != *own);
    end_each(tx, &unended, tx.now()).map(|_| ())
}

/// The active sessions of someone who has had few.
fn unended(tx: &mut Write<'_>, whose: &Whose) -> Result<Vec<Unended>> {
    let mut query = Query::new("select id, client_id, user_id, agent_id, task_id from sessions");
    whose.restrict(&mut query);
    let now = query.mark(tx.now());
    query.and(&format!("ended_at is null and expire_at > {now}"));
    query.all(tx)
}

/// Whether someone has had more sessions than one write should look at, whatever became of them.
fn there_are_many(tx: &mut Read<'_>, whose: &Whose) -> Result<bool> {
    if matches!(whose, Whose::Task(_)) {
        return Ok(false);
    }
    let mut query = Query::new("select id from sessions");
    whose.restrict(&mut query);
    let beyond = Page {
        limit: 1,
        offset: AT_ONCE,
    };
    let one_more: Vec<SessionId> = query.page("created_at, id", beyond).all(tx)?;
    Ok(!one_more.is_empty())
}

/// The moment by which all of someone's sessions have begun: the present one, unless a session began later by the clock of
/// another node, or of a request that has overtaken this one.
fn by_when(tx: &mut Write<'_>, whose: &Whose) -> Result<Time> {
    let now = tx.now();
    let mut query = Query::new("select created_at from sessions");
    whose.restrict(&mut query);
    let newest = Page {
        limit: 1,
        offset: 0,
    };
    let newest: Vec<Time> = query.page("created_at desc, id desc", newest).all(tx)?;
    Ok(newest.into_iter().fold(now, Time::max))
}

/// Says that all that began so far are over, but the one that a user keeps, and by when they began. Never by less than was
/// said before: what is over stays over.
fn bar(tx: &mut Write<'_>, whose: &Whose, kept: Option<&SessionId>) -> Result<Time> {
    let (began, by) = (by_when(tx, whose)?, tx.by());
    let event = Event::new(Action::SessionRevoke).detail(match kept {
        None => "every session there is; records of each follow",
        Some(_) => "every other session there is; records of each follow",
    });
    let (kind, id, event, barred): (_, _, _, Vec<Time>) = match whose {
        Whose::User(id) => {
            let barred = tx.returning(
                "update users set kept_session_id = $3,
                        sessions_revoked_at = case when sessions_revoked_at > $2 then sessions_revoked_at else $2 end
                 where id = $1 returning sessions_revoked_at",
                values![id, began, kept],
            )?;
            (Kind::User, Some(id.as_str()), event.user(id), barred)
        }
        Whose::Agent(id) => {
            let barred = tx.returning(
                "update agents set sessions_revoked_at = case when sessions_revoked_at > $2 then sessions_revoked_at else $2 end
                 where id = $1 returning sessions_revoked_at",
                values![id, began],
            )?;
            (Kind::Agent, Some(id.as_str()), event.agent(id), barred)
        }
        Whose::All => {
            let barred = tx.returning(
                "update instance set sessions_revoked_at = case when sessions_revoked_at > $1 then sessions_revoked_at else $1 end
                 returning sessions_revoked_at",
                values![began],
            )?;
            (Kind::All, None, event, barred)
        }
        Whose::Task(_) => return Err(Error::Bug("a task has one session".into())),
    };
    // Nobody is left to be barred of a user who is gone.
    let at = barred.first().copied().unwrap_or(began);
    let actor = tx.actor().to_owned();
    tx.execute(
        "insert into revocations (whose, whose_id, at, actor, ip, user_agent, request_id, kept_session_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        values![
            kind,
            id,
            at,
            actor,
            by.ip.as_ref(),
            by.user_agent.as_ref(),
            &by.request_id,
            kept
        ],
    )?;
    tx.note(event);
    Ok(at)
}

/// How many sessions one statement ends.
const CHUNK: usize = 50;

/// Ends these sessions as of a moment, those that nobody has ended meanwhile, and says which they were.
fn end_each(tx: &mut Write<'_>, unended: &[Unended], at: Time) -> Result<Vec<SessionId>> {
    if unended.is_empty() {
        instance::remember(tx)?;
    }
    let mut ended = Vec::new();
    for chunk in unended.chunks(CHUNK) {
        let mut query =
            Query::new("update sessions set ended_at = $1, end_status = $2, updated_at = $1");
        query.mark(at);
        query.mark(Status::Revoked);
        let marks = query.marks_of_two_sizes(chunk.iter().map(|one| &one.id), CHUNK);
        query.and(&format!("id in ({marks}) and ended_at is null"));
        let changed: Vec<SessionId> = query.returning("id").changed(tx)?;
        ended.extend(changed);
    }
    ended.sort();
    let over: Vec<&Unended> = unended
        .iter()
        .filter(|one| ended.binary_search(&one.id).is_ok())
        .collect();
    let mut clients: Vec<ClientId> = over.iter().map(|one| one.client.clone()).collect();
    clients.sort();
    clients.dedup();
    clients::signed_out(tx, &clients)?;
    for one in over {
        tx.note(one.event(End::Revoked.action()));
    }
    Ok(ended)
}

/// A revocation whose sessions are still to be ended one by one.
#[derive(Clone, Debug)]
pub struct Revocation {
    id: i64,
    whose: Whose,
    at: Time,
    by: Caller,
    kept: Option<SessionId>,
}

impl FromRow for Revocation {
    fn from_row(row: &mut Row) -> Result<Self> {
        let (id, kind, whose_id): (_, _, Option<String>) = (row.take()?, row.take()?, row.take()?);
        let whose = match (kind, whose_id) {
            (Kind::User, Some(id)) => Whose::User(id.into()),
            (Kind::Agent, Some(id)) => Whose::Agent(id.into()),
            (Kind::All, _) => Whose::All,
            (Kind::User | Kind::Agent, None) => {
                return Err(Error::Bug("a revocation of nobody's sessions".into()));
            }
        };
        let at = row.take()?;
        Ok(Self {
            id,
            whose,
            at,
            by: Caller {
                at,
                actor: row.take()?,
                ip: row.take()?,
                user_agent: row.take()?,
                request_id: row.take()?,
                once: None,
            },
            kept: row.take()?,
        })
    }
}

/// The oldest revocation that is not done.
pub fn unfinished(tx: &mut Read<'_>) -> Result<Option<Revocation>> {
    tx.first(
        "select id, whose, whose_id, at, actor, ip, user_agent, request_id, kept_session_id
         from revocations order by id limit 1",
        &[],
    )
}

/// How far a revocation has come through the sessions that began by its moment.
#[derive(Clone, Debug)]
pub struct Progress {
    created_at: Time,
    id: SessionId,
}

/// One look at the next sessions on the way.
pub struct Look {
    /// Those that are still to be ended.
    pub unended: Vec<Unended>,
    /// Where to go on; `None` at the end.
    pub next: Option<Progress>,
}

/// How many sessions one look goes through.
const LOOK: i64 = 2000;

struct Passed {
    created_at: Time,
    session: Unended,
    unended: bool,
}

impl FromRow for Passed {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            created_at: row.take()?,
            unended: row.take()?,
            session: Unended::from_row(row)?,
        })
    }
}

impl Revocation {
    /// Who wanted it, for the records of what is done for it now.
    pub fn by(&self, now: Time) -> Caller {
        Caller {
            at: now,
            ..self.by.clone()
        }
    }

    /// Looks at the next sessions.
    pub fn look(&self, tx: &mut Read<'_>, from: Option<&Progress>) -> Result<Look> {
        let mut query = Query::new(
            "select created_at, cast(case when ended_at is null and expire_at > $1 then 1 else 0 end as bigint),
                    id, client_id, user_id, agent_id, task_id from sessions",
        );
        let at = query.mark(self.at);
        self.whose.restrict(&mut query);
        query.and(&format!("created_at <= {at}"));
        if let Some(from) = from {
            let (created_at, id) = (query.mark(from.created_at), query.mark(&from.id));
            query.and(&format!(
                "created_at >= {created_at} and (created_at > {created_at} or id > {id})"
            ));
        }
        let page = Page {
            limit: LOOK,
            offset: 0,
        };
        let passed: Vec<Passed> = query.page("created_at, id", page).all(tx)?;
        let last = passed.last().map(|last| Progress {
            created_at: last.created_at,
            id: last.session.id.clone(),
        });
        Ok(Look {
            next: last.filter(|_| i64::try_from(passed.len()) == Ok(LOOK)),
            unended: passed
                .into_iter()
                .filter(|one| one.unended)
                .map(|one| one.session)
                .filter(|session| self.kept.as_ref() != Some(&session.id))
                .collect(),
        })
    }

    /// Ends some of the sessions that were seen.
    pub fn end(&self, tx: &mut Write<'_>, unended: &[Unended]) -> Result<()> {
        end_each(tx, unended, self.at).map(|_| ())
    }

    /// Every session was ended.
    pub fn finish(&self, tx: &mut Write<'_>) -> Result<()> {
        tx.execute("delete from revocations where id = $1", values![self.id])?;
        Ok(())
    }
}

/// How many sessions were active when all of someone's were taken back at a moment, however far ending them has come.
pub fn count_taken_back(tx: &mut Read<'_>, whose: &Whose, at: Time) -> Result<i64> {
    taken_back("select count(*) from sessions", whose, at).one(tx)
}

/// Some of them.
pub fn list_taken_back(
    tx: &mut Read<'_>,
    whose: &Whose,
    at: Time,
    page: Page,
) -> Result<Vec<SessionId>> {
    taken_back("select id from sessions", whose, at)
        .page("created_at desc, id desc", page)
        .all(tx)
}

fn taken_back(select: &str, whose: &Whose, at: Time) -> Query {
    let mut query = Query::new(select);
    whose.restrict(&mut query);
    let (at, revoked) = (query.mark(at), query.mark(Status::Revoked));
    query.and(&format!(
        "created_at <= {at} and (ended_at is null and expire_at > {at} or ended_at = {at} and end_status = {revoked})"
    ));
    query
}
