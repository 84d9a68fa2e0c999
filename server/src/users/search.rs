//! Lists of users: filters, order and pages. What is found by an id, an identifier or a name is found by its index;
//! searches for a part of a text, and orders other than that of creation, go through all users.

use super::{
    Identifier, IdentifierKind, Profile, User, by_identifier, find, identifiers, select, standing,
};
use crate::clock::Time;
use crate::db::{Page, Query, Read, sorted, sorted_nulls_last, values};
use crate::error::{Error, Result};
use crate::id::UserId;

/// Which users are meant. What is empty does not restrict.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// With one of these e-mail addresses or phone numbers; any status.
    pub identifiers: Vec<(IdentifierKind, Vec<String>)>,
    /// With one of these usernames.
    pub usernames: Vec<String>,
    /// With one of these ids; a `-` before an id excludes it.
    pub user_ids: Vec<String>,
    /// With one of these external ids; a `-` before an id excludes it.
    pub external_ids: Vec<String>,
    /// Some name or identifier contains this, or it is the id. (All ids have their beginning in common.)
    pub query: Option<String>,
    /// An identifier of this kind contains this.
    pub identifier_queries: Vec<(IdentifierKind, String)>,
    /// The username contains this.
    pub username_query: Option<String>,
    /// First and last name, with a space between, contain this.
    pub name_query: Option<String>,
    /// Banned or not.
    pub banned: Option<bool>,
    /// Members of one of these organizations; a `-` before an id excludes its members.
    pub organization_ids: Vec<String>,
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

    /// Whether an index gives this order; any other sorts all users.
    pub fn is_by_creation(self) -> bool {
        self.column == Self::NEWEST.column
    }

    fn sql(self) -> String {
        let Self { column, descending } = self;
        if self.is_by_creation() {
            sorted(column, "u.id", descending)
        } else {
            sorted_nulls_last(column, "u.id", descending)
        }
    }
}

/// Which part of a list of users, in which order.
#[derive(Clone, Debug)]
pub struct Selection {
    /// How many, from where.
    pub page: Page,
    /// In which order.
    pub order_by: OrderBy,
    /// The last user of the page before; only in the order of creation, and without an offset.
    pub starting_after: Option<UserId>,
}

/// Those of all users who have the most in the fields that tokens can hold.
pub fn fullest(tx: &mut Read<'_>, limit: i64) -> Result<Vec<UserId>> {
    tx.all(
        "select id from users
         order by length(public_metadata) + length(unsafe_metadata) + length(name_folded) desc, id limit $1",
        values![limit],
    )
}

/// The newest users.
pub fn newest(tx: &mut Read<'_>, limit: i64) -> Result<Vec<UserId>> {
    tx.all(
        "select id from users order by created_at desc, id desc limit $1",
        values![limit],
    )
}

/// A pattern that means: contains this text.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// The mark of a pattern for a column that is kept in lower case: names by Unicode's rules, the rest by ASCII's.
fn in_name(query: &mut Query, text: &str) -> String {
    query.mark(containing(&text.to_lowercase()))
}

fn in_identifier(query: &mut Query, text: &str) -> String {
    query.mark(containing(&text.to_ascii_lowercase()))
}

/// `column` is one of the values, where a `-` before a value excludes it.
fn one_of_or_not(query: &mut Query, column: &str, values: &[String]) {
    let (out, within): (Vec<&String>, Vec<&String>) =
        values.iter().partition(|value| value.starts_with('-'));
    let bare = |value: &String| value.trim_start_matches(['+', ' ', '-']).to_owned();
    let out: Vec<_> = out.into_iter().map(bare).collect();
    let within: Vec<_> = within.into_iter().map(bare).collect();
    query.one_of(column, &within);
    if !out.is_empty() {
        let marks = query.marks(&out);
        query.and(&format!("({column} is null or {column} not in ({marks}))"));
    }
}

/// The users are members of one of these organizations, where a `-` before an id excludes its members.
fn members_of(query: &mut Query, organizations: &[String]) {
    let (out, within): (Vec<&String>, Vec<&String>) =
        organizations.iter().partition(|id| id.starts_with('-'));
    for (word, ids) in [("in", within), ("not in", out)] {
        if !ids.is_empty() {
            let bare = ids
                .iter()
                .map(|id| id.trim_start_matches(['+', ' ', '-']).to_owned());
            let marks = query.marks(bare);
            query.and(&format!(
                "u.id {word} (select user_id from organization_memberships where organization_id in ({marks}))"
            ));
        }
    }
}

