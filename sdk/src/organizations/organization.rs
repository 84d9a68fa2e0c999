//! Organizations and memberships as the server shows them.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::Deserialize;

use crate::id::{MembershipId, OrganizationId, UserId};
use crate::users::Metadata;
use crate::wire;

/// An organization (spec schema `Organization`).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Organization {
    /// The organization.
    pub id: OrganizationId,
    /// What it is called.
    pub name: String,
    /// What it is called in addresses, if the instance knows such names.
    pub slug: Option<String>,
    /// A picture; empty where there is none.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub image_url: String,
    /// How many members it has, where the server says so.
    pub members_count: Option<u64>,
    /// How many are invited and have not come yet, where the server says so.
    pub pending_invitations_count: Option<u64>,
    /// How many members it may have; 0 is no limit.
    #[serde(rename = "max_allowed_memberships")]
    pub max_members: u64,
    /// Whether its admins may delete it.
    #[serde(rename = "admin_delete_enabled")]
    pub admins_may_delete: bool,
    /// What its members may see, and the application's servers write.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub public_metadata: Metadata,
    /// What the application's servers alone see and write.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub private_metadata: Metadata,
    /// Who created it, if it was a user.
    pub created_by: Option<UserId>,
    /// When it was created.
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[serde(with = "millisecond::required")]
    pub updated_at: Timestamp,
}

/// A user's membership in an organization (spec schema `OrganizationMembership`).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Membership {
    /// The membership.
    pub id: MembershipId,
    /// The key of the role, as `org:admin`.
    pub role: String,
    /// What the role is called.
    pub role_name: Option<String>,
    /// All that the role permits, the instance's own permissions too, which session tokens leave out.
    pub permissions: Vec<String>,
    /// What the members may see, and the application's servers write.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub public_metadata: Metadata,
    /// What the application's servers alone see and write.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub private_metadata: Metadata,
    /// In which organization.
    pub organization: Organization,
    /// Who is the member.
    #[serde(rename = "public_user_data")]
    pub user: Option<Member>,
    /// Since when.
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[serde(with = "millisecond::required")]
    pub updated_at: Timestamp,
}

/// What members of an organization may know of each other (spec schema `OrganizationMembershipPublicUserData`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Member {
    /// The user.
    #[serde(rename = "user_id")]
    pub id: UserId,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// A picture; empty where there is none.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub image_url: String,
    /// The e-mail address, phone number or username that it goes by.
    pub identifier: Option<String>,
    /// The name it signs in with, if the instance knows such names.
    pub username: Option<String>,
    /// Whether it is kept from signing in, for good.
    #[serde(default)]
    pub banned: bool,
}
