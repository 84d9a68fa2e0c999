//! Lists of organizations (spec operation `ListOrganizations`).

use super::Organization;
use crate::call::{Call, awaitable};
use crate::id::{OrganizationId, UserId};
use crate::page::{Items, Page};

/// A list of organizations; `.await` it for one page, or [`stream`](Self::stream) it.
#[must_use = "nothing is sent until it is awaited"]
pub struct ListOrganizations(pub(super) Call<Page<Organization>>);

awaitable!(ListOrganizations => Page<Organization>);

/// What a list of organizations is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OrganizationOrder {
    /// When they were created.
    CreatedAt,
    /// Their names.
    Name,
    /// How many members they have.
    MembersCount,
}

impl OrganizationOrder {
    fn name(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::Name => "name",
            Self::MembersCount => "members_count",
        }
    }
}

impl ListOrganizations {
    /// Only those that have this user for a member. Can be used again for more: organizations of any of them are found.
    pub fn user(self, id: &UserId) -> Self {
        Self(self.0.query_more("user_id", id))
    }

    /// Only these organizations.
    pub fn organization(self, id: &OrganizationId) -> Self {
        Self(self.0.query_more("organization_id", id))
    }

    /// Only with this text in the name or slug, or with this id.
    pub fn query(self, text: &str) -> Self {
        Self(self.0.query("query", text))
    }

    /// The earliest, A, or the fewest first.
    pub fn order_by(self, order: OrganizationOrder) -> Self {
        Self(self.0.query("order_by", format!("+{}", order.name())))
    }

    /// The latest, Z, or the most first.
    pub fn order_by_descending(self, order: OrganizationOrder) -> Self {
        Self(self.0.query("order_by", format!("-{}", order.name())))
    }

    /// How many a page has: 1 to 500, 10 where not given.
    pub fn limit(self, limit: u32) -> Self {
        Self(self.0.query("limit", limit))
    }

    /// How many to pass over.
    pub fn offset(self, offset: u32) -> Self {
        Self(self.0.query("offset", offset))
    }

    /// All of them, fetched in pages of [`limit`](Self::limit), 100 where not given.
    pub fn stream(self) -> Items<Organization> {
        Items::new(self.0, None)
    }
}
