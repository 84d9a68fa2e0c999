//! Lists of organizations.

use super::{Organization, SELECT, memberships};
use crate::clock::Time;
use crate::db::{Page, Query, Read, sorted, values};
use crate::error::Result;
use crate::id::OrganizationId;
use crate::users;
use crate::word::words;

/// Which organizations to list. What is empty does not restrict; a `-` before an id excludes.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The id is this, or name or slug contain it.
    pub query: Option<String>,
    /// With one of these members.
    pub user_ids: Vec<String>,
    /// With one of these ids.
    pub ids: Vec<String>,
}

words! {
    /// What lists of organizations are sorted by.
    pub enum OrderBy {
        /// When they were made.
        Created = "created_at",
        /// Their names.
        Name = "name",
        /// How many members they have.
        Members = "members_count",
    }
}

impl OrderBy {
    fn column(self) -> &'static str {
        match self {
            Self::Created => "o.created_at",
            Self::Name => "o.name_folded",
            Self::Members => "o.members_count",
        }
    }
}

impl Filter {
    fn apply(&self, mut query: Query) -> Query {
        if let Some(text) = &self.query {
            let id = query.mark(text);
            let part = query.mark(users::containing(&text.to_lowercase()));
            query.and(&format!(
                "(o.id = {id} or o.name_folded like {part} escape '!' or o.slug like {part} escape '!')"
            ));
        }
        let parts = |ids: &[String]| -> [(&'static str, Vec<String>); 2] {
            let (out, within): (Vec<&String>, Vec<&String>) =
                ids.iter().partition(|id| id.starts_with('-'));
            let bare = |ids: Vec<&String>| {
                let bare = |id: &String| id.trim_start_matches(['+', ' ', '-']).to_owned();
                ids.into_iter().map(bare).collect()
            };
            [("in", bare(within)), ("not in", bare(out))]
        };
        for (word, ids) in parts(&self.ids) {
            if !ids.is_empty() {
                let marks = query.marks(&ids);
                query.and(&format!("o.id {word} ({marks})"));
            }
        }
        for (word, ids) in parts(&self.user_ids) {
            if !ids.is_empty() {
                let marks = query.marks(&ids);
                query.and(&format!(
                    "o.id {word} (select organization_id from organization_memberships where user_id in ({marks}))"
                ));
            }
        }
        query
    }
}

/// A page of organizations.
pub fn list(
    tx: &mut Read<'_>,
    filter: &Filter,
    (order, descending): (OrderBy, bool),
    page: Page,
    now: Time,
) -> Result<Vec<Organization>> {
    let order = sorted(order.column(), "o.id", descending);
    let mut query = Query::new(SELECT);
    query.mark(now);
    filter.apply(query).page(&order, page).all(tx)
}

/// How many organizations match.
pub fn count(tx: &mut Read<'_>, filter: &Filter) -> Result<i64> {
    filter
        .apply(Query::new("select count(*) from organizations o"))
        .one(tx)
}

/// Whether nobody in the organization can manage it.
pub fn lacks_manager(tx: &mut Read<'_>, id: &OrganizationId) -> Result<bool> {
    for role in memberships::managing(tx)? {
        let one: Option<String> = tx.first(
            "select id from organization_memberships where organization_id = $1 and role_id = $2 limit 1",
            values![id, &role],
        )?;
        if one.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}
