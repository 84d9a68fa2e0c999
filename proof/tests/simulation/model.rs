//! What the house must answer. No rows, no digests, no transactions: the rules alone, one call after the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::play::{Answer, Deed, Op, Visit, Wanted, Whose};

/// The house as it should be. Times are milliseconds.
#[derive(Default)]
pub struct Model {
    /// Whether user 0, agent 0 and everyone have so many sessions that those are barred at once and ended later.
    pub is_crowded: bool,
    /// Whether a ticket that is shown again costs the session that it opened.
    pub is_strict: bool,
    /// By name.
    pub agents: BTreeMap<usize, usize>,
    pub shut: BTreeSet<Whose>,
    pub gone: BTreeSet<usize>,
    pub locked: BTreeMap<usize, i64>,
    pub members: BTreeSet<usize>,
    pub begin_inside: BTreeSet<usize>,
    pub tasks: BTreeMap<usize, (Wanted, i64)>,
    pub used: BTreeMap<usize, usize>,
    pub revoked: BTreeSet<usize>,
    pub sessions: BTreeMap<usize, Session>,
    /// By cookie.
    pub clients: BTreeMap<usize, usize>,
    /// By visit: the session, and the second from which on it is too late.
    pub nonces: BTreeMap<usize, (usize, i64)>,
}

pub struct Session {
    of: [Whose; 5],
    user: usize,
    client: usize,
    inside: bool,
    until: i64,
    is_over: bool,
}

type Verdict<T = Answer> = Result<T, &'static str>;
const DONE: Verdict = Ok(Answer::Done);

impl Model {
    /// The answer to call `n`, asked at the moment `now`.
    pub fn answer(&mut self, n: usize, op: &Op, now: i64) -> Answer {
        let verdict = match *op {
            Op::Create(wanted) => self.create(n, wanted, now),
            Op::Visit(visit) => self.visit(n, visit, now),
            Op::TakeBack(task) if self.over(task, now).is_none() => {
                self.revoked.insert(task);
                DONE
            }
            Op::TakeBack(_) => Err("agent_task_cannot_be_revoked"),
            Op::SignOut(whose) => self.sign_out(whose, None, now),
            Op::SignOutOthers { session, cookie } => {
                let user = self.own(session, cookie, now).map(|own| own.user);
                user.and_then(|user| self.sign_out(Whose::User(user), Some(session), now))
            }
            Op::Leave { cookie } => self.leave(self.clients.get(&cookie).copied(), now),
            Op::User(user, deed) => self.change(user, deed, now),
            Op::Disable(agent) => self.shut(Whose::Agent(agent), now),
            Op::Enable(agent) => {
                self.shut.remove(&Whose::Agent(agent));
                DONE
            }
            Op::Refresh { session, cookie } => {
                let own = self.own(session, cookie, now);
                own.map(|own| Answer::Token {
                    until: (second(now) + 60).min(second(own.until)),
                    inside: own.inside && self.members.contains(&own.user),
                })
            }
            Op::Exchange { visit } => match self.nonces[&visit] {
                (_, late) if second(now) >= late => Err("too late"),
                (session, _) => Ok(Answer::Alive(self.is_alive(&self.sessions[&session], now))),
            },
        };
        verdict.unwrap_or_else(Answer::Refused)
    }

    /// When the next ticket or session ends.
    pub fn next_end(&self, now: i64) -> Option<i64> {
        let tasks = self.tasks.values().map(|(_, until)| *until);
        let all = tasks.chain(self.sessions.values().map(|one| one.until));
        all.filter(|end| *end > now).min()
    }

    fn create(&mut self, n: usize, wanted: Wanted, now: i64) -> Verdict {
        self.may_sign_in(wanted.user, now)?;
        self.may_begin(wanted)?;
        // A new name is not another one if it differs by letter case only, as the first two do.
        let is_twin = wanted.name < 2 && !self.agents.contains_key(&wanted.name);
        self.may_act(if is_twin {
            1 - wanted.name
        } else {
            wanted.name
        })?;
        let agent = *self.agents.entry(wanted.name).or_insert(n);
        self.tasks.insert(n, (wanted, now + wanted.ticket));
        Ok(Answer::Created { agent })
    }

    fn may_sign_in(&self, user: usize, now: i64) -> Verdict<()> {
        match Whose::User(user) {
            _ if self.gone.contains(&user) => Err("agent_task_subject_not_found"),
            whose if self.shut.contains(&whose) => Err("user_banned"),
            _ if self.locked.get(&user) > Some(&now) => Err("user_locked"),
            _ => Ok(()),
        }
    }

    fn may_act(&self, name: usize) -> Verdict<()> {
        match self.agents.get(&name) {
            Some(agent) if self.shut.contains(&Whose::Agent(*agent)) => {
                Err("agent_task_cannot_be_used")
            }
            _ => Ok(()),
        }
    }

