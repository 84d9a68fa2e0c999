//! The house as it is: the server's own functions on a database in memory, asked one batch after the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use standin_proof::Kept;
use standin_server::caller::Caller;
use standin_server::clients::{Credential, NewSecrets};
use standin_server::clock::{Clock, Time, Watch};
use standin_server::config::Config;
use standin_server::db::{Coming, Database, Stepped, Turn, Write};
use standin_server::error::{Error, Result};
use standin_server::events::Action;
use standin_server::handshake::Payload;
use standin_server::id::{AgentId, MembershipId, OrganizationId, TaskId, UserId};
use standin_server::organizations::{self, NewMembership, NewOrganization, SettingsChange};
use standin_server::policy::{Confirm, OnReplay, Policy};
use standin_server::secret::{MasterKey, Secret};
use standin_server::sessions::{self, Choice, Consent, SignIn};
use standin_server::stage::Stage;
use standin_server::tasks::{self, NewTask, OnBehalfOf, Visit, Way};
use standin_server::users::{self, Change, Edit};
use standin_server::{agents, instance, ledger, tokens};

use crate::play::{self, Answer, Deed, NAMES, Op, USERS, Wanted, Whose, id};

/// What a write gives: the answer, and what its nonce will say.
type Given = (Answer, Option<Payload>);

/// A running server without its doors.
pub struct House {
    db: Stepped,
    policy: Arc<Policy>,
    master: MasterKey,
    secret: Secret,
    nonces: BTreeMap<usize, String>,
    pub clock: Clock,
    pub watch: Watch,
}

/// A call whose batch is being written.
pub struct Begun(Coming<Given>);

/// Who runs the organization, and plays no other part.
const ADMIN: usize = USERS;

fn organization() -> OrganizationId {
    id("org", 0).into()
}

/// What a story leaves behind, in an order in which it can be taken away.
const LEFT: [&str; 12] = [
    "sessions",
    "clients",
    "tasks",
    "agents",
    "revocations",
    "organization_memberships",
    "organizations",
    "identifiers",
    "users",
    "audit",
    "instance",
    "dev_browsers",
];

impl House {
    /// An empty house.
    pub fn new() -> Result<Self> {
        let (clock, secret) = (Clock::fixed(Time(0)), Secret::from("A".repeat(43)));
        Ok(Self {
            db: Stepped::open(ledger::enter)?,
            policy: policy(secret.clone(), OnReplay::Refuse)?,
            master: MasterKey::parse(&secret)?,
            secret,
            nonces: BTreeMap::new(),
            watch: Watch::new(clock.clone(), Time(0)),
            clock,
        })
    }

    /// Makes the house ready for a story: with its users, an organization and one agent. If it is crowded, a crowd has been
    /// there before.
    pub fn open(&mut self, start: Time, is_crowded: bool, is_strict: bool) -> Result<()> {
        self.clock = Clock::fixed(start);
        self.watch = Watch::new(self.clock.clone(), start);
        self.nonces.clear();
        let on_replay = if is_strict {
            OnReplay::RevokeSession
        } else {
            OnReplay::Refuse
        };
        self.policy = policy(self.secret.clone(), on_replay)?;
        self.write("open", move |tx| {
            for table in LEFT {
                tx.execute(&format!("delete from {table}"), &[])?;
            }
            instance::load(tx, &id("ins", 0).into(), Stage::Development)?;
            people(tx)?;
            agents::named(tx, NAMES[0], &AgentId::from(id("agent", 0)))?;
            if is_crowded { crowd(tx) } else { Ok(()) }
        })
    }

    /// Starts again, after the process died.
    pub fn restart(&mut self) -> Result<()> {
        let now = self.clock.now();
        self.watch = Watch::new(self.clock.clone(), now);
        let seen = self.write("start", move |tx| {
            instance::load(tx, &id("ins", 0).into(), Stage::Development)?;
            instance::seen(tx)
        })?;
        self.watch = Watch::new(self.clock.clone(), seen);
        Ok(())
    }

    /// Does one write by itself.
    fn write<T: Send + 'static>(
        &mut self,
        actor: &str,
        work: impl FnMut(&mut Write<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let coming = self
            .db
            .write(Caller::internal(actor, self.watch.now()), work);
        self.db.turn(Turn::Answered)?;
        come(coming)
    }

    /// What the server does by itself: notes the moment, and ends some of the sessions that were taken back.
    pub fn tidy(&mut self, slice: usize) -> Result<bool> {
        self.write("standin", instance::remember)?;
        let Some(revocation) = self.db.read(sessions::unfinished)? else {
            return Ok(false);
        };
        let mut unended = self.db.read(|tx| revocation.look(tx, None))?.unended;
        unended.truncate(slice);
        let coming = self.db.write(revocation.by(self.watch.now()), move |tx| {
            if unended.is_empty() {
                revocation.finish(tx)
            } else {
                revocation.end(tx, &unended)
            }
        });
        self.db.turn(Turn::Answered)?;
        come(coming).map(|()| true)
    }

