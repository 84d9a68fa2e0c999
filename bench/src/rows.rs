//! What stands in the tables for user number `n`: the user with an address, a task whose ticket was spent, the client and
//! the session that it opened, and the records of all that. Columns are named, so that a migration may add more.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::population::{AGENTS, ORGANIZATIONS, Population, kept};

/// A value of a row.
pub enum Cell {
    /// SQL `null`.
    Null,
    /// A `bigint`.
    Int(i64),
    /// A `text`; without tabs, line ends and backslashes, which `copy` reads as something else.
    Text(String),
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// A row.
pub type Row = Vec<Cell>;

macro_rules! row {
    ($($value:expr),* $(,)?) => { vec![$(Cell::from($value)),*] };
}

/// A table, some of its columns, and which rows it has for a number.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns that [`Table::rows`] fills, separated by commas.
    pub columns: &'static str,
    /// The rows that belong to a number.
    pub rows: fn(&Population, u64) -> Vec<Row>,
}

/// How long a live session and an open ticket last: longer than any run.
const DAY: i64 = 86_400_000;
/// How long after its creation a task was visited, and how long the session lasted that it opened.
const MINUTE: i64 = 60_000;
const ADDRESS: &str = "203.0.113.7";
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

const AGENT: Table = Table {
    name: "agents",
    columns: "id, name, created_at",
    rows: |population, n| {
        let first = n < AGENTS;
        let row = || {
            row![
                population.agent(n),
                Population::agent_name(n),
                population.created_at(n)
            ]
        };
        first.then(row).into_iter().collect()
    },
};

const USER: Table = Table {
    name: "users",
    columns: "id, first_name, last_name, primary_email_address_id, public_metadata, private_metadata, unsafe_metadata, \
              delete_self_enabled, create_organization_enabled, last_sign_in_at, last_active_at, created_at, updated_at",
    rows: |population, n| {
        let at = population.created_at(n);
        vec![row![
            population.user(n),
            format!("First{}", n % 5000),
            format!("Last{}", n % 7000),
            population.identifier(n),
            "{}",
            "{}",
            "{}",
            1,
            1,
            at + MINUTE,
            at + MINUTE,
            at,
            at,
        ]]
    },
};

const IDENTIFIER: Table = Table {
    name: "identifiers",
    columns: "id, user_id, kind, value, status, claimed, created_at, updated_at",
    rows: |population, n| {
        let (at, address) = (population.created_at(n), Population::address(n));
        let claimed = format!("email_address:{address}");
        let (id, user) = (population.identifier(n), population.user(n));
        vec![row![
            id,
            user,
            "email_address",
            address,
            "verified",
            claimed,
            at,
            at
        ]]
    },
};

const CLIENT: Table = Table {
    name: "clients",
    columns: "id, secret_digest, last_active_session_id, created_at, updated_at",
    rows: |population, n| {
        let at = population.created_at(n) + MINUTE;
        let session = population.is_live(n).then(|| population.session(n));
        let digest = kept(&population.client_secret(n));
        vec![row![population.client(n), digest, session, at, at]]
    },
};

const DEV_BROWSER: Table = Table {
    name: "dev_browsers",
    columns: "digest, client_id, created_at",
    rows: |population, n| {
        let digest = kept(&population.dev_browser(n));
        let row = || {
            row![
                digest,
                population.client(n),
                population.created_at(n) + MINUTE
            ]
        };
        population.is_live(n).then(row).into_iter().collect()
    },
};

const TASK_COLUMNS: &str = "id, agent_id, user_id, created_by, description, permissions, redirect_url, session_seconds, \
                            ticket_digest, created_at, expires_at, used_at, session_id, used_ip, used_agent";

/// The task with its times: when its ticket is over, and when it was spent.
fn task(population: &Population, n: u64, expires_at: i64, used_at: Option<i64>) -> Vec<Row> {
    let used = |text: String| used_at.map(|_| text);
    vec![row![
        population.task(n),
        population.agent(n),
        population.user(n),
        "key_bench",
        "Measures how it goes",
        "*",
        "http://localhost:3000/dashboard",
        1800,
        kept(&population.ticket(n)),
        population.created_at(n),
        expires_at,
        used_at,
        used(population.session(n)),
        used(ADDRESS.into()),
        used(BROWSER.into()),
    ]]
}

const SPENT_TASK: Table = Table {
    name: "tasks",
    columns: TASK_COLUMNS,
    rows: |population, n| {
        let at = population.created_at(n);
        task(population, n, at + 10 * MINUTE, Some(at + MINUTE))
    },
};

const PENDING_TASK: Table = Table {
    name: "tasks",
    columns: TASK_COLUMNS,
    rows: |population, n| task(population, n, population.made_at + DAY, None),
};

const SESSION: Table = Table {
    name: "sessions",
    columns: "id, client_id, user_id, agent_id, task_id, created_at, updated_at, expire_at, last_active_at, ended_at, \
              end_status, ip, user_agent, organization_id",
    rows: |population, n| {
        let (at, live) = (population.created_at(n) + MINUTE, population.is_live(n));
        let ended_at = (!live).then_some(at + MINUTE);
        let expire_at = if live {
            population.made_at + DAY
        } else {
            at + 30 * MINUTE
        };
        vec![row![
            population.session(n),
            population.client(n),
            population.user(n),
            population.agent(n),
            population.task(n),
            at,
            ended_at.unwrap_or(at),
            expire_at,
            at,
            ended_at,
            ended_at.map(|_| "revoked"),
            ADDRESS,
            BROWSER,
            population.organized.then(|| population.organization(0)),
        ]]
    },
};

