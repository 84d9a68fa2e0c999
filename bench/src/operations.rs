//! The operations that are measured: for each, one request, made from the number of a user, a ticket or a session.

use hyper::{Method, StatusCode};
use serde_json::json;

use crate::calls::{Material, handshake, refresh};
use crate::load::Call;
use crate::population::Population;
use crate::statements::Work;

/// Where the numbers of an operation come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Any user.
    Users,
    /// Any session that is alive, again and again.
    LiveSessions,
    /// A hundred of them all over the data, so that each has been asked for a moment ago.
    BusySessions,
    /// Nonces of such sessions, each good for a minute.
    Nonces,
    /// Tickets made for the round, each of them once.
    Tickets,
    /// Sessions made for the round, each of them once.
    Sessions,
    /// The same, of one user each.
    UsersSessions,
    /// Numbers that nobody has had.
    New,
}

impl Numbers {
    /// Whether a round leaves the data another than it was.
    pub fn are_used_up(self) -> bool {
        matches!(
            self,
            Self::Tickets | Self::Sessions | Self::UsersSessions | Self::New
        )
    }
}

/// What cannot be had for less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// An HTTP answer that says nothing.
    Answer,
    /// An answer with one RS256 signature in it.
    Sign,
    /// The statements of such a write, without a server.
    Statements(Work),
}

/// An operation.
pub struct Operation {
    /// What it is called in tables.
    pub name: &'static str,
    /// Where its numbers come from.
    pub numbers: Numbers,
    /// Whether the server writes although nothing is used up.
    pub creates: bool,
    /// What to hold it against.
    pub limit: Limit,
    /// The request for a number.
    pub call: fn(&Material, u64) -> Call,
}

const fn read(name: &'static str, call: fn(&Material, u64) -> Call) -> Operation {
    Operation {
        name,
        numbers: Numbers::Users,
        creates: false,
        limit: Limit::Answer,
        call,
    }
}

/// Creates a task for a user's id.
pub const CREATE: Operation = Operation {
    name: "create a task, by user id",
    numbers: Numbers::Users,
    creates: true,
    limit: Limit::Statements(Work::Create),
    call: |material, n| {
        let user = material.population.user(n);
        material.task(n, &json!({ "user_id": user }))
    },
};

/// Spends a ticket.
pub const VISIT: Operation = Operation {
    name: "visit",
    numbers: Numbers::Tickets,
    creates: false,
    limit: Limit::Statements(Work::Visit),
    call: |material, n| Call {
        method: Method::GET,
        path: format!("/v1/agents/tasks?ticket={}", material.population.ticket(n)),
        headers: Vec::new(),
        body: String::new(),
        expected: StatusCode::TEMPORARY_REDIRECT,
    },
};

/// Makes a session token.
pub const REFRESH: Operation = Operation {
    name: "refresh",
    numbers: Numbers::LiveSessions,
    creates: false,
    limit: Limit::Sign,
    call: refresh,
};

/// All of them, those first that leave the data as it was.
pub const ALL: &[Operation] = &[
    REFRESH,
    Operation {
        name: "client, with a fresh token",
        numbers: Numbers::BusySessions,
        call: |material, n| material.page(Method::GET, "/v1/client".into(), n),
        ..REFRESH
    },
    Operation {
        name: "handshake",
        limit: Limit::Answer,
        call: handshake,
        ..REFRESH
    },
    Operation {
        name: "nonce exchange",
        numbers: Numbers::Nonces,
        call: |material, n| {
            // A number below the number of nonces; see `Numbers::Nonces`.
            let nonce = usize::try_from(n).ok().and_then(|n| material.nonces.get(n));
            let nonce = nonce.expect("a nonce");
            material.get(format!("/v1/clients/handshake_payload?nonce={nonce}"))
        },
        ..REFRESH
    },
    read("user", |material, n| {
        material.get(format!("/v1/users/{}", material.population.user(n)))
    }),
    read("users, newest 10", |material, _| {
        material.get("/v1/users?limit=10".into())
    }),
    read("user by e-mail address", |material, n| {
        let address = Population::address(n).replace('@', "%40");
        material.get(format!("/v1/users?email_address={address}"))
    }),
    read("user search", |material, n| {
        material.get(format!("/v1/users?query={}", Population::mark(n)))
    }),
    read("tasks, newest 10", |material, _| {
        material.get("/v1/agents/tasks?limit=10".into())
    }),
    read("tasks of a user", |material, n| {
        material.get(format!(
            "/v1/agents/tasks?limit=10&user_id={}",
            material.population.user(n)
        ))
    }),
    read("sessions of a user", |material, n| {
        material.get(format!(
            "/v1/sessions?limit=10&user_id={}",
            material.population.user(n)
        ))
    }),
    read("audit of a task", |material, n| {
        let task = material.population.task(n);
        material.get(format!("/v1/audit_logs?limit=10&agent_task_id={task}"))
    }),
    CREATE,
    Operation {
        name: "create a task, by e-mail address",
        call: |material, n| material.task(n, &json!({ "identifier": Population::address(n) })),
        ..CREATE
    },
    VISIT,
    Operation {
        name: "create a user",
        numbers: Numbers::New,
        creates: true,
        limit: Limit::Answer,
        call: |material, n| {
            let (address, name) = (Population::address(n), format!("First{n}"));
            material.post(
                "/v1/users",
                &json!({ "email_address": [address], "first_name": name }),
            )
        },
    },
    Operation {
        name: "revoke a session",
        numbers: Numbers::Sessions,
        creates: false,
        limit: Limit::Statements(Work::Revoke),
        call: |material, n| {
            let session = material.population.session(n);
            material.backend(Method::POST, format!("/v1/sessions/{session}/revoke"), None)
        },
    },
    Operation {
        name: "revoke all sessions of a user",
        numbers: Numbers::UsersSessions,
        creates: false,
        limit: Limit::Statements(Work::Revoke),
        call: |material, n| {
            let user = material.population.user(n);
            material.post("/v1/sessions/revoke", &json!({ "user_id": user }))
        },
    },
];

impl Operation {
    /// Whether a round leaves the data another than it was.
    pub fn changes(&self) -> bool {
        self.creates || self.numbers.are_used_up()
    }
}

/// Which operations are wanted: those whose name contains one of the words, or all.
pub struct Choice(pub Vec<String>);

impl Choice {
    /// Whether something of this name is wanted.
    pub fn names(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|word| name.contains(word.as_str()))
    }

    /// The operations that are wanted.
    pub fn operations(&self) -> impl Iterator<Item = &'static Operation> {
        ALL.iter().filter(|operation| self.names(operation.name))
    }
}
