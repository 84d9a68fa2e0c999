//! What a page of the dashboard is made of. Rooms fill it in; how it looks is in `templates/` and `assets/` alone.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use super::gate::Visitor;
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::text;

/// The rooms, as the navigation lists them: address and name.
const ROOMS: [(&str, &str); 9] = [
    ("/dashboard", "Overview"),
    ("/dashboard/tasks", "Tasks"),
    ("/dashboard/sessions", "Sessions"),
    ("/dashboard/agents", "Agents"),
    ("/dashboard/users", "Users"),
    ("/dashboard/organizations", "Organizations"),
    ("/dashboard/audit", "Audit"),
    ("/dashboard/webhooks", "Webhooks"),
    ("/dashboard/keys", "Keys"),
];

/// How a state is to be taken.
#[derive(Clone, Copy)]
pub(super) enum Tone {
    /// It works.
    Good,
    /// It waits for somebody.
    Waiting,
    /// It is over, as it should be.
    Over,
    /// Somebody ended or refused it.
    Bad,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Waiting => "waiting",
            Self::Over => "over",
            Self::Bad => "bad",
        }
    }
}

/// One value, as it is shown.
pub(super) enum Cell {
    /// Nothing is known.
    Empty,
    /// Words.
    Text(String),
    /// Something to be copied: an id, an address, a key.
    Code(String),
    /// Something with a page of its own.
    Link { href: String, text: String },
    /// A moment: as machines write it, and how far away it is.
    Moment { at: String, distance: String },
    /// A state.
    State { word: String, tone: Tone },
    /// Something to be done, in a row.
    Form(Form),
}

impl Cell {
    /// Words that somebody wrote: what does not show is shown.
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        Self::Text(text::legible(text.as_ref()))
    }

    pub(super) fn code(text: impl AsRef<str>) -> Self {
        Self::Code(text::legible(text.as_ref()))
    }

    pub(super) fn link(href: String, text: impl AsRef<str>) -> Self {
        let text = text::legible(text.as_ref());
        Self::Link { href, text }
    }

    pub(super) fn state(word: &str, tone: Tone) -> Self {
        let word = text::legible(word);
        Self::State { word, tone }
    }

    /// A moment, seen from another.
    pub(super) fn moment(at: Time, now: Time) -> Self {
        Self::Moment {
            at: format!("{at:?}"),
            distance: distance(at, now),
        }
    }

    /// The same where there may be none.
    pub(super) fn moment_if(at: Option<Time>, now: Time) -> Self {
        at.map_or(Self::Empty, |at| Self::moment(at, now))
    }

    /// Words where there may be none.
    pub(super) fn text_if(text: Option<impl AsRef<str>>) -> Self {
        text.map_or(Self::Empty, Self::text)
    }
}

/// How far a moment is from now, in the largest unit that says something.
fn distance(at: Time, now: Time) -> String {
    let seconds = at.seconds_since(now);
    let (number, unit) = match seconds.abs() {
        0..=1 => return "now".into(),
        seconds @ 2..=99 => (seconds, "s"),
        seconds @ 100..=5_999 => (seconds / 60, "min"),
        seconds @ 6_000..=172_799 => (seconds / 3_600, "h"),
        seconds => (seconds / 86_400, "d"),
    };
    if seconds > 0 {
        format!("in {number} {unit}")
    } else {
        format!("{number} {unit} ago")
    }
}

/// What a form sends under a name.
pub(super) enum Field {
    /// Something that its reader may change.
    Text {
        name: &'static str,
        label: &'static str,
        value: String,
    },
    /// A secret that its reader has.
    Secret {
        name: &'static str,
        label: &'static str,
    },
}

/// Something to be done.
pub(super) struct Form {
    /// Where it is sent.
    pub(super) action: String,
    /// What the button says.
    pub(super) label: &'static str,
    /// What else it sends.
    pub(super) fields: Vec<Field>,
    /// Whether it takes something away.
    pub(super) is_grave: bool,
    /// Whether its answer is a page of its own, beside this one.
    pub(super) is_apart: bool,
}

impl Form {
    /// A button alone.
    pub(super) fn button(action: String, label: &'static str) -> Self {
        Self {
            action,
            label,
            fields: Vec::new(),
            is_grave: false,
            is_apart: false,
        }
    }

    /// A button that takes something away.
    pub(super) fn grave(action: String, label: &'static str) -> Self {
        Self {
            is_grave: true,
            ..Self::button(action, label)
        }
    }
}