/// The role of every other member, whose permissions are in tokens.
const ROLE: &str = "role_0000000000000000000000Bench";
/// The roles that there are from the beginning.
const ADMIN: &str = "role_0000000000000000000OrgAdmin";
const MEMBER: &str = "role_000000000000000000OrgMember";

const ROLES: Table = Table {
    name: "roles",
    columns: "id, key, name, description, permissions, created_at, updated_at",
    rows: |population, n| {
        let at = population.created_at(0);
        let row = || {
            row![
                ROLE,
                "org:bench",
                "Bench",
                Cell::Null,
                "org:invoices:manage org:invoices:read org:reports:read org:sys_memberships:read",
                at,
                at
            ]
        };
        (population.organized && n == 0)
            .then(row)
            .into_iter()
            .collect()
    },
};

const PERMISSIONS: Table = Table {
    name: "permissions",
    columns: "id, key, name, description, kind, created_at, updated_at",
    rows: |population, n| {
        let (at, keys) = (
            population.created_at(0),
            [
                "org:invoices:manage",
                "org:invoices:read",
                "org:reports:read",
            ],
        );
        let rows = keys.iter().zip(1..).map(|(key, place)| {
            let id = format!("perm_00000000000000000000000Bench{place}");
            row![id, *key, *key, "", "user", at, at]
        });
        rows.filter(|_| population.organized && n == 0).collect()
    },
};

const ORGANIZATION: Table = Table {
    name: "organizations",
    columns: "id, name, name_folded, slug, public_metadata, private_metadata, max_allowed_memberships, admin_delete_enabled, \
              created_by, members_count, created_at, updated_at",
    rows: |population, n| {
        let at = population.created_at(n);
        let members = if n == 0 {
            population.users.div_ceil(2)
        } else {
            1
        };
        let row = || {
            row![
                population.organization(n),
                format!("Organization {n}"),
                format!("organization {n}"),
                format!("organization-{n}"),
                "{}",
                "{}",
                0,
                1,
                population.user(0),
                i64::try_from(members).unwrap_or(i64::MAX),
                at,
                at
            ]
        };
        let is_one = population.organized && n <= ORGANIZATIONS;
        is_one.then(row).into_iter().collect()
    },
};

const MEMBERSHIP: Table = Table {
    name: "organization_memberships",
    columns: "id, organization_id, user_id, role_id, public_metadata, private_metadata, created_at, updated_at",
    rows: |population, n| {
        let at = population.created_at(n);
        let row = |number: u64, organization: u64, user: u64, role: &str| {
            let (organization, user) =
                (population.organization(organization), population.user(user));
            row![
                population.membership(number),
                organization,
                user,
                role,
                "{}",
                "{}",
                at,
                at
            ]
        };
        let role = match n {
            0 => ADMIN,
            n if n.is_multiple_of(4) => ROLE,
            _ => MEMBER,
        };
        let large = population.is_member(n).then(|| row(2 * n, 0, n, role));
        let is_small = population.organized && (1..=ORGANIZATIONS).contains(&n);
        let small = is_small.then(|| row(2 * n + 1, n, 0, ADMIN));
        large.into_iter().chain(small).collect()
    },
};

const AUDIT: Table = Table {
    name: "audit",
    columns: "at, action, result, actor, user_id, agent_id, task_id, session_id, ip, user_agent, request_id",
    rows: |population, n| {
        let (user, agent) = (population.user(n), population.agent(n));
        let (task, session) = (population.task(n), population.session(n));
        let at = population.created_at(n);
        let record = |at: i64, action: &str, actor: &str, of: (Option<&str>, Option<&str>)| {
            let agent = of.0.map(|_| agent.as_str());
            let request = format!("{:032x}", u128::from(n));
            row![
                at,
                action,
                "ok",
                actor,
                user.as_str(),
                agent,
                of.0,
                of.1,
                ADDRESS,
                BROWSER,
                request
            ]
        };
        let both = (Some(task.as_str()), Some(session.as_str()));
        let mut rows = vec![
            record(at, "user.create", "key_bench", (None, None)),
            record(at, "task.create", "key_bench", (both.0, None)),
            record(at + MINUTE, "session.create", "anyone", both),
            record(at + MINUTE, "task.accept", "anyone", both),
        ];
        if !population.is_live(n) {
            rows.push(record(at + 2 * MINUTE, "session.revoke", "key_bench", both));
        }
        rows
    },
};

/// Everything, in an order in which no row points at one that is not there yet.
pub const ALL: &[Table] = &[
    AGENT,
    USER,
    IDENTIFIER,
    CLIENT,
    DEV_BROWSER,
    SPENT_TASK,
    SESSION,
    PERMISSIONS,
    ROLES,
    ORGANIZATION,
    MEMBERSHIP,
    AUDIT,
];
/// A ticket that can be spent.
pub const TICKETS: &[Table] = &[PENDING_TASK];
/// A session that can be ended, in a client of its own.
pub const LIVE_SESSIONS: &[Table] = &[CLIENT, DEV_BROWSER, SPENT_TASK, SESSION];
