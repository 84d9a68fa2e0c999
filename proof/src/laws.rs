//! The eight invariants. Each is a function of its own that says where it was broken.

mod records;

use std::collections::BTreeMap;
use std::fmt;

use crate::history::{Asked, Call, History, Told, Whose};
use crate::kept::{Kept, KeptSession, KeptTask};

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its number.
    pub law: &'static str,
    /// What happened instead.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is broken: {}", self.law, self.what)
    }
}

/// What was held against the laws: a run in which little happens proves little.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Tasks that were acknowledged.
    pub tasks: usize,
    /// Visits.
    pub visits: usize,
    /// Those that opened a session.
    pub opened: usize,
    /// What was taken back and acknowledged: tickets and sessions.
    pub taken_back: usize,
    /// Tokens.
    pub tokens: usize,
    /// Calls that got no answer.
    pub unanswered: usize,
    /// Records.
    pub records: usize,
}

impl std::ops::AddAssign for Held {
    fn add_assign(&mut self, more: Self) {
        self.tasks += more.tasks;
        self.visits += more.visits;
        self.opened += more.opened;
        self.taken_back += more.taken_back;
        self.tokens += more.tokens;
        self.unanswered += more.unanswered;
        self.records += more.records;
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} tasks, {} visits of which {} opened a session, {} taken back, {} tokens, {} calls without an answer, {} records",
            self.tasks,
            self.visits,
            self.opened,
            self.taken_back,
            self.tokens,
            self.unanswered,
            self.records
        )
    }
}

impl History {
    /// Holds everything that happened, and what is kept of it, against every law.
    ///
    /// # Errors
    /// Each place where one is broken.
    pub fn check(&self, kept: &Kept) -> Result<Held, Vec<Broken>> {
        let calls = self.calls();
        let case = Case::new(&calls, kept);
        let mut broken = Vec::new();
        for (law, holds) in LAWS {
            let found = holds(&case).into_iter();
            broken.extend(found.map(|what| Broken { law, what }));
        }
        if broken.is_empty() {
            Ok(case.held())
        } else {
            Err(broken)
        }
    }
}

/// A law: where it is broken.
type Law = fn(&Case<'_>) -> Vec<String>;

const LAWS: [(&str, Law); 8] = [
    ("I1", tasks_are_there_or_explained),
    ("I2", a_ticket_opens_one_session),
    ("I3", what_is_over_stays_over),
    ("I4", no_tokens_after_the_end),
    ("I5", no_token_outlives_its_session),
    ("I6", records::one_a_change_in_order),
    ("I7", what_was_acknowledged_is_there),
    ("I8", a_name_is_one_agent),
];

/// Codes with which a ticket is refused for good.
const FOR_GOOD: [&str; 3] = [
    "agent_task_already_used",
    "agent_task_revoked",
    "ticket_expired_code",
];

/// How long tokens may live after their session was taken back, in seconds.
const LAST_TOKEN: i64 = 65;

/// A run, sorted by what it was about.
struct Case<'a> {
    kept: &'a Kept,
    calls: &'a [Call],
    tasks: BTreeMap<&'a str, &'a KeptTask>,
    sessions: BTreeMap<&'a str, &'a KeptSession>,
    /// Acknowledged tasks, and their agents.
    created: BTreeMap<&'a str, &'a Call>,
    visits: BTreeMap<&'a str, Vec<&'a Call>>,
    take_backs: BTreeMap<&'a str, Vec<&'a Call>>,
    tokens: Vec<(&'a str, i64, &'a Call)>,
    sign_outs: Vec<(&'a Whose, &'a Call)>,
}

