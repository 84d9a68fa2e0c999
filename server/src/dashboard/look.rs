//! Somebody looks at a page: who, which part of it, and after what was done on it.

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;

use super::gate::Visitor;
use super::page::{Page, Table};
use super::show::{Names, ROWS};
use crate::app::App;
use crate::clock::Time;
use crate::db::{Page as Part, Read};
use crate::error::{Error, Result};
use crate::id::UserId;
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
        let mark = if here.contains('?') { '&' } else { '?' };
        table.part(ROWS, || {
            format!("{here}{mark}offset={}", self.part.offset + ROWS)
        })
    }
}

/// The way to those of one state, or to all.
fn of<T: Word>(room: &str, state: Option<T>) -> String {
    match state {
        Some(state) => format!("{room}?status={}", state.as_str()),
        None => room.to_owned(),
    }
}

/// Things of one state, or all, newest first.
type List<S, T> = fn(&mut Read<'_>, Option<S>, Part, Time) -> Result<Vec<T>>;

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
    let mut page = look.begin(of.room)?;
    let (now, part, list, user) = (app.now(), look.part, of.list, of.user);
    // Of a state alone, the next one may lie far back.
    let (found, names) = app
        .db
        .search(move |tx| {
            let found = list(tx, state, part, now)?;
            let names = Names::of(tx, found.iter().map(user))?;
            Ok((found, names))
        })
        .await?;
    page.title(of.title);
    let here = tabs(&mut page, of.room, of.states, state);
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