    fn may_begin(&self, wanted: Wanted) -> Verdict<()> {
        let may = !wanted.inside || self.members.contains(&wanted.user);
        may.then_some(()).ok_or("not_a_member_in_organization")
    }

    /// Why a ticket opens nothing, whoever shows it.
    fn over(&self, task: usize, now: i64) -> Option<&'static str> {
        match self.tasks[&task] {
            _ if self.used.contains_key(&task) => Some("agent_task_already_used"),
            _ if self.revoked.contains(&task) => Some("agent_task_revoked"),
            (_, until) if now >= until => Some("ticket_expired_code"),
            _ => None,
        }
    }

    fn visit(&mut self, n: usize, visit: Visit, now: i64) -> Verdict {
        let Visit {
            task,
            cookie,
            as_page,
        } = visit;
        let ((wanted, until), session) = (self.tasks[&task], self.used.get(&task).copied());
        let is_held = |held: &usize| as_page && now < until && self.own(*held, cookie, now).is_ok();
        if let Some(held) = session.filter(is_held) {
            self.nonces.insert(n, (held, second(now) + 60));
            return Ok(Answer::Again(held));
        }
        if let Some(code) = self.over(task, now) {
            if self.is_strict && session.is_some() {
                self.sign_out(Whose::Task(task), None, now)?;
            }
            return Err(code);
        }
        self.may_sign_in(wanted.user, now)?;
        self.may_act(wanted.name)?;
        self.may_begin(wanted)?;
        let known = self.clients.get(&cookie).copied();
        self.leave(known, now)?;
        let (user, agent, client) = (wanted.user, self.agents[&wanted.name], known.unwrap_or(n));
        self.clients.retain(|_, of| *of != client);
        self.clients.insert(n, client);
        self.used.insert(task, n);
        self.nonces.insert(n, (n, second(now) + 60));
        let (as_user, as_agent) = (Whose::User(user), Whose::Agent(agent));
        let session = Session {
            of: [
                Whose::Session(n),
                Whose::Task(task),
                as_user,
                as_agent,
                Whose::Everyone,
            ],
            user,
            client,
            inside: self.members.contains(&user)
                && (wanted.inside || self.begin_inside.contains(&user)),
            until: now + wanted.session,
            is_over: false,
        };
        self.sessions.insert(n, session);
        Ok(Answer::Opened)
    }

    fn sign_out(&mut self, whose: Whose, kept: Option<usize>, now: i64) -> Verdict {
        let crowds = [Whose::User(0), Whose::Agent(0), Whose::Everyone];
        let is_many = self.is_crowded && crowds.contains(&whose);
        for (n, one) in self
            .sessions
            .iter_mut()
            .filter(|(_, one)| one.of.contains(&whose))
        {
            one.is_over |= kept != Some(*n) && (is_many || now < one.until);
        }
        DONE
    }

    fn leave(&mut self, client: Option<usize>, now: i64) -> Verdict {
        let all = self.sessions.values_mut();
        for one in all.filter(|one| Some(one.client) == client) {
            one.is_over |= now < one.until;
        }
        DONE
    }

    fn shut(&mut self, whose: Whose, now: i64) -> Verdict {
        self.shut.insert(whose);
        self.sign_out(whose, None, now)
    }

    fn change(&mut self, user: usize, deed: Deed, now: i64) -> Verdict {
        match deed {
            _ if self.gone.contains(&user) => return Err("resource_not_found"),
            Deed::Ban => return self.shut(Whose::User(user), now),
            Deed::Delete => {
                self.gone.insert(user);
                return self.shut(Whose::User(user), now);
            }
            Deed::Join if !self.members.insert(user) => {
                return Err("already_a_member_in_organization");
            }
            Deed::Part if !self.members.remove(&user) => return Err("resource_not_found"),
            Deed::Join => drop(self.begin_inside.insert(user)),
            Deed::Part => {}
            Deed::Unban => drop(self.shut.remove(&Whose::User(user))),
            Deed::Lock => drop(self.locked.insert(user, now + 3_600_000)),
            Deed::Unlock => drop(self.locked.remove(&user)),
        }
        DONE
    }

    fn is_alive(&self, one: &Session, now: i64) -> bool {
        let is_shut = one.of.iter().any(|whose| self.shut.contains(whose));
        !one.is_over && now < one.until && !is_shut
    }

    fn own(&self, session: usize, cookie: usize, now: i64) -> Verdict<&Session> {
        let own = &self.sessions[&session];
        let is_own = self.clients.get(&cookie) == Some(&own.client);
        (is_own && self.is_alive(own, now))
            .then_some(own)
            .ok_or("signed_out")
    }
}

fn second(now: i64) -> i64 {
    now.div_euclid(1000)
}