impl<'a> Case<'a> {
    fn new(calls: &'a [Call], kept: &'a Kept) -> Self {
        let mut case = Self {
            kept,
            calls,
            tasks: kept.tasks.iter().map(|one| (&*one.id, one)).collect(),
            sessions: kept.sessions.iter().map(|one| (&*one.id, one)).collect(),
            created: BTreeMap::new(),
            visits: BTreeMap::new(),
            take_backs: BTreeMap::new(),
            tokens: Vec::new(),
            sign_outs: Vec::new(),
        };
        for call in calls {
            match (&call.asked, &call.told) {
                (Asked::Create { .. }, Told::Created { task, .. }) => {
                    case.created.insert(task, call);
                }
                (Asked::Visit { task }, _) => case.visits.entry(task).or_default().push(call),
                (Asked::TakeBack { task }, _) => {
                    case.take_backs.entry(task).or_default().push(call);
                }
                (Asked::SignOut(whose), Told::Done) => case.sign_outs.push((whose, call)),
                (Asked::Token { session }, Told::Token { until }) => {
                    case.tokens.push((session, *until, call));
                }
                (Asked::Create { .. } | Asked::SignOut(_) | Asked::Token { .. }, _) => {}
            }
        }
        case
    }

    fn visits(&self, task: &str) -> &[&'a Call] {
        self.visits.get(task).map_or(&[], Vec::as_slice)
    }

    fn take_backs(&self, task: &str) -> &[&'a Call] {
        self.take_backs.get(task).map_or(&[], Vec::as_slice)
    }

    fn held(&self) -> Held {
        let visits = self.visits.values().flatten();
        let done = self.take_backs.values().flatten();
        Held {
            tasks: self.created.len(),
            visits: visits.clone().count(),
            opened: visits.filter(|call| opened(call)).count(),
            taken_back: self.sign_outs.len() + done.filter(|call| call.told == Told::Done).count(),
            tokens: self.tokens.len(),
            unanswered: unanswered(self.calls).count(),
            records: self.kept.records.len(),
        }
    }
}

fn opened(call: &Call) -> bool {
    matches!(call.told, Told::Opened { .. })
}

fn unanswered(calls: &[Call]) -> impl Iterator<Item = &Call> {
    calls.iter().filter(|call| call.told == Told::Nothing)
}

/// Whether some call did this, or may have.
fn may_have(calls: &[&Call], done: impl Fn(&Call) -> bool) -> bool {
    calls
        .iter()
        .any(|call| done(call) || call.told == Told::Nothing)
}

fn tasks_are_there_or_explained(case: &Case<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for id in case.created.keys() {
        let (visits, take_backs) = (case.visits(id), case.take_backs(id));
        let explained = match case.tasks.get(id).map(|task| &*task.status) {
            Some("pending" | "expired") => true,
            Some("used") => may_have(visits, opened),
            Some("revoked") => may_have(take_backs, |call| call.told == Told::Done),
            _ => false,
        };
        if !explained {
            broken.push(format!(
                "{id} is {:?}, and nobody made it so",
                case.tasks.get(id)
            ));
        }
        let unknown = Told::Refused("ticket_invalid_code".into());
        if visits.iter().any(|call| call.told == unknown) {
            broken.push(format!(
                "{id} was acknowledged, and its ticket is not known"
            ));
        }
    }
    broken
}

fn a_ticket_opens_one_session(case: &Case<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let mut of_task: BTreeMap<&str, usize> = BTreeMap::new();
    for task in case
        .kept
        .sessions
        .iter()
        .filter_map(|one| one.task.as_deref())
    {
        *of_task.entry(task).or_default() += 1;
    }
    for (id, task) in &case.tasks {
        let sessions = of_task.get(id).copied().unwrap_or_default();
        let told = case.visits(id).iter().filter(|call| opened(call)).count();
        if sessions > 1 || told > sessions {
            broken.push(format!(
                "{id} has {sessions} sessions, and {told} visitors were let in"
            ));
        }
        if (task.status == "used") != (sessions == 1) {
            broken.push(format!("{id} is {}, with {sessions} sessions", task.status));
        }
    }
    broken
}

fn what_is_over_stays_over(case: &Case<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (id, visits) in &case.visits {
        let refused = visits.iter().filter(|call| match &call.told {
            Told::Refused(code) => FOR_GOOD.contains(&code.as_str()),
            _ => false,
        });
        let revoked = case.take_backs(id).iter();
        let over = refused.chain(revoked.filter(|call| call.told == Told::Done));
        // The first answer of that kind forbids the most.
        let Some(over) = over.min_by_key(|call| call.to.nth) else {
            continue;
        };
        let late = visits
            .iter()
            .find(|visit| over.is_before(visit) && opened(visit));
        if let Some(late) = late {
            broken.push(format!("{id} was over ({over:?}) and opened ({late:?})"));
        }
    }
    broken
}

