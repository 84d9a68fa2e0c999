//! Lists of invitations.

use std::collections::BTreeSet;

use super::super::{Organization, by_id, with_ids};
use super::{Invitation, SELECT};
use crate::clock::Time;
use crate::db::{Page, Query, Read, sorted};
use crate::error::Result;
use crate::id::{OrganizationId, UserId};
use crate::invitations::{Status, with_statuses};
use crate::users::{self, Profile};
use crate::word::words;

/// An invitation with what it speaks of.
#[derive(Clone, Debug)]
pub struct Invited {
    /// The invitation.
    pub invitation: Invitation,
    /// Into what.
    pub organization: Organization,
    /// Who invites, as long as there is such a user.
    pub inviter: Option<Profile>,
}

/// Adds organizations and inviters.
pub fn invited(tx: &mut Read<'_>, found: Vec<Invitation>, now: Time) -> Result<Vec<Invited>> {
    let ids: BTreeSet<_> = found.iter().map(|one| &one.organization_id).collect();
    let organizations = with_ids(tx, &ids.into_iter().collect::<Vec<_>>(), now)?;
    let ids: BTreeSet<_> = found
        .iter()
        .filter_map(|one| one.inviter_id.as_ref())
        .collect();
    let inviters = users::profiles(tx, &ids.into_iter().collect::<Vec<_>>())?;
    let with = |invitation: Invitation| {
        let mut all = organizations.iter();
        let organization = all.find(|one| one.id == invitation.organization_id)?;
        let mut all = inviters.iter();
        let inviter = all.find(|one| invitation.inviter_id.as_ref() == Some(&one.user.id));
        Some(Invited {
            organization: organization.clone(),
            inviter: inviter.cloned(),
            invitation,
        })
    };
    // What was deleted between the statements is left out.
    Ok(found.into_iter().filter_map(with).collect())
}

/// Which invitations to list. What is empty does not restrict.
#[derive(Clone, Debug, Default)]
pub struct InvitationFilter {
    /// Into this organization.
    pub organization: Option<OrganizationId>,
    /// For an address that this user has proven to hold.
    pub holder: Option<UserId>,
    /// For this address.
    pub email_address: Option<String>,
    /// For an address that contains this.
    pub part: Option<String>,
    /// With one of these statuses.
    pub statuses: Vec<Status>,
}

words! {
    /// What lists of invitations are sorted by.
    pub enum InvitationOrder {
        /// When they were made.
        Created = "created_at",
        /// Who is invited.
        EmailAddress = "email_address",
    }
}

impl InvitationFilter {
    fn query(&self, select: &str, now: Time) -> Query {
        let mut query = Query::new(select);
        query.equals("i.organization_id", self.organization.as_ref());
        query.equals("i.email_address", self.email_address.as_ref());
        if let Some(user) = &self.holder {
            let user = query.mark(user);
            query.and(&format!(
                "i.email_address in (select value from identifiers
                   where user_id = {user} and kind = 'email_address' and status = 'verified')"
            ));
        }
        if let Some(part) = &self.part {
            let mark = query.mark(users::containing(&part.to_ascii_lowercase()));
            query.and(&format!("i.email_address like {mark} escape '!'"));
        }
        with_statuses(&mut query, &self.statuses, now);
        query
    }
}

/// A page of invitations.
pub fn invitations(
    tx: &mut Read<'_>,
    filter: &InvitationFilter,
    (order, descending): (InvitationOrder, bool),
    page: Page,
    now: Time,
) -> Result<Vec<Invitation>> {
    let order = sorted(&format!("i.{}", order.as_str()), "i.id", descending);
    filter.query(SELECT, now).page(&order, page).all(tx)
}

/// How many invitations match; of those into an organization, whether there is one.
pub fn count_invitations(tx: &mut Read<'_>, filter: &InvitationFilter, now: Time) -> Result<i64> {
    if let Some(organization) = &filter.organization {
        by_id(tx, organization, now)?;
    }
    filter
        .query("select count(*) from organization_invitations i", now)
        .one(tx)
}
