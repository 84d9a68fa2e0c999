//! Lists of memberships.

use super::super::{Organization, by_id};
use super::{Member, Membership, SELECT, find, get, whole};
use crate::clock::Time;
use crate::db::{Page, Query, Read, sorted, sorted_nulls_last, values};
use crate::error::Result;
use crate::id::{OrganizationId, UserId};
use crate::users;
use crate::word::words;

/// Which memberships to list. What is empty does not restrict.
#[derive(Clone, Debug, Default)]
pub struct MemberFilter {
    /// In this organization.
    pub organization: Option<OrganizationId>,
    /// Of this user.
    pub user: Option<UserId>,
    /// In one of the roles with these keys.
    pub roles: Vec<String>,
    /// Of users who match.
    pub users: users::Filter,
    /// Whether that restricts at all.
    pub by_user: bool,
}

words! {
    /// What lists of memberships are sorted by; those that are equal in it by the id.
    pub enum MemberOrder {
        /// Since when.
        Created = "created_at",
        /// The member's name.
        FirstName = "first_name",
        /// The member's family name.
        LastName = "last_name",
        /// The member's primary e-mail address.
        EmailAddress = "email_address",
        /// The member's primary phone number.
        PhoneNumber = "phone_number",
        /// The member's username.
        Username = "username",
    }
}

impl MemberOrder {
    fn column(self) -> &'static str {
        match self {
            Self::Created => "m.created_at",
            Self::FirstName => "lower(u.first_name)",
            Self::LastName => "lower(u.last_name)",
            Self::EmailAddress => {
                "(select i.value from identifiers i where i.id = u.primary_email_address_id)"
            }
            Self::PhoneNumber => {
                "(select i.value from identifiers i where i.id = u.primary_phone_number_id)"
            }
            Self::Username => "u.username",
        }
    }
}

impl MemberFilter {
    /// Whether all members of an organization, or all there are, may be gone through to list them in this order.
    pub fn is_search(&self, order: MemberOrder) -> bool {
        self.by_user
            || order != MemberOrder::Created
            || !self.roles.is_empty()
            || (self.organization.is_none() && self.user.is_none())
    }

    fn query(&self, select: &str, with_users: bool) -> Query {
        let mut select = select.to_owned();
        if with_users || self.by_user {
            select.push_str(" join users u on u.id = m.user_id");
        }
        let mut query = Query::new(&select);
        query.equals("m.organization_id", self.organization.as_ref());
        query.equals("m.user_id", self.user.as_ref());
        if let [role] = &self.roles[..] {
            // Equal to a single one, so that the index of an organization's roles leads, in the order of creation.
            let mark = query.mark(role);
            query.and(&format!(
                "m.role_id = (select id from roles where key = {mark})"
            ));
        } else {
            query.one_of("r.key", &self.roles);
        }
        if self.by_user {
            query = self.users.apply(query);
        }
        query
    }
}

/// A page of memberships.
pub fn members(
    tx: &mut Read<'_>,
    filter: &MemberFilter,
    (order, descending): (MemberOrder, bool),
    page: Page,
    now: Time,
) -> Result<Vec<Member>> {
    let column = order.column();
    let by_creation = order == MemberOrder::Created;
    let order = if by_creation {
        sorted(column, "m.id", descending)
    } else {
        sorted_nulls_last(column, "m.id", descending)
    };
    let found = filter
        .query(SELECT, !by_creation)
        .page(&order, page)
        .all(tx)?;
    whole(tx, found, now)
}

/// How many memberships match.
pub fn count_members(tx: &mut Read<'_>, filter: &MemberFilter, now: Time) -> Result<i64> {
    if let (Some(id), false, true) = (
        &filter.organization,
        filter.by_user,
        filter.roles.is_empty(),
    ) && filter.user.is_none()
    {
        // It is kept, so that it costs the same for any number.
        return Ok(by_id(tx, id, now)?.members_count);
    }
    filter
        .query(
            "select count(*) from organization_memberships m join roles r on r.id = m.role_id",
            false,
        )
        .one(tx)
}

/// A user's place in an organization, if it has one there. Open invitations are not counted.
pub fn place(
    tx: &mut Read<'_>,
    user: &UserId,
    id: &OrganizationId,
) -> Result<Option<(Membership, Organization)>> {
    let Some(membership) = find(tx, id, user)? else {
        return Ok(None);
    };
    let organization = by_id(tx, id, Time(i64::MAX))?;
    Ok(Some((membership, organization)))
}

/// A user's newest memberships, and the one in this organization wherever it is in their order.
pub fn of_user(
    tx: &mut Read<'_>,
    user: &UserId,
    active: Option<&OrganizationId>,
    limit: i64,
) -> Result<Vec<Membership>> {
    let mut found: Vec<Membership> = tx.all(
        &format!("{SELECT} where m.user_id = $1 order by m.created_at desc, m.id desc limit $2"),
        values![user, limit],
    )?;
    if let Some(active) = active
        && found.iter().all(|one| one.organization_id != *active)
    {
        found.push(get(tx, active, user)?);
    }
    Ok(found)
}
