//! Organizations and their members (spec paths `/organizations…`).

mod change;
mod list;
mod memberships;
mod organization;

use http::Method;
use serde::de::IgnoredAny;

use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::id::OrganizationId;
pub use change::{ChangeOrganizationMetadata, CreateOrganization, UpdateOrganization};
pub use list::{ListOrganizations, OrganizationOrder};
pub use memberships::{
    ChangeMembershipMetadata, CreateMembership, ListMemberships, MemberOrder, Memberships,
};
pub use organization::{Member, Membership, Organization};

/// The calls about organizations; from [`Client::organizations`].
#[derive(Clone, Copy, Debug)]
pub struct Organizations<'a>(&'a Client);

impl Client {
    /// The calls about organizations.
    pub fn organizations(&self) -> Organizations<'_> {
        Organizations(self)
    }
}

impl<'a> Organizations<'a> {
    /// Organizations, newest first where no other order is asked for (spec operation `ListOrganizations`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
    /// for organization in client.organizations().list().user(&ada).await? {
    ///     println!("{} with {:?} members", organization.name, organization.members_count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(self) -> ListOrganizations {
        ListOrganizations(Call::get(self.0, "/v1/organizations").query(COUNTS, true))
    }

    /// One organization (spec operation `GetOrganization`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, acme: standin::OrganizationId) -> standin::Result<()> {
    /// println!("{}", client.organizations().get(&acme).await?.name);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one.
    pub fn get(self, id: &OrganizationId) -> Call<Organization> {
        Call::get(self.0, path(id, "")).query(COUNTS, true)
    }

    /// Creates an organization (spec operation `CreateOrganization`). Nobody is in it but a creator who is named.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
    /// let acme = client.organizations().create("Acme").slug("acme").created_by(&ada).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// 422 with the parameter for what is not as it must be, as a slug that another organization has.
    pub fn create(self, name: &str) -> CreateOrganization {
        CreateOrganization(Call::post(self.0, "/v1/organizations").set("name", name))
    }

    /// Changes an organization (spec operation `UpdateOrganization`). What is not set stays as it is.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, acme: standin::OrganizationId) -> standin::Result<()> {
    /// client.organizations().update(&acme).name("Acme Corporation").max_members(50).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one.
    pub fn update(self, id: &OrganizationId) -> UpdateOrganization {
        UpdateOrganization(Call::patch(self.0, path(id, "")))
    }

    /// Merges into an organization's metadata, at every depth; `null` removes a key (spec operation
    /// `MergeOrganizationMetadata`).
    pub fn merge_metadata(self, id: &OrganizationId) -> ChangeOrganizationMetadata {
        ChangeOrganizationMetadata(Call::patch(self.0, path(id, "/metadata")))
    }

    /// Puts new metadata in the place of an organization's; kinds that are not set stay as they are (spec operation
    /// `ReplaceOrganizationMetadata`).
    pub fn replace_metadata(self, id: &OrganizationId) -> ChangeOrganizationMetadata {
        ChangeOrganizationMetadata(Call::new(self.0, Method::PUT, path(id, "/metadata")))
    }

    /// Deletes an organization: its members have one less (spec operation `DeleteOrganization`).
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one.
    pub async fn delete(self, id: &OrganizationId) -> Result<()> {
        let call = Call::<IgnoredAny>::delete(self.0, path(id, ""));
        call.send().await.map(|_| ())
    }

    /// The calls about an organization's members.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, acme: standin::OrganizationId, bob: standin::UserId) -> standin::Result<()> {
    /// let members = client.organizations().memberships(&acme);
    /// members.create(&bob, "org:member").await?;
    /// members.update(&bob, "org:admin").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn memberships(self, id: &'a OrganizationId) -> Memberships<'a> {
        Memberships::new(self.0, id)
    }
}

/// Counts are left out of answers that were not asked for them.
const COUNTS: &str = "include_members_count";

fn path(id: &OrganizationId, rest: &str) -> String {
    format!("/v1/organizations/{id}{rest}")
}

/// What is kept with an organization or a membership, for what is being made or changed.
macro_rules! metadata {
    ($($name:ident),+) => { $(
        impl $name {
            /// What the members may see: anything that is written as a JSON object.
            pub fn public_metadata(self, object: impl serde::Serialize) -> Self {
                Self(self.0.set("public_metadata", object))
            }

            /// What the application's servers alone see.
            pub fn private_metadata(self, object: impl serde::Serialize) -> Self {
                Self(self.0.set("private_metadata", object))
            }
        }
    )+ };
}

use metadata;
