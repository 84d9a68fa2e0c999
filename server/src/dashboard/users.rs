//! Users: found by what they go by, and signed in as, with a link that is made and opened at once.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use super::back;
use super::gate::By;
use super::look::{Its, Look, after, with};
use super::page::{Cell, Field, Form, Table, Tone};
use super::show::{self, Names, ROWS};
use crate::app::App;
use crate::clock::Time;
use crate::db::{Page as Part, Read};
use crate::error::Result;
use crate::id::{AgentId, TaskId, UserId};
use crate::organizations::{self, Member, MemberFilter, MemberOrder};
use crate::secret::Secret;
use crate::sessions::{self, Session, Whose};
use crate::tasks::{self, NewTask, OnBehalfOf, Task};
use crate::users::{self, Filter, OrderBy, Profile, Selection};
use crate::wire::Params;

const ROOM: &str = "/dashboard/users";
/// Up to so many users, a part of a name is looked for at once; it goes through all of them.
const FEW: i64 = 20_000;
/// How many rows there are of what belongs to a user.
const ITS: i64 = 10;
/// How long a session lasts that somebody opens from here, in seconds.
const SESSION_SECONDS: i64 = 1_800;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(ROOM, get(list))
        .route("/dashboard/users/{id}", get(one))
        .route("/dashboard/users/{id}/sign-in", post(sign_in))
        .route("/dashboard/users/{id}/sign-out", post(sign_out))
}

/// Whom a text means.
struct Found {
    profiles: Vec<Profile>,
    /// Whether only those were looked for who go by exactly that, because there are many.
    is_exact: bool,
}

fn find(tx: &mut Read<'_>, text: &str, anywhere: bool, part: Part) -> Result<Found> {
    let named = users::by_identifier(tx, text)?.or_else(|| Some(UserId::from(text)));
    if let Some(id) = named
        && let Some(profile) = users::find_profile(tx, &id)?
    {
        let profiles = vec![profile];
        return Ok(Found {
            profiles,
            is_exact: false,
        });
    }
    if !anywhere && users::number(tx, FEW + 1)? > FEW {
        let profiles = Vec::new();
        return Ok(Found {
            profiles,
            is_exact: true,
        });
    }
    let filter = Filter {
        query: Some(text.to_owned()),
        ..Filter::default()
    };
    let profiles = users::list(tx, &filter, &newest(part, None))?;
    Ok(Found {
        profiles,
        is_exact: false,
    })
}

fn newest(page: Part, starting_after: Option<UserId>) -> Selection {
    Selection {
        page,
        order_by: OrderBy::NEWEST,
        starting_after,
    }
}

async fn list(State(app): State<App>, mut look: Look) -> Result<Response> {
    let text = look.params.text("query")?;
    let text = text.map(|text| text.trim().to_owned());
    let text = text.filter(|text| !text.is_empty());
    let anywhere = look.params.boolean("anywhere")?.unwrap_or(false);
    let after = look.params.text("after")?.map(UserId::from);
    let mut page = look.begin(ROOM)?;
    let part = show::newest(ROWS);
    let wanted = text.clone();
    let found = app
        .db
        .search(move |tx| match &wanted {
            Some(text) => find(tx, text, anywhere, part),
            None => Ok(Found {
                profiles: users::list(tx, &Filter::default(), &newest(part, after.clone()))?,
                is_exact: false,
            }),
        })
        .await?;
    let now = app.now();
    page.title("Users");
    page.search = Some(("Address, name or id", text.clone().unwrap_or_default()));
    let mut table = table(&found.profiles, now);
    if found.is_exact {
        table.empty = "Nobody goes by exactly that.";
        let text = text.as_deref().unwrap_or_default();
        let all = with(&with(ROOM, "anywhere", "true"), "query", text);
        table.more = Some((all, "Look for a part of a name, among all users"));
    } else if text.is_none() {
        let last = found
            .profiles
            .iter()
            .rev()
            .nth(1)
            .map(|one| one.user.id.to_string());
        table = table.part(ROWS, || {
            format!("{ROOM}?after={}", last.unwrap_or_default())
        });
    } else {
        table
            .rows
            .truncate(usize::try_from(ROWS).unwrap_or(usize::MAX));
    }
    page.tables.push(table);
    page.answer()
}

