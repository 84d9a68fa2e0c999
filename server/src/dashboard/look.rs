//! Somebody looks at a page: who, which part of it, and after what was done on it.

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;
use url::form_urlencoded;

use super::gate::Visitor;
use super::page::{Cell, Page, Table};
use super::show::{self, Names, ROWS};
use crate::app::App;
use crate::clock::Time;
use crate::db::{Page as Part, Read};
use crate::error::{Error, Result};
use crate::id::{AgentId, UserId};
use crate::wire::Params;
use crate::word::Word;

/// How far lists go: beyond that, whoever looks for something searches.
const OFFSET_MAX: i64 = 10_000;

/// A look at a page.
pub(super) struct Look {
    visitor: Visitor,
    /// What else the address says.
    pub(super) params: Params,
    /// Which rows, and one more, by which a page knows that there are others.
    pub(super) part: Part,
    notice: Option<String>,
}

impl FromRequestParts<App> for Look {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
        let visitor = parts.extensions.get::<Visitor>();
        let visitor =
            visitor.ok_or_else(|| Error::Bug("a request did not pass the gate".into()))?;
        let mut params = Params::query(parts.uri.query())?;
        let offset = params.integer("offset")?.unwrap_or(0);
        Ok(Self {
            visitor: visitor.clone(),
            part: Part {
                limit: ROWS + 1,
                offset: offset.clamp(0, OFFSET_MAX),
            },
            notice: params.text("done")?.and_then(|word| super::done(&word)),
            params,
        })
    }
}

impl Look {
    /// Refuses what was not asked of it, and begins the page.
    pub(super) fn begin(&mut self, room: &'static str) -> Result<Page> {
        std::mem::take(&mut self.params).finish()?;
        let mut page = Page::new(room, &self.visitor);
        page.notice = self.notice.take();
        Ok(page)
    }

    /// As many rows as a page has, with the way to the older ones of those at an address.
    pub(super) fn rows(&self, table: Table, here: &str) -> Table {
        table.part(ROWS, || after(here, self.part.offset + ROWS))
    }
}

/// An address that says something more.
pub(super) fn with(address: &str, name: &str, value: &str) -> String {
    let mark = if address.contains('?') { '&' } else { '?' };
    let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    format!("{address}{mark}{name}={value}")
}

/// The way to the rows after so many.
pub(super) fn after(address: &str, rows: i64) -> String {
    with(address, "offset", &rows.to_string())
}

/// The way to those of one state, or to all.
fn of<T: Word>(here: &str, state: Option<T>) -> String {
    state.map_or(here.to_owned(), |state| {
        with(here, "status", state.as_str())
    })
}

/// Whose things are meant; everybody's, where nobody is named.
#[derive(Clone, Default)]
pub(super) struct Its {
    /// This user's.
    pub(super) user: Option<UserId>,
    /// This agent's.
    pub(super) agent: Option<AgentId>,
}

impl Its {
    pub(super) fn read(params: &mut Params) -> Result<Self> {
        Ok(Self {
            user: params.text("user")?.map(UserId::from),
            agent: params.text("agent")?.map(AgentId::from),
        })
    }

    /// The way to their things in a room.
    pub(super) fn within(&self, room: &str) -> String {
        let user = self.user.iter().map(|id| ("user", id.as_str()));
        let named = user.chain(self.agent.iter().map(|id| ("agent", id.as_str())));
        named.fold(room.to_owned(), |here, (name, id)| with(&here, name, id))
    }
}

/// Somebody's things of one state, or all, newest first.
type List<S, T> = fn(&mut Read<'_>, Its, Option<S>, Part, Time) -> Result<Vec<T>>;

/// A room of things that have a user and a state.
pub(super) struct ByState<S: 'static, T> {
    /// Its address.
    pub(super) room: &'static str,
    /// Its heading.
    pub(super) title: &'static str,
    /// The states that there are tabs for.
    pub(super) states: &'static [S],
    /// The things.
    pub(super) list: List<S, T>,
    /// Whose a thing is.
    pub(super) user: fn(&T) -> &UserId,
    /// All of them, as they are shown.
    pub(super) table: fn(&[T], &Names, Time) -> Table,
}

/// The page of such a room.
pub(super) async fn by_state<S, T>(app: App, mut look: Look, of: ByState<S, T>) -> Result<Response>
where
    S: Word + PartialEq + Send,
    T: Send + 'static,
{
    let state: Option<S> = look.params.word("status")?;
    let its = Its::read(&mut look.params)?;
    let mut page = look.begin(of.room)?;
    let (now, part, list, user) = (app.now(), look.part, of.list, of.user);
    let wanted = its.clone();
    // Of a state alone, the next one may lie far back.
    let (found, names) = app
        .db
        .search(move |tx| {
            let found = list(tx, wanted.clone(), state, part, now)?;
            let users = found.iter().map(user).chain(&wanted.user);
            let names = Names::of(tx, users)?;
            Ok((found, names))
        })
        .await?;
    page.title(of.title);
    let user = its.user.iter().map(|id| ("For", names.cell(id)));
    let agent = its.agent.iter().map(AgentId::as_str);
    let agent = agent.map(|id| ("Agent", Cell::link(show::agent(id), id)));
    page.facts = user.chain(agent).collect();
    let here = tabs(&mut page, &its.within(of.room), of.states, state);
    page.tables
        .push(look.rows((of.table)(&found, &names, now), &here));
    page.answer()
}

/// Puts a tab for all and one for each of some states on a page. The address of the one that is shown.
pub(super) fn tabs<T: Word + PartialEq>(
    page: &mut Page,
    room: &str,
    states: &[T],
    shown: Option<T>,
) -> String {
    page.tabs
        .push((of::<T>(room, None), "all", shown.is_none()));
    for one in states {
        let is_shown = shown == Some(*one);
        page.tabs
            .push((of(room, Some(*one)), one.as_str(), is_shown));
    }
    of(room, shown)
}