    /// Puts a call into the next batch.
    pub fn begin(&mut self, n: usize, op: &Op, at: Time) -> Begun {
        let (op, policy) = (op.clone(), self.policy.clone());
        let by = Caller::internal(&format!("call {n}"), at);
        Begun(self.db.write(by, move |tx| carry_out(tx, n, &op, &policy)))
    }

    /// Writes the batch.
    pub fn turn(&mut self, turn: Turn) -> Result<()> {
        self.db.turn(turn)
    }

    /// How a call of an answered batch went.
    pub fn hear(&mut self, n: usize, Begun(coming): Begun) -> Result<Answer> {
        match come(coming) {
            Ok((answer, payload)) => {
                if let Some(payload) = payload {
                    self.nonces.insert(n, payload.seal(&self.master)?);
                }
                Ok(answer)
            }
            Err(error) => refused(error),
        }
    }

    /// Answers a call that only looks.
    pub fn look(&mut self, op: &Op, now: Time) -> Result<Answer> {
        let looked = match op {
            Op::Refresh { session, cookie } => {
                let (id, credentials) = (id("sess", *session).into(), credentials(*cookie));
                self.db.read(|tx| {
                    let session = sessions::own(tx, &credentials, &id, now)?;
                    let session = sessions::in_organization(tx, session, &Choice::Same)?;
                    Ok(Answer::Token {
                        until: tokens::expiry(&session, tokens::LIFE, now),
                        inside: session.organization.is_some(),
                    })
                })
            }
            Op::Exchange { visit } => match Payload::open(&self.master, &self.nonces[visit], now) {
                Some(payload) => self
                    .db
                    .read(|tx| Ok(Answer::Alive(payload.find(tx, now)?.is_some()))),
                None => Ok(Answer::Refused("too late")),
            },
            _ => Err(Error::Bug(format!("{op:?} is no look"))),
        };
        looked.or_else(refused)
    }

    /// What there is in the end.
    pub fn kept(&mut self) -> Result<Kept> {
        let now = self.watch.now();
        self.db.read(|tx| Kept::read(tx, now))
    }
}

fn policy(master: Secret, on_replay: OnReplay) -> Result<Arc<Policy>> {
    let mut config = Config::development(0, Database::Sqlite(":memory:".into()), master);
    config.on_replay = on_replay;
    let own =
        url::Url::parse("http://localhost:4747").map_err(|error| Error::Bug(error.to_string()))?;
    Ok(Arc::new(Policy::new(&config, &own)))
}

/// An answer that is there.
fn come<T>(coming: Coming<T>) -> Result<T> {
    let missing = || Err(Error::Bug("the batch was not written".into()));
    coming.arrived().unwrap_or_else(missing)
}

/// A refusal is an answer; a fault is not.
fn refused(error: Error) -> Result<Answer> {
    if error.is_fault() {
        return Err(error);
    }
    Ok(Answer::Refused(error.shown().code))
}

fn secret(of: &str, n: usize) -> Secret {
    Secret::from(format!("{of} {n}"))
}

fn credentials(cookie: usize) -> Vec<Credential> {
    let shown = Credential::Cookie(secret("cookie", cookie).digest());
    if cookie == 0 { vec![] } else { vec![shown] }
}

fn done<T>(_: T) -> Given {
    (Answer::Done, None)
}

/// Call `n`, as a door would make it.
fn carry_out(tx: &mut Write<'_>, n: usize, op: &Op, policy: &Policy) -> Result<Given> {
    match op {
        Op::Create(wanted) => create(tx, n, *wanted),
        Op::Visit(shown) => visit(tx, n, *shown, policy),
        Op::TakeBack(task) => tasks::revoke(tx, &id("agttsk", *task).into()).map(done),
        Op::SignOut(Whose::Session(n)) => sessions::revoke(tx, &id("sess", *n).into()).map(done),
        Op::SignOut(whose) => sessions::revoke_all(tx, &meant(*whose)).map(done),
        Op::SignOutOthers { session, cookie } => {
            let (now, own) = (tx.now(), id("sess", *session).into());
            let (_, session) = sessions::of_browser(tx, &credentials(*cookie), &own, now)?;
            sessions::revoke_others(tx, &session.user_id, &own).map(done)
        }
        Op::Leave { cookie } => sessions::sign_out(tx, &credentials(*cookie)).map(done),
        Op::User(user, deed) => change(tx, (n, *user), *deed),
        Op::Disable(agent) => agents::disable(tx, &id("agent", *agent).into()).map(done),
        Op::Enable(agent) => agents::enable(tx, &id("agent", *agent).into()).map(done),
        Op::Refresh { .. } | Op::Exchange { .. } => Err(Error::Bug(format!("{op:?} is a look"))),
    }
}

