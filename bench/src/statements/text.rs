//! The text of the statements, and what they are given.

use crate::population::{Population, kept};
use crate::rows::Cell;

/// What a write is about.
pub struct About<'a> {
    /// Who is there.
    pub population: &'a Population,
    /// The number of the task, the ticket and the session.
    pub n: u64,
    /// The number of the user.
    pub user: u64,
    /// When it happens, in milliseconds since the epoch.
    pub now: i64,
}

/// A statement.
pub struct Statement {
    /// Its text, in the pieces that stand in the server's source.
    pub pieces: &'static [&'static str],
    /// Its parameters.
    pub values: fn(&About<'_>) -> Vec<Cell>,
}

impl Statement {
    /// Its text.
    pub fn text(&self) -> String {
        self.pieces.concat()
    }
}

const TASK: &str = "select t.id, t.agent_id, a.name, t.user_id, t.description, t.permissions, t.redirect_url, t.session_seconds,
    t.created_at, t.expires_at, t.used_at, t.revoked_at, t.session_id, t.used_ip, t.used_agent,
    t.organization_id, t.confirm, t.restricted, cast(case when a.disabled_at is null then 0 else 1 end as bigint)
    from tasks t join agents a on a.id = t.agent_id ";
const SESSION: &str = "select s.id, s.client_id, s.user_id, s.agent_id, a.name, s.task_id, s.given_actor, s.organization_id, o.id, o.slug, r.key,
    r.permissions, s.created_at, s.updated_at, s.expire_at, s.last_active_at, s.ip, s.user_agent, s.ended_at,
    s.end_status,
    cast(case when ";
const BARRED: &str = "(u.id is null or u.banned_at is not null or a.disabled_at is not null
    or s.created_at <= u.sessions_revoked_at and s.id <> coalesce(u.kept_session_id, '')
    or s.created_at <= coalesce(a.sessions_revoked_at, 0)
    or s.created_at <= (select i.sessions_revoked_at from instance i where i.slot = 1))";
const AND: &str = " then 1 else 0 end as bigint), cast(case when ";
const WAITS: &str = "(o.id is null and g.enabled * g.force_organization_selection = 1)";
const OF_SESSION: &str = " then 1 else 0 end as bigint),
    (select case when i.session_claims is null then 0 else i.session_claims_revision end from instance i where i.slot = 1), s.verified_at, s.restricted";
const FROM: &str = " from sessions s ";
const AROUND: &str = "left join users u on u.id = s.user_id left join agents a on a.id = s.agent_id
    join organization_settings g on g.slot = 1
    left join organization_memberships m
      on m.organization_id = s.organization_id and m.user_id = s.user_id and g.enabled = 1
    left join organizations o on o.id = m.organization_id";
const WITH_ROLE: &str = " left join roles r on r.id = m.role_id ";

const STANDING: Statement = Statement {
    pieces: &["select banned_at, locked_until from users where id = ?1"],
    values: |about| vec![about.population.user(about.user).into()],
};

const FIND_SESSION: Statement = Statement {
    pieces: &[
        SESSION,
        BARRED,
        AND,
        WAITS,
        OF_SESSION,
        FROM,
        AROUND,
        WITH_ROLE,
        "where s.id = ?1",
    ],
    values: |about| vec![about.population.session(about.n).into()],
};

/// The record of one kind of event.
macro_rules! record {
    ($action:literal, $session:literal) => {
        Statement {
            pieces: &["insert into audit (at, action, result, actor, user_id, agent_id, task_id, session_id, ip, user_agent, request_id, detail) values",
                       " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"],
            values: |about| vec![
                about.now.into(),
                $action.into(),
                "ok".into(),
                "key_bench".into(),
                about.population.user(about.user).into(),
                about.population.agent(about.n).into(),
                about.population.task(about.n).into(),
                $session.then(|| about.population.session(about.n)).into(),
                "127.0.0.1".into(),
                Cell::Null,
                format!("{:032x}", u128::from(about.n)).into(),
                Cell::Null,
            ],
        }
    };
}