/// Whether a session is among those that are meant.
fn is_meant(session: &KeptSession, whose: &Whose) -> bool {
    match whose {
        Whose::Session(id) => session.id == *id,
        Whose::Task(id) => session.task.as_ref() == Some(id),
        Whose::User(id) => session.user == *id,
        Whose::Agent(id) => session.agent.as_ref() == Some(id),
        Whose::Everyone => true,
    }
}

fn no_tokens_after_the_end(case: &Case<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    // A session whose visitor had heard of it before somebody asked for its end.
    let began = |session: &KeptSession| {
        let visits = session
            .task
            .as_deref()
            .map_or(&[][..], |task| case.visits(task));
        visits.iter().copied().find(|call| opened(call))
    };
    for (id, until, token) in &case.tokens {
        let Some(session) = case.sessions.get(id) else {
            broken.push(format!("a token was made for {id}, which is not there"));
            continue;
        };
        for (whose, end) in case
            .sign_outs
            .iter()
            .filter(|(whose, _)| is_meant(session, whose))
        {
            let is_named = matches!(whose, Whose::Session(_));
            if !is_named && !began(session).is_some_and(|began| began.is_before(end)) {
                continue;
            }
            if end.is_before(token) {
                broken.push(format!(
                    "{id} was over ({end:?}) and got a token ({token:?})"
                ));
            }
            // By the clock as it was: one that was set back meanwhile does not shorten a token.
            let ended = end.to.clock.max(token.from.clock) / 1000;
            if token.from.nth < end.to.nth && *until > ended + LAST_TOKEN {
                broken.push(format!(
                    "{id} was over ({end:?}) and its token lasts ({token:?})"
                ));
            }
        }
    }
    broken
}

fn no_token_outlives_its_session(case: &Case<'_>) -> Vec<String> {
    let late = case.tokens.iter().filter(|(id, until, _)| {
        let session = case.sessions.get(id);
        session.is_some_and(|session| *until > session.expire_at / 1000)
    });
    late.map(|(id, _, token)| format!("{id} ends before its token ({token:?})"))
        .collect()
}

fn what_was_acknowledged_is_there(case: &Case<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let kept = |id: &str| {
        case.tasks
            .get(id)
            .map(|task| (&*task.status, task.session.as_deref()))
    };
    for (id, visits) in &case.visits {
        for call in visits {
            let Told::Opened { session } = &call.told else {
                continue;
            };
            let is_kept = match kept(id) {
                Some(("used", there)) => session.as_deref().is_none_or(|told| there == Some(told)),
                _ => false,
            };
            if !is_kept {
                broken.push(format!("{call:?} was told, and {id} is {:?}", kept(id)));
            }
        }
    }
    for (id, calls) in &case.take_backs {
        let done = calls.iter().any(|call| call.told == Told::Done);
        if done && kept(id).map(|(status, _)| status) != Some("revoked") {
            broken.push(format!("{id} was taken back, and is {:?}", kept(id)));
        }
    }
    for (whose, call) in &case.sign_outs {
        if let Whose::Session(id) = whose {
            let status = case.sessions.get(&**id).map(|session| &*session.status);
            if matches!(status, None | Some("active" | "pending")) {
                broken.push(format!("{call:?} was told, and {id} is {status:?}"));
            }
        }
    }
    broken
}

fn a_name_is_one_agent(case: &Case<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let (mut agents, mut names) = (BTreeMap::new(), BTreeMap::new());
    for call in case.created.values() {
        if let (Asked::Create { agent: name }, Told::Created { agent, .. }) =
            (&call.asked, &call.told)
        {
            let (first, of) = (
                *agents.entry(name).or_insert(agent),
                *names.entry(agent).or_insert(name),
            );
            if first != agent || of != name {
                broken.push(format!("{name} is {agent}, and {of} is {first}"));
            }
        }
    }
    broken
}