/// Rows of one kind.
pub(super) struct Table {
    /// What they are.
    pub(super) heading: &'static str,
    /// What stands in each column.
    pub(super) columns: Vec<&'static str>,
    /// The rows, each as long as there are columns.
    pub(super) rows: Vec<Vec<Cell>>,
    /// What there is to say where there are none.
    pub(super) empty: &'static str,
    /// Where more of them are.
    pub(super) more: Option<(String, &'static str)>,
    /// The last record that is shown, where newer ones come in by themselves.
    pub(super) live: Option<i64>,
}

impl Table {
    pub(super) fn new(
        heading: &'static str,
        columns: &[&'static str],
        empty: &'static str,
    ) -> Self {
        Self {
            heading,
            columns: columns.to_vec(),
            rows: Vec::new(),
            empty,
            more: None,
            live: None,
        }
    }

    pub(super) fn rows(mut self, rows: impl IntoIterator<Item = Vec<Cell>>) -> Self {
        self.rows = rows.into_iter().collect();
        self
    }

    /// Rows of which one more was read than are shown: the rest is elsewhere.
    pub(super) fn part(self, limit: i64, more: impl FnOnce() -> String) -> Self {
        self.first(limit, || (more(), "Older"))
    }

    /// The same, where the rest is called otherwise.
    pub(super) fn first(
        mut self,
        limit: i64,
        more: impl FnOnce() -> (String, &'static str),
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if self.rows.len() > limit {
            self.rows.truncate(limit);
            self.more = Some(more());
        }
        self
    }
}

/// A page.
pub(super) struct Page {
    /// Who looks at it.
    visitor: Visitor,
    /// Its heading.
    pub(super) title: String,
    /// The room it is in: an address of [`ROOMS`].
    pub(super) room: &'static str,
    /// What was done just now, or what is wrong.
    pub(super) notice: Option<String>,
    /// What to look for: a hint, and what is looked for now.
    pub(super) search: Option<(&'static str, String)>,
    /// Parts of the room: address, name, whether it is this one.
    pub(super) tabs: Vec<(String, &'static str, bool)>,
    /// What is to be known.
    pub(super) facts: Vec<(&'static str, Cell)>,
    /// What can be done.
    pub(super) forms: Vec<Form>,
    /// What belongs to it.
    pub(super) tables: Vec<Table>,
}

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Document<'a> {
    page: &'a Page,
}

#[derive(Template)]
#[template(path = "dashboard_rows.html")]
struct Rows<'a> {
    table: &'a Table,
}

impl Document<'_> {
    /// Whether this is the address of the room that the page is in.
    fn is_here(&self, room: &str) -> bool {
        self.page.room == room
    }

    /// Whether something on it goes on by itself.
    fn is_live(&self) -> bool {
        self.page.tables.iter().any(|table| table.live.is_some())
    }
}

impl Page {
    pub(super) fn new(room: &'static str, visitor: &Visitor) -> Self {
        Self {
            visitor: visitor.clone(),
            title: String::new(),
            room,
            notice: None,
            search: None,
            tabs: Vec::new(),
            facts: Vec::new(),
            forms: Vec::new(),
            tables: Vec::new(),
        }
    }

    /// Under this heading.
    pub(super) fn title(&mut self, title: impl AsRef<str>) {
        self.title = text::legible(title.as_ref());
    }

    pub(super) fn html(&self) -> Result<String> {
        rendered(&Document { page: self })
    }

    pub(super) fn answer(&self) -> Result<Response> {
        Ok(Html(self.html()?).into_response())
    }
}

/// A refusal as a page. What stands in a page can be written whatever it is.
pub(super) fn refusal(error: &Error, visitor: &Visitor) -> String {
    let shown = error.shown();
    let mut page = Page::new("", visitor);
    page.title(shown.message);
    page.notice = Some(text::legible(&shown.long_message));
    page.facts.push(("Code", Cell::code(shown.code)));
    page.html().unwrap_or(shown.long_message)
}

/// The rows of a table alone, to be put before those that are there.
pub(super) fn rows(table: &Table) -> Result<Response> {
    Ok(Html(rendered(&Rows { table })?).into_response())
}

fn rendered(template: &impl Template) -> Result<String> {
    let text = template.render();
    text.map_err(|error| Error::Bug(format!("a page was not written: {error}")))
}