impl Filter {
    /// Whether the users are found by an index, or all are gone through.
    pub fn is_search(&self) -> bool {
        self.query.is_some()
            || self.username_query.is_some()
            || self.name_query.is_some()
            || !self.identifier_queries.is_empty()
            || self.banned.is_some()
            || !self.organization_ids.is_empty()
            || !self.ranges.is_empty()
    }

    /// Whether anything is asked for.
    pub fn restricts(&self) -> bool {
        self.is_search()
            || self.nobody
            || !self.identifiers.is_empty()
            || !self.usernames.is_empty()
            || !self.user_ids.is_empty()
            || !self.external_ids.is_empty()
    }

    /// Restricts a query on `users u`.
    pub(crate) fn apply(&self, mut query: Query) -> Query {
        for (kind, values) in &self.identifiers {
            identifiers::held(&mut query, *kind, values);
        }
        query.one_of("u.username", &self.usernames);
        one_of_or_not(&mut query, "u.id", &self.user_ids);
        one_of_or_not(&mut query, "u.external_id", &self.external_ids);
        for (kind, text) in &self.identifier_queries {
            let (kind, mark) = (query.mark(*kind), in_identifier(&mut query, text));
            query.and(&format!(
                "u.id in (select user_id from identifiers where kind = {kind} and value like {mark} escape '!')"
            ));
        }
        if let Some(text) = &self.query {
            let (id, name) = (query.mark(text), in_name(&mut query, text));
            let other = in_identifier(&mut query, text);
            query.and(&format!(
                "(u.id = {id} or u.name_folded like {name} escape '!' or u.username like {other} escape '!'
                  or u.id in (select user_id from identifiers where value like {other} escape '!'))"
            ));
        }
        if let Some(text) = &self.username_query {
            let mark = in_identifier(&mut query, text);
            query.and(&format!("u.username like {mark} escape '!'"));
        }
        if let Some(text) = &self.name_query {
            let mark = in_name(&mut query, text);
            query.and(&format!("u.name_folded like {mark} escape '!'"));
        }
        members_of(&mut query, &self.organization_ids);
        match self.banned {
            Some(true) => query.and("u.banned_at is not null"),
            Some(false) => query.and("u.banned_at is null"),
            None => {}
        }
        for Range { column, after, at } in &self.ranges {
            let mark = query.mark(*at);
            let sign = if *after { '>' } else { '<' };
            query.and(&format!("u.{column} {sign} {mark}"));
        }
        if self.nobody {
            query.and("1 = 0");
        }
        query
    }
}

/// The user with this id, verified identifier, username or external id: whatever somebody calls one by.
pub fn named(tx: &mut Read<'_>, name: &str) -> Result<Option<UserId>> {
    let id = UserId::from(name);
    if standing(tx, &id)?.is_some() {
        return Ok(Some(id));
    }
    if let Some(id) = by_identifier(tx, name)? {
        return Ok(Some(id));
    }
    tx.first("select id from users where external_id = $1", values![name])
}

/// How many users there are, counted to `most`.
pub fn number(tx: &mut Read<'_>, most: i64) -> Result<i64> {
    Query::new("select 1 from users").counted(most).one(tx)
}

/// How many users match.
pub fn count(tx: &mut Read<'_>, filter: &Filter) -> Result<i64> {
    filter
        .apply(Query::new("select count(*) from users u"))
        .one(tx)
}

/// A page of the users that match.
///
/// # Errors
/// [`Error::ParamValue`] for a cursor that names no user; [`Error::ParamConflict`] for one with an offset or in another
/// order than that of creation.
pub fn list(tx: &mut Read<'_>, filter: &Filter, selection: &Selection) -> Result<Vec<Profile>> {
    let mut query = filter.apply(Query::new(select!("")));
    let order = selection.order_by;
    if let Some(cursor) = &selection.starting_after {
        if !order.is_by_creation() {
            return Err(Error::ParamConflict("starting_after", "order_by"));
        }
        if selection.page.offset > 0 {
            return Err(Error::ParamConflict("starting_after", "offset"));
        }
        let last = find(tx, cursor)?
            .ok_or_else(|| Error::ParamValue("starting_after", "the id of a user".into()))?;
        let (at, id) = (query.mark(last.created_at), query.mark(&last.id));
        let sign = if order.descending { '<' } else { '>' };
        query.and(&format!("(u.created_at, u.id) {sign} ({at}, {id})"));
    }
    let users: Vec<User> = query.page(&order.sql(), selection.page).all(tx)?;
    with_identifiers(tx, users)
}

pub(super) fn with_identifiers(tx: &mut Read<'_>, users: Vec<User>) -> Result<Vec<Profile>> {
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
