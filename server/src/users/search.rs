//! Lists of users: filters, order and pages. The SQL is put together from fixed pieces; what callers say goes in as
//! parameters only.

use std::fmt::Write as _;

use super::{Identifier, Kind, Profile, User, find, identifiers, select};
use crate::clock::Time;
use crate::db::{Tx, Value};
use crate::error::{Error, Result};
use crate::id::UserId;

/// Which users are meant. What is empty does not restrict.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// With one of these e-mail addresses or phone numbers; any status.
    pub identifiers: Vec<(Kind, Vec<String>)>,
    /// With one of these usernames.
    pub usernames: Vec<String>,
    /// With one of these ids; a `-` before an id excludes it.
    pub user_ids: Vec<String>,
    /// With one of these external ids; a `-` before an id excludes it.
    pub external_ids: Vec<String>,
    /// Some name or identifier contains this, or it is the id. (All ids have their beginning in common.)
    pub query: Option<String>,
    /// An identifier of this kind contains this.
    pub identifier_queries: Vec<(Kind, String)>,
    /// The username contains this.
    pub username_query: Option<String>,
    /// First and last name, with a space between, contain this.
    pub name_query: Option<String>,
    /// Banned or not.
    pub banned: Option<bool>,
    /// Bounds on times.
    pub ranges: Vec<Range>,
    /// Asked for something that no user here can have, as a web3 wallet.
    pub nobody: bool,
}

/// A bound on one of a user's times; the moment itself lies outside.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// `created_at`, `last_active_at` or `last_sign_in_at`.
    pub column: &'static str,
    /// Later than the moment, or earlier.
    pub after: bool,
    /// The moment.
    pub at: Time,
}

/// What a list is sorted by; users that are equal in it are sorted by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderBy {
    column: &'static str,
    descending: bool,
}

impl OrderBy {
    /// Newest first.
    pub const NEWEST: Self = Self {
        column: "u.created_at",
        descending: true,
    };

    const COLUMNS: [(&'static str, &'static str); 10] = [
        ("created_at", "u.created_at"),
        ("updated_at", "u.updated_at"),
        ("last_active_at", "u.last_active_at"),
        ("last_sign_in_at", "u.last_sign_in_at"),
        ("first_name", "lower(u.first_name)"),
        ("last_name", "lower(u.last_name)"),
        ("username", "u.username"),
        (
            "email_address",
            "(select i.value from identifiers i where i.id = u.primary_email_address_id)",
        ),
        (
            "phone_number",
            "(select i.value from identifiers i where i.id = u.primary_phone_number_id)",
        ),
        // Nobody has one, so the id alone decides.
        ("web3wallet", "u.id"),
    ];

    /// Reads a name with `+` (the default) or `-` before it.
    ///
    /// # Errors
    /// [`Error::ParamValue`].
    pub fn parse(text: &str) -> Result<Self> {
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            // A bare `+` in a query string is a space by the time it gets here.
            None => (text.trim_start_matches(['+', ' ']), false),
        };
        let column = Self::COLUMNS.iter().find(|(known, _)| *known == name);
        let names = Self::COLUMNS.map(|(known, _)| known).join(", ");
        column
            .map(|(_, column)| Self { column, descending })
            .ok_or_else(|| {
                Error::ParamValue("order_by", format!("one of {names}, with + or - before it"))
            })
    }

    fn by_creation(self) -> bool {
        self.column == Self::NEWEST.column
    }
}

/// Which part of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// How many at most.
    pub limit: i64,
    /// How many to pass over.
    pub offset: i64,
    /// In which order.
    pub order_by: OrderBy,
    /// The last user of the page before; only in the order of creation, and without an offset.
    pub starting_after: Option<UserId>,
}

/// A statement in the making.
struct Query {
    sql: String,
    values: Vec<Value>,
}

impl Query {
    fn new(select: &str) -> Self {
        Self {
            sql: format!("{select} where 1 = 1"),
            values: Vec::new(),
        }
    }

