//! What organizations are created with and changed to (spec operations `CreateOrganization`, `UpdateOrganization`,
//! `MergeOrganizationMetadata`).

use jiff::Timestamp;

use super::{Organization, metadata};
use crate::call::{Call, awaitable};
use crate::id::UserId;

/// The creation of an organization; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct CreateOrganization(pub(super) Call<Organization>);

/// The change of an organization; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct UpdateOrganization(pub(super) Call<Organization>);

/// The change of an organization's metadata; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct ChangeOrganizationMetadata(pub(super) Call<Organization>);

awaitable!(
    CreateOrganization => Organization,
    UpdateOrganization => Organization,
    ChangeOrganizationMetadata => Organization,
);

metadata!(CreateOrganization, ChangeOrganizationMetadata);

macro_rules! fields {
    ($($name:ident),+) => { $(
        impl $name {
            /// What it is called in addresses: one organization's alone. Made of the name where a new one is given none.
            pub fn slug(self, slug: &str) -> Self {
                Self(self.0.set("slug", slug))
            }

            /// How many members it may have; 0 is no limit.
            #[doc(alias = "max_allowed_memberships")]
            pub fn max_members(self, count: u64) -> Self {
                Self(self.0.set("max_allowed_memberships", count))
            }

            /// When it was created, for one that comes from elsewhere.
            pub fn created_at(self, at: Timestamp) -> Self {
                Self(self.0.set("created_at", at))
            }
        }
    )+ };
}

fields!(CreateOrganization, UpdateOrganization);

impl CreateOrganization {
    /// Who created it, and is its first member, in the role that the instance gives to creators.
    pub fn created_by(self, user: &UserId) -> Self {
        Self(self.0.set("created_by", user))
    }
}

impl UpdateOrganization {
    /// What it is called.
    pub fn name(self, name: &str) -> Self {
        Self(self.0.set("name", name))
    }

    /// Whether its admins may delete it.
    #[doc(alias = "admin_delete_enabled")]
    pub fn admins_may_delete(self, yes: bool) -> Self {
        Self(self.0.set("admin_delete_enabled", yes))
    }
}