pub(super) fn table(profiles: &[Profile], now: Time) -> Table {
    let row = |one: &Profile| {
        let id = one.user.id.as_str();
        vec![
            Cell::link(show::user(id), show::name(one)),
            Cell::text_if(users::full_name(&one.user)),
            Cell::code(id),
            state(one, now),
            Cell::moment_if(one.user.last_sign_in_at, now),
            Cell::moment(one.user.created_at, now),
            Cell::Form(sign_in_button(id)),
        ]
    };
    let columns = [
        "User",
        "Name",
        "Id",
        "State",
        "Last sign-in",
        "Created",
        "Action",
    ];
    Table::new("Users", &columns, "None.").rows(profiles.iter().map(row))
}

fn state(profile: &Profile, now: Time) -> Cell {
    match &profile.user {
        user if user.banned_at.is_some() => Cell::state("banned", Tone::Bad),
        user if user.locked_until.is_some_and(|until| now < until) => {
            Cell::state("locked", Tone::Bad)
        }
        _ => Cell::state("may sign in", Tone::Good),
    }
}

/// A user with what belongs to it.
type Whole = (Profile, Vec<Task>, Vec<Session>, Vec<Member>);

fn whole(tx: &mut Read<'_>, id: &UserId, now: Time) -> Result<Whole> {
    let (profile, part) = (users::profile(tx, id)?, show::newest(ITS));
    let its = tasks::Filter {
        user: Some(id.clone()),
        ..tasks::Filter::default()
    };
    let tasks = tasks::list(tx, &its, part, now)?;
    let its = sessions::Filter {
        user: Some(id.clone()),
        ..sessions::Filter::default()
    };
    let sessions = sessions::list(tx, &its, part, now)?;
    let its = MemberFilter {
        user: Some(id.clone()),
        ..MemberFilter::default()
    };
    let members = organizations::members(tx, &its, (MemberOrder::Created, true), part, now)?;
    Ok((profile, tasks, sessions, members))
}

async fn one(State(app): State<App>, Path(id): Path<String>, mut look: Look) -> Result<Response> {
    let mut page = look.begin(ROOM)?;
    let (id, now) = (UserId::from(id), app.now());
    let read = move |tx: &mut Read<'_>| {
        let whole = whole(tx, &id, now)?;
        Ok((Names::of(tx, std::iter::once(&id))?, whole))
    };
    let (names, (profile, tasks, sessions, members)) = app.db.search(read).await?;
    let user = &profile.user;
    page.title(show::name(&profile));
    let its = Its {
        user: Some(user.id.clone()),
        ..Its::default()
    };
    page.facts = vec![
        ("State", state(&profile, now)),
        ("Id", Cell::code(&user.id)),
        ("Name", Cell::text_if(users::full_name(user))),
        ("Username", Cell::text_if(user.username.as_deref())),
        ("External id", Cell::text_if(user.external_id.as_deref())),
        ("Created", Cell::moment(user.created_at, now)),
        ("Last sign-in", Cell::moment_if(user.last_sign_in_at, now)),
        ("Audit", show::its_records(&its)),
    ];
    for one in &profile.identifiers {
        page.facts.push((
            "Address",
            Cell::text(format!("{} ({})", one.value, one.status.as_str())),
        ));
    }
    page.forms.push(sign_in_form(&app, &profile));
    page.forms.push(Form::grave(
        format!("{}/sign-out", show::user(user.id.as_str())),
        "Sign out everywhere",
    ));
    let older = |room| after(&its.within(room), ITS);
    page.tables
        .push(show::sessions(&sessions, &names, now).part(ITS, || older(super::sessions::ROOM)));
    page.tables
        .push(show::tasks(&tasks, &names, now).part(ITS, || older(super::tasks::ROOM)));
    let row = |one: &Member| {
        let id = one.organization.id.as_str();
        vec![
            Cell::link(show::organization(id), &one.organization.name),
            Cell::text(&one.membership.role_name),
            Cell::moment(one.membership.created_at, now),
        ]
    };
    let columns = ["Organization", "Role", "Since"];
    page.tables
        .push(Table::new("Organizations", &columns, "None.").rows(members.iter().map(row)));
    page.answer()
}

