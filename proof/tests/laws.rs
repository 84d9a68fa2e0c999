//! The checker, checked: each law is broken by a small history, and only that history is at fault.

use standin_proof::{Asked, History, Kept, KeptSession, KeptTask, Record, Told, Whose};

/// A run that is as it should be: one task, visited, and its session taken back.
struct Run {
    calls: Vec<(Asked, Told)>,
    kept: Kept,
}

fn text(word: &str) -> String {
    word.to_owned()
}

fn create(agent: &str, task: &str, id: &str) -> (Asked, Told) {
    let told = Told::Created {
        task: text(task),
        agent: text(id),
    };
    (Asked::Create { agent: text(agent) }, told)
}

fn visit(task: &str, told: Told) -> (Asked, Told) {
    (Asked::Visit { task: text(task) }, told)
}

fn opened(session: &str) -> Told {
    Told::Opened {
        session: Some(text(session)),
    }
}

fn token(session: &str, until: i64) -> (Asked, Told) {
    let session = text(session);
    (Asked::Token { session }, Told::Token { until })
}

fn task(id: &str, status: &str, session: Option<&str>) -> KeptTask {
    KeptTask {
        id: text(id),
        status: text(status),
        session: session.map(text),
    }
}

fn session(id: &str, task: &str, status: &str) -> KeptSession {
    KeptSession {
        id: text(id),
        task: Some(text(task)),
        user: text("ada"),
        agent: Some(text("a1")),
        status: text(status),
        expire_at: 600_000,
    }
}

fn record(seq: i64, action: &str, task: &str, session: Option<&str>) -> Record {
    Record {
        seq,
        action: text(action),
        ok: true,
        task: Some(text(task)),
        session: session.map(text),
    }
}

impl Run {
    fn good() -> Self {
        let kept = Kept {
            tasks: vec![task("t1", "used", Some("s1")), task("t2", "revoked", None)],
            sessions: vec![session("s1", "t1", "revoked")],
            records: vec![
                record(1, "task.create", "t1", None),
                record(2, "session.create", "t1", Some("s1")),
                record(3, "task.accept", "t1", Some("s1")),
                record(4, "session.revoke", "t1", Some("s1")),
                record(5, "task.create", "t2", None),
                record(6, "task.revoke", "t2", None),
            ],
        };
        let calls = vec![
            create("robot", "t1", "a1"),
            visit("t1", opened("s1")),
            token("s1", 61),
            (Asked::SignOut(Whose::User(text("ada"))), Told::Done),
            create("robot", "t2", "a1"),
            (Asked::TakeBack { task: text("t2") }, Told::Done),
            visit("t2", Told::Refused(text("agent_task_revoked"))),
        ];
        Self { calls, kept }
    }

    /// The laws that are broken, each once.
    fn broken(&self) -> Vec<&'static str> {
        let history = History::default();
        for (asked, told) in &self.calls {
            let open = history.ask(asked.clone(), 1_000);
            history.tell(open, told.clone(), 1_000);
        }
        let mut laws: Vec<&str> = match history.check(&self.kept) {
            Ok(_) => Vec::new(),
            Err(broken) => broken.iter().map(|one| one.law).collect(),
        };
        laws.dedup();
        laws
    }

    fn with(change: impl FnOnce(&mut Self)) -> Vec<&'static str> {
        let mut run = Self::good();
        change(&mut run);
        run.broken()
    }
}

#[test]
fn a_run_that_is_as_it_should_be_breaks_no_law() {
    assert!(Run::good().broken().is_empty());
}

#[test]
fn an_acknowledged_task_that_is_lost_or_spent_by_nobody_is_seen() {
    let lost = Run::with(|run| {
        run.calls.push(create("robot", "t3", "a1"));
    });
    assert_eq!(lost, ["I1"]);
    let spent_by_nobody = Run::with(|run| {
        run.calls.remove(1);
    });
    assert!(spent_by_nobody.contains(&"I1"));
}

#[test]
fn a_second_session_and_a_second_visitor_are_seen() {
    let second = Run::with(|run| {
        run.kept.sessions.push(session("s9", "t1", "active"));
        run.kept
            .records
            .push(record(7, "session.create", "t1", Some("s9")));
    });
    assert_eq!(second, ["I2"]);
    assert!(Run::with(|run| run.calls.push(visit("t1", opened("s1")))).contains(&"I2"));
}

#[test]
fn a_ticket_that_opens_after_it_was_over_is_seen() {
    let after_revocation = Run::with(|run| {
        run.calls[6] = visit("t2", opened("s2"));
    });
    assert!(after_revocation.contains(&"I3"));
    let after_expiry = Run::with(|run| {
        let expired = visit("t1", Told::Refused(text("ticket_expired_code")));
        run.calls.insert(1, expired);
    });
    assert_eq!(after_expiry, ["I3"]);
}

#[test]
fn a_token_after_the_end_and_one_that_lasts_too_long_are_seen() {
    assert_eq!(Run::with(|run| run.calls.push(token("s1", 61))), ["I4"]);
    assert_eq!(Run::with(|run| run.calls[2] = token("s1", 67)), ["I4"]);
    assert_eq!(
        Run::with(|run| run.kept.sessions[0].expire_at = 60_000),
        ["I5"]
    );
}

#[test]
fn records_that_lack_repeat_or_stand_in_another_order_are_seen() {
    let lacking = Run::with(|run| drop(run.kept.records.remove(3)));
    let repeated = Run::with(|run| run.kept.records.push(record(7, "task.create", "t1", None)));
    let made_up = Run::with(|run| run.kept.records.push(record(7, "task.create", "t8", None)));
    let before_its_time = Run::with(|run| run.kept.records[0].seq = 9);
    for laws in [lacking, repeated, made_up, before_its_time] {
        assert_eq!(laws, ["I6"]);
    }
}

#[test]
fn what_was_acknowledged_and_is_not_there_is_seen() {
    let forgotten = Run::with(|run| {
        run.kept.tasks[1].status = text("pending");
        run.kept.records.pop();
    });
    assert_eq!(forgotten, ["I7"]);
}

#[test]
fn a_name_with_two_agents_and_an_agent_with_two_names_are_seen() {
    assert_eq!(
        Run::with(|run| run.calls[4] = create("robot", "t2", "a2")),
        ["I8"]
    );
    assert_eq!(
        Run::with(|run| run.calls[4] = create("other", "t2", "a1")),
        ["I8"]
    );
}

#[test]
fn a_call_without_an_answer_may_have_been_done_or_not() {
    let spent = Run::with(|run| run.calls[1] = visit("t1", Told::Nothing));
    assert!(spent.is_empty());
    let lost = Run::with(|run| {
        run.calls
            .push((Asked::TakeBack { task: text("t1") }, Told::Nothing));
    });
    assert!(lost.is_empty());
}
