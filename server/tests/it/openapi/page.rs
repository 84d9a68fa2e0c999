//! The page for people.

use std::fmt::Write as _;

use standin_server::Noted;

use super::calls::Call;
use super::document::is_required;
use super::requests::Seen;

pub fn of(calls: &[(Call, Seen)]) -> String {
    let mut page = String::from(
        "# The HTTP API\n\n\
         Every call that a secret key opens, and those that are open to all. The same with types, statuses and the fields of answers, in\n\
         OpenAPI 3.1, is at `/openapi.json` of every server, without a key, and printed by `standin openapi`. Made by `scripts/pages`\n\
         from the routes: each call was made, and a parameter is here because the server was seen to read it.\n\n\
         - Calls without `*` are Clerk's and behave as [Clerk describes them](https://clerk.com/docs/reference/backend-api);\n  \
         [coverage.md](coverage.md) names what is missing. Those with `*` are Standin's own.\n\
         - A key comes as `Authorization: Bearer sk_…`. One of scope `read` opens what needs `read`, one of scope `tasks`\n  \
         also what needs `tasks`, one of scope `full` everything; `standin key create --scope` makes them.\n\
         - Calls that read take parameters in the query, all others in a JSON body (`/v1/tokens/…` in a form). What a call cannot do\n  \
         without is **bold**.\n\
         - Refusals have Clerk's shape; [errors.md](errors.md) explains every code. A `POST` with an `Idempotency-Key` is done once,\n  \
         however often it is sent within a day.\n",
    );
    let mut section = "";
    for (call, seen) in calls {
        if section != call.section {
            section = call.section;
            let _ = write!(
                page,
                "\n## {section}\n\n| call | scope | what it does | parameters |\n|---|---|---|---|\n"
            );
        }
        let mark = if call.is_own && call.scope.is_some() {
            " *"
        } else {
            ""
        };
        let scope = call.scope.as_deref().unwrap_or("none");
        let _ = writeln!(
            page,
            "| `{}`{mark} | {scope} | {} | {} |",
            call.name(),
            call.summary,
            parameters(seen)
        );
    }
    page.push_str(
        "\nThe calls of the section Development are there in development alone, as under `standin dev`; elsewhere nothing lives at their\n\
         addresses.\n\n\
         ## Elsewhere\n\n\
         - Browsers and clerk-js call the Frontend API with cookies; [coverage.md](coverage.md) lists its operations. What agents open\n  \
         is part of it: `GET /v1/agents/tasks?ticket=…` for a task, `GET /v1/tickets/accept?ticket=…` for the other links.\n\
         - `GET /.well-known/jwks.json` gives the keys that tokens are verified with, to anybody.\n\
         - `GET /metrics` is on an address of its own ([operations.md](operations.md)), and `/dashboard` is for people\n  \
         ([dashboard.md](dashboard.md)).\n",
    );
    page
}

fn parameters(seen: &Seen) -> String {
    let of = |outer: Option<&'static str>| {
        let inner = seen.asked.values().filter(move |one| one.within == outer);
        inner.map(|one| (one, format!("`{}`", one.name)))
    };
    let one = |(one, name): (&Noted, String)| {
        let strong = if is_required(one, seen) { "**" } else { "" };
        let parts: Vec<String> = of(Some(one.name)).map(|(_, name)| name).collect();
        let parts = if parts.is_empty() {
            String::new()
        } else {
            format!(" ({})", parts.join(", "))
        };
        format!("{strong}{name}{strong}{parts}")
    };
    let all = of(None).chain(of(Some("[]"))).map(one);
    all.collect::<Vec<_>>().join(", ")
}