fn create(tx: &mut Write<'_>, n: usize, wanted: Wanted) -> Result<Given> {
    let new = NewTask {
        id: TaskId::from(id("agttsk", n)),
        fresh_agent: id("agent", n).into(),
        on_behalf_of: OnBehalfOf::User(id("user", wanted.user).into()),
        agent_name: NAMES[wanted.name].into(),
        description: "plays a part".into(),
        redirect_url: "http://localhost:3000/".into(),
        session_seconds: wanted.session / 1000,
        ticket: secret("ticket", n).digest(),
        ticket_seconds: wanted.ticket / 1000,
        created_by: id("key", 0).into(),
        organization: wanted.inside.then(organization),
        confirm: Confirm::Nobody,
        restricted: false,
    };
    let task = tasks::create(tx, &new)?;
    let agent = number(task.agent_id.as_str())?;
    Ok((Answer::Created { agent }, None))
}

fn visit(tx: &mut Write<'_>, n: usize, shown: play::Visit, policy: &Policy) -> Result<Given> {
    let sign_in = SignIn {
        credentials: credentials(shown.cookie),
        secrets: NewSecrets {
            id: id("client", n).into(),
            cookie: secret("cookie", n).digest(),
            dev_browser: None,
        },
        session: id("sess", n).into(),
        consent: Consent::Own,
    };
    let (ticket, now) = (secret("ticket", shown.task).digest(), tx.now());
    let way = if shown.as_page { Way::Page } else { Way::Call };
    let (answer, session, target) = match tasks::accept(tx, &ticket, &sign_in, policy, way)? {
        Visit::Accepted(session, target) => (Answer::Opened, session, target),
        Visit::Again(session, _, target) => {
            (Answer::Again(number(session.id.as_str())?), session, target)
        }
        Visit::Refused(error) => return Ok((refused(error)?, None)),
    };
    let known = Some((&session.client_id, Some(&session.id)));
    Ok((answer, Some(Payload::new(&target, known, None, now))))
}

fn meant(whose: Whose) -> sessions::Whose {
    match whose {
        Whose::Task(n) => sessions::Whose::Task(id("agttsk", n).into()),
        Whose::User(n) => sessions::Whose::User(id("user", n).into()),
        Whose::Agent(n) => sessions::Whose::Agent(id("agent", n).into()),
        Whose::Session(_) | Whose::Everyone => sessions::Whose::All,
    }
}

fn change(tx: &mut Write<'_>, (n, user): (usize, usize), deed: Deed) -> Result<Given> {
    let user = UserId::from(id("user", user));
    let (action, edit) = match deed {
        Deed::Ban => (Action::UserBan, Edit::Ban),
        Deed::Unban => (Action::UserUnban, Edit::Unban),
        Deed::Lock => (Action::UserLock, Edit::Lock),
        Deed::Unlock => (Action::UserUnlock, Edit::Unlock),
        Deed::Delete => return users::delete(tx, &user).map(done),
        Deed::Join => {
            let new = NewMembership {
                id: MembershipId::from(id("orgmem", n)),
                organization: organization(),
                user,
                public_metadata: serde_json::Map::new(),
                private_metadata: serde_json::Map::new(),
            };
            return organizations::add_member(tx, &new, "org:member").map(done);
        }
        Deed::Part => return organizations::remove_member(tx, &organization(), &user).map(done),
    };
    users::edit(tx, &user, &Change::new(action, vec![edit])).map(done)
}

/// The number in an id.
fn number(id: &str) -> Result<usize> {
    let digits = id.rsplit('_').next().and_then(|digits| digits.parse().ok());
    digits.ok_or_else(|| Error::Bug(format!("{id} has no number")))
}

/// The users, and an organization that another one runs.
fn people(tx: &mut Write<'_>) -> Result<()> {
    for user in 0..=ADMIN {
        users::create(tx, &id("user", user).into(), &[], &[])?;
    }
    let enabled = SettingsChange {
        enabled: Some(true),
        max_allowed_memberships: Some(0),
        ..SettingsChange::default()
    };
    organizations::update_settings(tx, &enabled)?;
    let new = NewOrganization {
        id: organization(),
        membership: id("orgmem", 0).into(),
        name: "Acme".into(),
        slug: None,
        created_by: Some(id("user", ADMIN).into()),
        public_metadata: serde_json::Map::new(),
        private_metadata: serde_json::Map::new(),
        max_allowed_memberships: None,
        created_at: None,
    };
    organizations::create(tx, &new).map(|_| ())
}

/// More sessions of one user and one agent than one write looks at, all of them long over.
fn crowd(tx: &mut Write<'_>) -> Result<()> {
    tx.execute(
        "insert into clients (id, secret_digest, created_at, updated_at) values ('client_past', 'past', 0, 0)",
        &[],
    )?;
    tx.execute(
        "with recursive past (n) as (select 1 union all select n + 1 from past where n < 1001)
         insert into sessions (id, client_id, user_id, agent_id, created_at, updated_at, expire_at, last_active_at, ended_at, end_status)
         select 'sess_past_' || n, 'client_past', 'user_0', 'agent_0', 0, 0, 1, 0, 0, 'ended' from past",
        &[],
    )
    .map(|_| ())
}