/// Creates a task by its user's id.
pub const CREATE: &[Statement] = &[
    STANDING,
    Statement {
        pieces: &["select id, name, created_at, disabled_at from agents", " where name = ?1"],
        values: |about| vec![Population::agent_name(about.n).into()],
    },
    Statement {
        pieces: &["insert into tasks (id, agent_id, user_id, created_by, description, permissions, redirect_url, session_seconds,
                   ticket_digest, created_at, expires_at, organization_id, confirm, restricted)
                   values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"],
        values: |about| vec![
            about.population.task(about.n).into(),
            about.population.agent(about.n).into(),
            about.population.user(about.user).into(),
            "key_bench".into(),
            "Measures how it goes".into(),
            "*".into(),
            "http://localhost:3000/dashboard".into(),
            1800.into(),
            kept(&about.population.ticket(about.n)).into(),
            about.now.into(),
            (about.now + 600_000).into(),
            Cell::Null,
            "nobody".into(),
            0.into(),
        ],
    },
    record!("task.create", false),
];

/// Spends a ticket in a new browser.
pub const VISIT: &[Statement] = &[
    Statement {
        pieces: &[TASK, "where t.ticket_digest = ?1"],
        values: |about| vec![kept(&about.population.ticket(about.n)).into()],
    },
    STANDING,
    Statement {
        pieces: &["update tasks set used_at = ?2, session_id = ?3, used_ip = ?4, used_agent = ?5
                   where id = ?1 and used_at is null and revoked_at is null and expires_at > ?2"],
        values: |about| vec![
            about.population.task(about.n).into(),
            about.now.into(),
            about.population.session(about.n).into(),
            "127.0.0.1".into(),
            Cell::Null,
        ],
    },
    Statement {
        pieces: &["update users set last_sign_in_at = ?2, last_active_at = ?2
                   where id = ?1 and banned_at is null and (locked_until is null or locked_until <= ?2)
                   returning organization_id"],
        values: |about| vec![about.population.user(about.user).into(), about.now.into()],
    },
    Statement {
        pieces: &["insert into clients (id, secret_digest, last_active_session_id, created_at, updated_at)
                   values (?1, ?2, ?3, ?4, ?4)"],
        values: |about| vec![
            about.population.client(about.n).into(),
            kept(&about.population.client_secret(about.n)).into(),
            about.population.session(about.n).into(),
            about.now.into(),
        ],
    },
    Statement {
        pieces: &["insert into dev_browsers (digest, client_id, created_at) values (?1, ?2, ?3)"],
        values: |about| vec![
            kept(&about.population.dev_browser(about.n)).into(),
            about.population.client(about.n).into(),
            about.now.into(),
        ],
    },
    Statement {
        pieces: &["select enabled * force_organization_selection from organization_settings where slot = 1"],
        values: |_| Vec::new(),
    },
    Statement {
        pieces: &["insert into sessions (id, client_id, user_id, agent_id, task_id, created_at, updated_at, expire_at, last_active_at,
                   ip, user_agent, organization_id, given_actor, restricted)
                   values (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?6, ?8, ?9, ?10, ?11, ?12)
                   returning (select case when session_claims is null then 0 else session_claims_revision end from instance where slot = 1),
                   (select max(barred.began) from (
                      select i.sessions_revoked_at as began from instance i where i.slot = 1
                      union all select u.sessions_revoked_at from users u where u.id = ?3
                      union all select a.sessions_revoked_at from agents a where a.id = ?4) barred)"],
        values: |about| vec![
            about.population.session(about.n).into(),
            about.population.client(about.n).into(),
            about.population.user(about.user).into(),
            about.population.agent(about.n).into(),
            about.population.task(about.n).into(),
            about.now.into(),
            (about.now + 1_800_000).into(),
            "127.0.0.1".into(),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            0.into(),
        ],
    },
    record!("session.create", true),
    record!("task.accept", true),
];

const CLIENT_SIGNED_OUT: Statement = Statement {
    pieces: &[
        "update clients set updated_at = ?1, last_active_session_id = null",
        " where ",
        "id in (",
        "?2)",
    ],
    values: |about| vec![about.now.into(), about.population.client(about.n).into()],
};

/// Ends a session.
pub const REVOKE: &[Statement] = &[
    FIND_SESSION,
    Statement {
        pieces: &[
            "update sessions set ended_at = ?2, end_status = ?3, updated_at = ?2
                   where id = ?1 and ended_at is null and expire_at > ?2",
        ],
        values: |about| {
            vec![
                about.population.session(about.n).into(),
                about.now.into(),
                "revoked".into(),
            ]
        },
    },
    CLIENT_SIGNED_OUT,
    FIND_SESSION,
    record!("session.revoke", true),
];
