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
    /// The same, as many as there are users outside of the large organization.
    Newcomers,
}

impl Numbers {
    /// Whether a round leaves the data another than it was.
    pub fn are_used_up(self) -> bool {
        matches!(
            self,
            Self::Tickets | Self::Sessions | Self::UsersSessions | Self::New | Self::Newcomers
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

/// Those with organizations, on data that has some: every other user in a large one, in which all sessions are, and a thousand
/// small ones of the first user.
pub const ORGANIZED: &[Operation] = &[
    Operation {
        name: "refresh, in an organization",
        // Of the live sessions every other one is of a member whose role has no permissions in tokens.
        call: |material, n| refresh(material, n / 20 * 20 + 10),
        ..REFRESH
    },
    Operation {
        name: "refresh, in an organization, with permissions",
        call: |material, n| refresh(material, n / 20 * 20),
        ..REFRESH
    },
    Operation {
        name: "client, with a fresh token, in an organization",
        numbers: Numbers::BusySessions,
        call: |material, n| material.page(Method::GET, "/v1/client".into(), n),
        ..REFRESH
    },
    read(
        "client of a user in a thousand organizations",
        |material, _| material.page(Method::GET, "/v1/client".into(), 0),
    ),
    read(
        "members of the large organization, newest 10",
        |material, _| {
            let organization = material.population.organization(0);
            material.get(format!(
                "/v1/organizations/{organization}/memberships?limit=10"
            ))
        },
    ),
    Operation {
        name: "the same, for a page",
        call: |material, n| {
            let organization = material.population.organization(0);
            let path =
                format!("/v1/organizations/{organization}/memberships?limit=10&paginated=true");
            material.page(Method::GET, path, n)
        },
        limit: Limit::Answer,
        ..REFRESH
    },
    read("organizations of a user in a thousand", |material, _| {
        let user = material.population.user(0);
        material.get(format!(
            "/v1/users/{user}/organization_memberships?limit=10"
        ))
    }),
    read("the same, for the user's page", |material, _| {
        let path = "/v1/me/organization_memberships?limit=10&paginated=true";
        material.page(Method::GET, path.into(), 0)
    }),
    Operation {
        name: "switch the active organization",
        numbers: Numbers::Users,
        creates: true,
        limit: Limit::Answer,
        call: |material, n| {
            let session = n / 10 * 10;
            let organization = if n % 10 < 5 {
                material.population.organization(0)
            } else {
                String::new()
            };
            let path = format!(
                "/v1/client/sessions/{}/touch",
                material.population.session(session)
            );
            let body = format!("active_organization_id={organization}");
            material.form(path, body, session)
        },
    },
    Operation {
        name: "create a membership in the large organization",
        numbers: Numbers::Newcomers,
        creates: true,
        limit: Limit::Answer,
        call: |material, n| {
            let organization = material.population.organization(0);
            let user = material.population.newcomer(n);
            material.post(
                &format!("/v1/organizations/{organization}/memberships"),
                &json!({ "user_id": user, "role": "org:member" }),
            )
        },
    },
];

impl Operation {
    /// Whether a round leaves the data another than it was.
    pub fn changes(&self) -> bool {
        self.creates || self.numbers.are_used_up()
    }
}

/// Which operations of some are wanted: those whose name contains one of the words, or all.
pub struct Choice {
    /// The words.
    pub words: Vec<String>,
    /// What there is.
    pub among: &'static [Operation],
}

impl Choice {
    /// Whether something of this name is wanted.
    pub fn names(&self, name: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| name.contains(word.as_str()))
    }

    /// The operations that are wanted.
    pub fn operations(&self) -> impl Iterator<Item = &'static Operation> {
        let among = self.among.iter();
        among.filter(|operation| self.names(operation.name))
    }
}