    /// Keeps a value and returns its mark.
    fn mark(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn marks(&mut self, values: &[String]) -> String {
        let marks: Vec<_> = values.iter().map(|value| self.mark(value)).collect();
        marks.join(", ")
    }

    fn and(&mut self, condition: &str) {
        self.sql.push_str(" and ");
        self.sql.push_str(condition);
    }

    /// `column` is one of the values, if there are any.
    fn one_of(&mut self, column: &str, values: &[String]) {
        if !values.is_empty() {
            let marks = self.marks(values);
            self.and(&format!("{column} in ({marks})"));
        }
    }

    /// As [`Query::one_of`], where a `-` before a value excludes it.
    fn one_of_or_not(&mut self, column: &str, values: &[String]) {
        let (out, within): (Vec<&String>, Vec<&String>) =
            values.iter().partition(|value| value.starts_with('-'));
        let bare = |value: &String| value.trim_start_matches(['+', ' ', '-']).to_owned();
        let out: Vec<_> = out.into_iter().map(bare).collect();
        let within: Vec<_> = within.into_iter().map(bare).collect();
        self.one_of(column, &within);
        if !out.is_empty() {
            let marks = self.marks(&out);
            self.and(&format!("({column} is null or {column} not in ({marks}))"));
        }
    }

    /// The mark of a pattern that means: contains this text, in any case.
    fn containing(&mut self, text: &str) -> String {
        let mut pattern = String::from("%");
        for c in text.to_lowercase().chars() {
            if matches!(c, '%' | '_' | '!') {
                pattern.push('!');
            }
            pattern.push(c);
        }
        pattern.push('%');
        self.mark(pattern)
    }

    fn contains(&mut self, columns: &[&str], text: &str) {
        let mark = self.containing(text);
        let any: Vec<_> = columns
            .iter()
            .map(|column| format!("lower({column}) like {mark} escape '!'"))
            .collect();
        self.and(&format!("({})", any.join(" or ")));
    }

    /// Some identifier of the user, of this kind where one is named, meets a condition on `i.value`.
    fn has_identifier(kind: Option<Kind>, condition: &str) -> String {
        let kind = kind.map_or_else(String::new, |kind| {
            format!(" and i.kind = '{}'", kind.as_str())
        });
        format!("exists (select 1 from identifiers i where i.user_id = u.id{kind} and {condition})")
    }

    fn matching(mut self, filter: &Filter) -> Self {
        for (kind, values) in &filter.identifiers {
            let marks = self.marks(values);
            self.and(&Self::has_identifier(
                Some(*kind),
                &format!("i.value in ({marks})"),
            ));
        }
        for (kind, text) in &filter.identifier_queries {
            let mark = self.containing(text);
            self.and(&Self::has_identifier(
                Some(*kind),
                &format!("i.value like {mark} escape '!'"),
            ));
        }
        self.one_of("u.username", &filter.usernames);
        self.one_of_or_not("u.id", &filter.user_ids);
        self.one_of_or_not("u.external_id", &filter.external_ids);
        if let Some(text) = &filter.query {
            let (mark, id) = (self.containing(text), self.mark(text));
            let own = format!(
                "u.id = {id} or lower(coalesce(u.first_name, '') || ' ' || coalesce(u.last_name, '') || ' '
                                      || coalesce(u.username, '')) like {mark} escape '!'"
            );
            let identifier = Self::has_identifier(None, &format!("i.value like {mark} escape '!'"));
            self.and(&format!("({own} or {identifier})"));
        }
        if let Some(text) = &filter.username_query {
            self.contains(&["u.username"], text);
        }
        if let Some(text) = &filter.name_query {
            self.contains(
                &["(coalesce(u.first_name, '') || ' ' || coalesce(u.last_name, ''))"],
                text,
            );
        }
        match filter.banned {
            Some(true) => self.and("u.banned_at is not null"),
            Some(false) => self.and("u.banned_at is null"),
            None => {}
        }
        for Range { column, after, at } in &filter.ranges {
            let mark = self.mark(*at);
            let sign = if *after { '>' } else { '<' };
            self.and(&format!("u.{column} {sign} {mark}"));
        }
        if filter.nobody {
            self.and("1 = 0");
        }
        self
    }
}

/// How many users match.
pub fn count(tx: &mut Tx<'_>, filter: &Filter) -> Result<i64> {
    let query = Query::new("select count(*) from users u").matching(filter);
    tx.one(&query.sql, &query.values)
}

/// A page of the users that match.
///
/// # Errors
/// [`Error::ParamValue`] for a cursor that names no user; [`Error::ParamConflict`] for one with an offset or in another
/// order than that of creation.
pub fn list(tx: &mut Tx<'_>, filter: &Filter, page: &Page) -> Result<Vec<Profile>> {
    let mut query = Query::new(select!("")).matching(filter);
    let OrderBy { column, descending } = page.order_by;
    if let Some(cursor) = &page.starting_after {
        if !page.order_by.by_creation() {
            return Err(Error::ParamConflict("starting_after", "order_by"));
        }
        if page.offset > 0 {
            return Err(Error::ParamConflict("starting_after", "offset"));
        }
        let last = find(tx, cursor)?
            .ok_or_else(|| Error::ParamValue("starting_after", "the id of a user".into()))?;
        let (at, id) = (query.mark(last.created_at), query.mark(&last.id));
        let sign = if descending { '<' } else { '>' };
        query.and(&format!("(u.created_at, u.id) {sign} ({at}, {id})"));
    }
    let (limit, offset) = (query.mark(page.limit), query.mark(page.offset));
    let direction = if descending { "desc" } else { "asc" };
    // Who has no such value comes last in either direction, on both databases.
    let _ = write!(
        query.sql,
        " order by {column} {direction} nulls last, u.id {direction} limit {limit} offset {offset}"
    );
    let users: Vec<User> = tx.all(&query.sql, &query.values)?;
    with_identifiers(tx, users)
}

fn with_identifiers(tx: &mut Tx<'_>, users: Vec<User>) -> Result<Vec<Profile>> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = users.iter().map(|user| &user.id).collect();
    let all = identifiers::of_all(tx, &ids)?;
    let of = |user: &User| -> Vec<Identifier> {
        all.iter()
            .filter(|one| one.user_id == user.id)
            .cloned()
            .collect()
    };
    Ok(users
        .into_iter()
        .map(|user| Profile {
            identifiers: of(&user),
            user,
        })
        .collect())
}
