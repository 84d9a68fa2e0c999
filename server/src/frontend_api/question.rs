//! The page that asks before a link is opened: who would be signed in, as whose agent, what for and for how long. It spends
//! nothing. Its form does, with a `POST` that no other page can send in its place, see [`super::navigation`].
//!
//! It stands in the way where a task wants its visitor asked, and where another site has sent a browser here to become
//! somebody else than it is.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use url::Url;

use super::client::Seen;
use super::page::{escape, html, table};
use crate::app::App;
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::invitations;
use crate::secret::{Digest, Secret};
use crate::sign_in_tokens;
use crate::tasks;
use crate::users::{self, Profile};
use crate::wire::Browser;

/// What the link would do.
struct Question {
    /// Who would be signed in.
    user: String,
    /// What else there is to know of it.
    rows: Vec<(&'static str, String)>,
}

/// Asks before a task's ticket is spent.
pub(super) async fn of_task(
    app: &App,
    browser: Browser,
    ticket: &Secret,
    now: Time,
) -> Result<Response> {
    let (digest, form) = (ticket.digest(), Form::new("tasks/confirm", ticket));
    let found = app.db.read(move |tx| {
        let task = tasks::of_ticket(tx, &digest)?;
        let mut rows = vec![
            ("Agent", task.agent_name.clone()),
            ("Task", task.description.clone()),
        ];
        if let Ok(target) = Url::parse(&task.redirect_url) {
            rows.push(("Goes to", target.origin().ascii_serialization()));
        }
        rows.push(("For", lasting(task.session_seconds)));
        let user = name(&users::profile(tx, &task.user_id)?);
        with_present(tx, &browser, now, Question { user, rows })
    });
    Ok(form.page(&found.await?))
}

/// Asks before a sign-in token or an invitation is spent. `target` is where the browser goes on to.
pub(super) async fn of_link(
    app: &App,
    browser: Browser,
    ticket: &Secret,
    redirect_url: Option<&str>,
    now: Time,
) -> Result<Response> {
    let digest = ticket.digest();
    let mut form = Form::new("confirm", ticket);
    form.fields
        .extend(redirect_url.map(|url| ("redirect_url", url.to_owned())));
    let found = app.db.read(move |tx| {
        let question = Question {
            user: holder(tx, &digest)?,
            rows: Vec::new(),
        };
        with_present(tx, &browser, now, question)
    });
    Ok(form.page(&found.await?))
}

/// Whom a sign-in token or an invitation is for.
fn holder(tx: &mut Read<'_>, ticket: &Digest) -> Result<String> {
    match sign_in_tokens::user(tx, ticket)? {
        Some(user) => users::profile(tx, &user).map(|profile| name(&profile)),
        None => invitations::address(tx, ticket),
    }
}

/// Adds who is signed in at this browser and would not be any more.
fn with_present(
    tx: &mut Read<'_>,
    browser: &Browser,
    now: Time,
    mut question: Question,
) -> Result<Question> {
    for (_, person) in Seen::find(tx, browser, now)?
        .into_iter()
        .flat_map(|seen| seen.sessions)
    {
        question.rows.push((
            "Signed in now",
            format!("{}, until you agree", name(&person.profile)),
        ));
    }
    Ok(question)
}

/// A user as people know them: by name and address, as far as there are such.
fn name(profile: &Profile) -> String {
    let known = users::goes_by(profile).unwrap_or(profile.user.id.as_str());
    match users::full_name(&profile.user).filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} ({known})"),
        None => known.to_owned(),
    }
}

fn lasting(seconds: i64) -> String {
    match (seconds / 3600, seconds % 3600 / 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, _) => format!("{minutes} min"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// The form that answers yes.
struct Form {
    /// Beside the page, which may stand below any path of an application's.
    action: &'static str,
    fields: Vec<(&'static str, String)>,
}

impl Form {
    fn new(action: &'static str, ticket: &Secret) -> Self {
        Self {
            action,
            fields: vec![("ticket", ticket.expose().to_owned())],
        }
    }

    fn page(&self, question: &Question) -> Response {
        let user = escape(&question.user);
        let rows = table(&question.rows);
        let field = |(name, text): &(&str, String)| {
            let text = escape(text);
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{text}\">")
        };
        let fields = self.fields.iter().map(field).collect::<Vec<_>>().concat();
        let body = format!(
            "<p>This link signs this browser in.</p>{rows}\
             <form method=\"post\" action=\"{}\">{fields}<button>Sign in</button></form>\
             <p>If you did not expect this, close the page. Nothing has been opened.</p>",
            self.action,
        );
        let headers = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_SECURITY_POLICY, POLICY),
            // The ticket is told to nobody, and the form says which origin it comes from.
            (REFERRER_POLICY, "strict-origin"),
        ];
        (headers, html(&format!("Sign in as {user}?"), &body)).into_response()
    }
}

/// As that of other pages, but for forms: browsers hold `form-action` against every address that the answer leads to, and an
/// application may send its visitors on as it likes.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
