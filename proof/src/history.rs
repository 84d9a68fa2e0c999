//! What happened, as those saw it who asked.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What somebody asked for. Everything is named by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A task, for the agent of this name.
    Create {
        /// Its name.
        agent: String,
    },
    /// What this task's ticket opens.
    Visit {
        /// Its id.
        task: String,
    },
    /// That this task's ticket opens nothing any more.
    TakeBack {
        /// Its id.
        task: String,
    },
    /// That these sessions are over.
    SignOut(Whose),
    /// A token for this session.
    Token {
        /// Its id.
        session: String,
    },
}

/// Whose sessions are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// This one.
    Session(String),
    /// The one that this task opened.
    Task(String),
    /// This user's.
    User(String),
    /// Those in which this agent acts.
    Agent(String),
    /// All there are.
    Everyone,
}

/// What they were told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The task was made, for this agent.
    Created {
        /// Its id.
        task: String,
        /// The agent's id.
        agent: String,
    },
    /// A session was opened; which, a browser may not know.
    Opened {
        /// Its id.
        session: Option<String>,
    },
    /// The session that is there already goes on.
    Again,
    /// A token that ends at this second.
    Token {
        /// Seconds since the epoch.
        until: i64,
    },
    /// It is done.
    Done,
    /// It is not done, for the reason with this code.
    Refused(String),
    /// Nothing: it may have been done.
    Nothing,
}

/// When something happened: its place in the order of events, and what the server's clock said, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Of two events the later one has the larger number.
    pub nth: u64,
    /// Milliseconds since the epoch.
    pub clock: i64,
}

/// One question and its answer.
#[derive(Clone, Debug)]
pub struct Call {
    /// What was asked.
    pub asked: Asked,
    /// When.
    pub from: Moment,
    /// What was told.
    pub told: Told,
    /// When; for ever after where nothing was.
    pub to: Moment,
}

impl Call {
    /// Whether this was answered before the other was asked.
    pub fn is_before(&self, other: &Call) -> bool {
        self.to.nth < other.from.nth
    }
}

/// Everything that was asked in a run.
#[derive(Debug, Default)]
pub struct History(Mutex<Events>);

#[derive(Debug, Default)]
struct Events {
    count: u64,
    calls: Vec<Call>,
}

/// A call whose answer is not there yet.
#[derive(Debug)]
#[must_use = "without an answer the call counts as one that may have been done"]
pub struct Open(usize);

const NEVER: Moment = Moment {
    nth: u64::MAX,
    clock: i64::MAX,
};

impl History {
    /// Somebody asks.
    pub fn ask(&self, asked: Asked, clock: i64) -> Open {
        let mut events = self.events();
        let from = events.next(clock);
        events.calls.push(Call {
            asked,
            from,
            told: Told::Nothing,
            to: NEVER,
        });
        Open(events.calls.len() - 1)
    }

    /// They are told.
    pub fn tell(&self, Open(call): Open, told: Told, clock: i64) {
        if told == Told::Nothing {
            return;
        }
        let mut events = self.events();
        let to = events.next(clock);
        let call = &mut events.calls[call];
        (call.told, call.to) = (told, to);
    }

    /// How many events there were so far.
    pub fn events_so_far(&self) -> u64 {
        self.events().count
    }

    /// The same as if nobody had been told anything after so many events: what a backup that was begun then must hold. What
    /// was asked later may be in it or not.
    #[must_use]
    pub fn as_of(&self, nth: u64) -> Self {
        let events = self.events();
        let mut calls = events.calls.clone();
        for call in calls.iter_mut().filter(|call| call.to.nth > nth) {
            (call.told, call.to) = (Told::Nothing, NEVER);
        }
        let count = events.count;
        Self(Mutex::new(Events { count, calls }))
    }

    /// What had been asked and told by this moment of the clock, the answers of that moment among it.
    #[must_use]
    pub fn until(&self, clock: i64) -> Self {
        let events = self.events();
        let mut calls = events.calls.clone();
        calls.retain(|call| call.from.clock <= clock);
        for call in calls.iter_mut().filter(|call| call.to.clock > clock) {
            (call.told, call.to) = (Told::Nothing, NEVER);
        }
        let count = events.count;
        Self(Mutex::new(Events { count, calls }))
    }

    /// How many tasks were acknowledged.
    pub fn created(&self) -> usize {
        let calls = &self.events().calls;
        let created = calls
            .iter()
            .filter(|call| matches!(call.told, Told::Created { .. }));
        created.count()
    }

    /// Every call, in the order in which they were asked.
    pub fn calls(&self) -> Vec<Call> {
        self.events().calls.clone()
    }

    fn events(&self) -> MutexGuard<'_, Events> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Events {
    fn next(&mut self, clock: i64) -> Moment {
        self.count += 1;
        Moment {
            nth: self.count,
            clock,
        }
    }
}
