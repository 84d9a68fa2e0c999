//! Lists of invitations to the application.

use super::{Invitation, SELECT, Status, with_statuses};
use crate::clock::Time;
use crate::db::{Page, Query, Read, sorted};
use crate::error::Result;
use crate::users;
use crate::word::words;

/// Which invitations to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// With one of these statuses; where there is none, those that were not taken back.
    pub statuses: Vec<Status>,
    /// With an address that contains this, or with this id.
    pub query: Option<String>,
}

words! {
    /// What lists of invitations are sorted by.
    pub enum Order {
        /// When they were made.
        Created = "created_at",
        /// Who is invited.
        EmailAddress = "email_address",
        /// Until when they can be accepted.
        Expires = "expires_at",
    }
}

impl Filter {
    fn query(&self, select: &str, now: Time) -> Query {
        let mut query = Query::new(select);
        if self.statuses.is_empty() {
            query.and("i.revoked_at is null");
        }
        with_statuses(&mut query, &self.statuses, now);
        if let Some(part) = &self.query {
            let id = query.mark(part.as_str());
            let part = query.mark(users::containing(&part.to_ascii_lowercase()));
            query.and(&format!(
                "(i.email_address like {part} escape '!' or i.id = {id})"
            ));
        }
        query
    }
}

/// A page of invitations.
pub fn list(
    tx: &mut Read<'_>,
    filter: &Filter,
    (order, descending): (Order, bool),
    page: Page,
    now: Time,
) -> Result<Vec<Invitation>> {
    let order = sorted(&format!("i.{}", order.as_str()), "i.id", descending);
    filter.query(SELECT, now).page(&order, page).all(tx)
}

/// How many invitations match.
pub fn count(tx: &mut Read<'_>, filter: &Filter, now: Time) -> Result<i64> {
    filter
        .query("select count(*) from invitations i", now)
        .one(tx)
}
