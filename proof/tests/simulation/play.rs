//! What can be asked of the house, and what it can answer. Things are numbered: what call 7 made is task 7, session 7,
//! cookie 7, agent 7. Users are counted from 0, and so are agents' names.

use standin_proof::{Asked, Told, Whose as Named};

/// One thing that is asked.
#[derive(Clone, Debug)]
pub enum Op {
    /// A task.
    Create(Wanted),
    /// A browser opens a task's link.
    Visit(Visit),
    /// A task is taken back.
    TakeBack(usize),
    /// Sessions are taken back.
    SignOut(Whose),
    /// A page takes back all sessions of its user but its own.
    SignOutOthers { session: usize, cookie: usize },
    /// A browser signs out.
    Leave { cookie: usize },
    /// Something is done to a user.
    User(usize, Deed),
    /// An agent may not act any more.
    Disable(usize),
    /// It may again.
    Enable(usize),
    /// A page asks for a token.
    Refresh { session: usize, cookie: usize },
    /// An application's server exchanges the nonce of a visit, perhaps once more.
    Exchange { visit: usize },
}

/// A task to be made.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub user: usize,
    /// The agent's name.
    pub name: usize,
    /// Whether its session shall begin in the organization.
    pub inside: bool,
    /// How long the ticket lasts, in milliseconds.
    pub ticket: i64,
    /// And the session.
    pub session: i64,
}

/// A browser that opens a task's link. Cookie 0 is none.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    pub task: usize,
    pub cookie: usize,
    /// As a page, or by a call.
    pub as_page: bool,
}

/// What can happen to a user.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    Ban,
    Unban,
    Lock,
    Unlock,
    Delete,
    /// Into the organization.
    Join,
    /// And out of it.
    Part,
}

/// Whose sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    Session(usize),
    Task(usize),
    User(usize),
    Agent(usize),
    Everyone,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The task was made, for this agent.
    Created { agent: usize },
    /// A session was opened.
    Opened,
    /// The browser's session goes on.
    Again(usize),
    /// A token until this second, in the organization or not.
    Token { until: i64, inside: bool },
    /// Whether the session of a nonce is alive.
    Alive(bool),
    /// It is done.
    Done,
    /// A refusal with this code.
    Refused(&'static str),
}

/// The agents' names. The first two differ by letter case only.
pub const NAMES: [&str; 3] = ["research agent", "Research Agent", "tester"];

/// How many users there are to act for.
pub const USERS: usize = 3;

/// An id that tells its number.
pub fn id(kind: &str, n: usize) -> String {
    format!("{kind}_{n}")
}

impl Op {
    /// Whether it only looks.
    pub fn is_read(&self) -> bool {
        matches!(self, Self::Refresh { .. } | Self::Exchange { .. })
    }

    /// What the laws call it, if they speak of it.
    pub fn asked(&self) -> Option<Asked> {
        Some(match self {
            Self::Create(wanted) => Asked::Create {
                agent: NAMES[wanted.name].into(),
            },
            Self::Visit(visit) => Asked::Visit {
                task: id("agttsk", visit.task),
            },
            Self::TakeBack(task) => Asked::TakeBack {
                task: id("agttsk", *task),
            },
            Self::SignOut(whose) => Asked::SignOut(whose.named()),
            Self::User(user, Deed::Ban | Deed::Delete) => {
                Asked::SignOut(Whose::User(*user).named())
            }
            Self::Disable(agent) => Asked::SignOut(Whose::Agent(*agent).named()),
            Self::Refresh { session, .. } => Asked::Token {
                session: id("sess", *session),
            },
            _ => return None,
        })
    }
}

impl Whose {
    fn named(self) -> Named {
        match self {
            Self::Session(n) => Named::Session(id("sess", n)),
            Self::Task(n) => Named::Task(id("agttsk", n)),
            Self::User(n) => Named::User(id("user", n)),
            Self::Agent(n) => Named::Agent(id("agent", n)),
            Self::Everyone => Named::Everyone,
        }
    }
}

impl Answer {
    /// What the laws call it. `n` is the call.
    pub fn told(&self, n: usize) -> Told {
        match self {
            Self::Created { agent } => Told::Created {
                task: id("agttsk", n),
                agent: id("agent", *agent),
            },
            Self::Opened => Told::Opened {
                session: Some(id("sess", n)),
            },
            Self::Again(_) => Told::Again,
            Self::Token { until, .. } => Told::Token { until: *until },
            Self::Alive(_) | Self::Done => Told::Done,
            Self::Refused(code) => Told::Refused((*code).into()),
        }
    }
}
