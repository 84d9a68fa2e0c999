//! The members of an organization (spec paths `/organizations/{organization_id}/memberships…`).

use super::{Membership, metadata, path};
use crate::call::{Call, awaitable};
use crate::client::Client;
use crate::id::{OrganizationId, UserId};
use crate::page::{Items, Page};

/// The calls about an organization's members; from [`Organizations::memberships`](super::Organizations::memberships).
#[derive(Clone, Copy, Debug)]
pub struct Memberships<'a> {
    client: &'a Client,
    organization: &'a OrganizationId,
}

impl<'a> Memberships<'a> {
    pub(super) fn new(client: &'a Client, organization: &'a OrganizationId) -> Self {
        Self {
            client,
            organization,
        }
    }

    /// Members, newest first where no other order is asked for (spec operation `ListOrganizationMemberships`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, acme: standin::OrganizationId) -> standin::Result<()> {
    /// let admins = client.organizations().memberships(&acme).list().role("org:admin").await?;
    /// for member in admins.into_iter().filter_map(|membership| membership.user) {
    ///     println!("{} {:?}", member.id, member.identifier);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(self) -> ListMemberships {
        ListMemberships(Call::get(self.client, self.path("")))
    }

    /// Takes a user in, in the role with this key, as `org:member` (spec operation `CreateOrganizationMembership`).
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown organization or user, `already_a_member_in_organization`
    /// for who is in it, `organization_membership_quota_exceeded` where it is full.
    pub fn create(self, user: &UserId, role: &str) -> CreateMembership {
        let call = Call::post(self.client, self.path(""));
        CreateMembership(call.set("user_id", user).set("role", role))
    }

    /// Gives a member another role, which the member's next token has (spec operation `UpdateOrganizationMembership`).
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for who is no member.
    pub fn update(self, user: &UserId, role: &str) -> Call<Membership> {
        Call::patch(self.client, self.path(&format!("/{user}"))).set("role", role)
    }

    /// Merges into what is kept with a membership, at every depth; `null` removes a key (spec operation
    /// `UpdateOrganizationMembershipMetadata`).
    pub fn merge_metadata(self, user: &UserId) -> ChangeMembershipMetadata {
        let path = self.path(&format!("/{user}/metadata"));
        ChangeMembershipMetadata(Call::patch(self.client, path))
    }

    /// Removes a member, whose next token knows nothing of the organization, and answers what the membership was (spec
    /// operation `DeleteOrganizationMembership`).
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for who is no member.
    pub fn delete(self, user: &UserId) -> Call<Membership> {
        Call::delete(self.client, self.path(&format!("/{user}")))
    }

    fn path(self, rest: &str) -> String {
        path(self.organization, &format!("/memberships{rest}"))
    }
}

/// The coming of a member; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct CreateMembership(Call<Membership>);

/// The change of what is kept with a membership; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct ChangeMembershipMetadata(Call<Membership>);

/// A list of members; `.await` it for one page, or [`stream`](Self::stream) it.
///
/// A filter that takes one value can be used again for more: members that match any of them are found.
#[must_use = "nothing is sent until it is awaited"]
pub struct ListMemberships(Call<Page<Membership>>);

awaitable!(
    CreateMembership => Membership,
    ChangeMembershipMetadata => Membership,
    ListMemberships => Page<Membership>,
);

metadata!(CreateMembership, ChangeMembershipMetadata);

/// What a list of members is ordered by. Who has no such value comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberOrder {
    /// Since when they are members.
    CreatedAt,
    /// The e-mail address they go by.
    EmailAddress,
    /// The phone number they go by.
    PhoneNumber,
    /// The username.
    Username,
    /// The given name.
    FirstName,
    /// The family name.
    LastName,
}

impl MemberOrder {
    fn name(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::EmailAddress => "email_address",
            Self::PhoneNumber => "phone_number",
            Self::Username => "username",
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
        }
    }
}

impl ListMemberships {
    /// Only in the role with this key, as `org:admin`.
    pub fn role(self, key: &str) -> Self {
        Self(self.0.query_more("role", key))
    }

    /// Only these users.
    pub fn user(self, id: &UserId) -> Self {
        Self(self.0.query_more("user_id", id))
    }

    /// Only who has this e-mail address.
    pub fn email_address(self, address: &str) -> Self {
        Self(self.0.query_more("email_address", address))
    }

    /// Only who has this text in an e-mail address, phone number, username, id or name.
    pub fn query(self, text: &str) -> Self {
        Self(self.0.query("query", text))
    }

    /// The earliest, or A first.
    pub fn order_by(self, order: MemberOrder) -> Self {
        Self(self.0.query("order_by", format!("+{}", order.name())))
    }

    /// The latest, or Z first.
    pub fn order_by_descending(self, order: MemberOrder) -> Self {
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
    pub fn stream(self) -> Items<Membership> {
        Items::new(self.0, None)
    }
}