/// Where somebody lands who does not say: at the application, else at Standin's own page.
fn landing(app: &App) -> String {
    let known = app.policy.applications().first();
    known.unwrap_or(&app.instance.public_url).to_string()
}

/// Makes and opens a link with nothing else said.
fn sign_in_button(id: &str) -> Form {
    Form {
        is_apart: true,
        ..Form::button(format!("{}/sign-in", show::user(id)), "Sign in as")
    }
}

/// The same, with what can be said.
fn sign_in_form(app: &App, profile: &Profile) -> Form {
    let field = |name, label, value: &str| {
        let value = value.to_owned();
        Field::Text { name, label, value }
    };
    Form {
        fields: vec![
            field("redirect_url", "Land at", &landing(app)),
            field("agent_name", "As agent", AGENT),
            field("task_description", "What for", PURPOSE),
        ],
        ..sign_in_button(profile.user.id.as_str())
    }
}

/// Who acts in a session that is opened from here, and what for, where nobody says.
const AGENT: &str = "dashboard";
const PURPOSE: &str = "look around";

async fn sign_in(
    State(app): State<App>,
    Path(id): Path<String>,
    By(by): By,
    mut params: Params,
) -> Result<Response> {
    let ticket = Secret::random();
    let new = NewTask {
        id: TaskId::new(by.at),
        fresh_agent: AgentId::new(by.at),
        on_behalf_of: OnBehalfOf::User(id.into()),
        agent_name: said(&mut params, "agent_name", AGENT, |params, name| {
            params.required_name(name, 256)
        })?,
        description: said(&mut params, "task_description", PURPOSE, |params, name| {
            params.required_line(name, 2048)
        })?,
        redirect_url: said(
            &mut params,
            "redirect_url",
            &landing(&app),
            |params, name| params.required_text(name, 2048),
        )?,
        session_seconds: SESSION_SECONDS.min(app.policy.session_cap_seconds),
        ticket: ticket.digest(),
        ticket_seconds: app.policy.ticket_seconds,
        created_by: by.actor.as_str().into(),
        organization: None,
        confirm: app.policy.confirm,
        restricted: app.policy.restricted,
    };
    params.finish()?;
    app.policy.lands(&new.redirect_url)?;
    app.db.write(by, move |tx| tasks::create(tx, &new)).await?;
    let link = format!("/v1/agents/tasks?ticket={}", ticket.expose());
    Ok(Redirect::to(&app.instance.address(&link)).into_response())
}

/// What a form says under a name, or what is meant where it says nothing.
fn said(
    params: &mut Params,
    name: &'static str,
    usual: &str,
    read: impl FnOnce(&mut Params, &'static str) -> Result<String>,
) -> Result<String> {
    if params.has(name) {
        read(params, name)
    } else {
        Ok(usual.to_owned())
    }
}

async fn sign_out(State(app): State<App>, Path(id): Path<String>, By(by): By) -> Result<Response> {
    let id = UserId::from(id);
    let page = show::user(id.as_str());
    app.db
        .write(by, move |tx| {
            users::get(tx, &id)?;
            sessions::revoke_all(tx, &Whose::User(id.clone()))
        })
        .await?;
    Ok(back(&page, "signed-out"))
}
