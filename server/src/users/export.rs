//! All users, page after page, for whoever takes them elsewhere.

use super::search::with_identifiers;
use super::{Profile, User, select};
use crate::clock::Time;
use crate::db::{Query, Read};
use crate::error::Result;
use crate::id::UserId;

/// Where a page ended, whether or not that user is still there.
#[derive(Clone, Debug)]
pub struct Position(Time, UserId);

impl Position {
    /// After this user.
    pub fn after(user: &User) -> Self {
        Self(user.created_at, user.id.clone())
    }
}

/// The next users, oldest first, `limit` at most.
pub fn export(tx: &mut Read<'_>, after: Option<&Position>, limit: i64) -> Result<Vec<Profile>> {
    let mut query = Query::new(select!(""));
    if let Some(Position(at, id)) = after {
        let (at, id) = (query.mark(*at), query.mark(id));
        query.and(&format!("(u.created_at, u.id) > ({at}, {id})"));
    }
    let page = crate::db::Page { limit, offset: 0 };
    let users: Vec<User> = query.page("u.created_at, u.id", page).all(tx)?;
    with_identifiers(tx, users)
}
