//! Organizations and what belongs to them as JSON (spec schemas `Organization`, `OrganizationMembership`,
//! `OrganizationInvitation`, `OrganizationDomain`, `OrganizationSettings`, `Role`, `Permission`).

use serde_json::{Value, json};

use super::user::{self, public_user_data};
use crate::clock::Time;
use crate::instance::Instance;
use crate::organizations::{
    Domain, Invitation, Member, Membership, Organization, Permission, Role, Settings,
};
use crate::users::Profile;

/// An organization as its members' pages see it.
pub(crate) fn own_organization(organization: &Organization) -> Value {
    let mut view = bare_organization(organization);
    view["members_count"] = organization.members_count.into();
    view["pending_invitations_count"] = organization.pending_invitations.into();
    view
}

/// An organization as applications' servers see it; the counts where they are asked for.
pub(crate) fn organization(organization: &Organization, counts: bool) -> Value {
    let mut view = if counts {
        own_organization(organization)
    } else {
        bare_organization(organization)
    };
    view["private_metadata"] = organization.private_metadata.clone().into();
    view["role_set_key"] = Value::Null;
    if let Some(creator) = &organization.created_by {
        view["created_by"] = creator.to_string().into();
    }
    view
}

fn bare_organization(organization: &Organization) -> Value {
    json!({
        "object": "organization",
        "id": organization.id,
        "name": organization.name,
        "slug": organization.slug,
        "image_url": organization.logo_url.as_deref().unwrap_or_default(),
        "logo_url": organization.logo_url,
        "has_image": organization.logo_url.is_some(),
        "max_allowed_memberships": organization.max_allowed_memberships,
        "admin_delete_enabled": organization.admin_delete_enabled,
        "public_metadata": organization.public_metadata,
        "created_at": organization.created_at,
        "updated_at": organization.updated_at,
    })
}

/// What somebody who is invited may see of an organization.
fn public_organization(organization: &Organization) -> Value {
    json!({
        "id": organization.id,
        "name": organization.name,
        "slug": organization.slug,
        "image_url": organization.logo_url.as_deref().unwrap_or_default(),
        "has_image": organization.logo_url.is_some(),
    })
}

fn bare_membership(membership: &Membership, organization: &Value) -> Value {
    json!({
        "object": "organization_membership",
        "id": membership.id,
        "role": membership.role,
        "role_name": membership.role_name,
        "permissions": membership.permissions,
        "public_metadata": membership.public_metadata,
        "organization": organization,
        "created_at": membership.created_at,
        "updated_at": membership.updated_at,
    })
}

/// A membership as applications' servers see it.
pub(crate) fn membership(member: &Member, instance: &Instance) -> Value {
    let whole = organization(&member.organization, true);
    let mut view = bare_membership(&member.membership, &whole);
    view["private_metadata"] = member.membership.private_metadata.clone().into();
    view["public_user_data"] = public_user_data(&member.profile, instance);
    view
}

/// A membership as members' pages see it.
pub(crate) fn own_membership(
    membership: &Membership,
    organization: &Organization,
    profile: &Profile,
    instance: &Instance,
) -> Value {
    let mut view = bare_membership(membership, &own_organization(organization));
    view["public_user_data"] = public_user_data(profile, instance);
    view
}

/// An invitation as pages see it, with the organization for those who are invited.
pub(crate) fn own_invitation(
    invitation: &Invitation,
    organization: Option<&Organization>,
    now: Time,
) -> Value {
    let mut view = json!({
        "object": "organization_invitation",
        "id": invitation.id,
        "email_address": invitation.email_address,
        "role": invitation.role,
        "role_name": invitation.role_name,
        "organization_id": invitation.organization_id,
        "status": invitation.term.status(now),
        "public_metadata": invitation.public_metadata,
        "expires_at": invitation.term.expires_at,
        "created_at": invitation.created_at,
        "updated_at": invitation.updated_at,
    });
    if let Some(organization) = organization {
        view["public_organization_data"] = public_organization(organization);
    }
    view
}

/// An invitation as applications' servers see it. The URL is shown to its creator only, once, who puts it here.
pub(crate) fn invitation(
    invitation: &Invitation,
    organization: Option<&Organization>,
    inviter: Option<&Profile>,
    instance: &Instance,
    now: Time,
) -> Value {
    let mut view = own_invitation(invitation, organization, now);
    view["inviter_id"] = invitation
        .inviter_id
        .as_ref()
        .map(ToString::to_string)
        .into();
    view["public_inviter_data"] = inviter
        .map(|profile| user::inviter(profile, instance))
        .into();
    view["private_metadata"] = invitation.private_metadata.clone().into();
    view["url"] = Value::Null;
    view
}

/// A domain.
pub(crate) fn organization_domain(domain: &Domain, organization: Option<&Organization>) -> Value {
    let verification = domain.verified.then(|| {
        json!({
            "status": "verified",
            "strategy": "manual_override",
            "attempts": null,
            "expire_at": null,
            "verified_at": domain.updated_at,
        })
    });
    let mut view = json!({
        "object": "organization_domain",
        "id": domain.id,
        "organization_id": domain.organization_id,
        "name": domain.name,
        "enrollment_mode": "manual_invitation",
        "affiliation_email_address": null,
        "verification": verification,
        "affiliation_verification": verification,
        "ownership_verification": verification,
        "total_pending_invitations": 0,
        "total_pending_suggestions": 0,
        "created_at": domain.created_at,
        "updated_at": domain.updated_at,
    });
    if let Some(organization) = organization {
        view["public_organization_data"] = public_organization(organization);
    }
    view
}

/// What holds for all organizations. `force_organization_selection` is ours here.
pub(crate) fn organization_settings(settings: &Settings) -> Value {
    json!({
        "object": "organization_settings",
        "enabled": settings.enabled,
        "max_allowed_memberships": settings.max_allowed_memberships,
        "max_allowed_roles": 100,
        "max_role_sets_allowed": 0,
        "max_allowed_domains": 100,
        "creator_role": settings.creator_role_key,
        "admin_delete_enabled": settings.admin_delete_enabled,
        "domains_enabled": settings.domains_enabled,
        "slug_disabled": settings.slug_disabled,
        "domains_enrollment_modes": domain_modes(settings),
        "domains_default_role": settings.domains_default_role_key,
        "initial_role_set_key": null,
        "force_organization_selection": settings.force_organization_selection,
    })
}

/// The ways to come in by a domain: none by itself.
fn domain_modes(settings: &Settings) -> Value {
    if settings.domains_enabled {
        json!(["manual_invitation"])
    } else {
        json!([])
    }
}

/// The same for clerk-js. Pages are not told of domains: its components would offer to prove that one is the organization's,
/// by a mail that nobody sends.
pub(crate) fn environment_of_organizations(settings: &Settings) -> Value {
    json!({
        "enabled": settings.enabled,
        "max_allowed_memberships": settings.max_allowed_memberships,
        "force_organization_selection": settings.enabled && settings.force_organization_selection,
        "actions": { "admin_delete": settings.admin_delete_enabled },
        "domains": {
            "enabled": false,
            "enrollment_modes": [],
            "default_role": settings.domains_default_role_key,
        },
        "slug": { "disabled": settings.slug_disabled },
        "creator_role": settings.creator_role_key,
        "organization_creation_defaults": { "enabled": false },
    })
}

/// A role with those of these permissions that it has.
pub(crate) fn role(role: &Role, permissions: &[Permission]) -> Value {
    let own = permissions
        .iter()
        .filter(|one| role.permissions.contains(&one.key));
    json!({
        "object": "role",
        "id": role.id,
        "name": role.name,
        "key": role.key,
        "description": role.description,
        "is_creator_eligible": role.is_creator_eligible(),
        "permissions": own.map(permission).collect::<Vec<_>>(),
        "created_at": role.created_at,
        "updated_at": role.updated_at,
    })
}

/// A permission.
pub(crate) fn permission(permission: &Permission) -> Value {
    json!({
        "object": "permission",
        "id": permission.id,
        "name": permission.name,
        "key": permission.key,
        "description": permission.description,
        "type": permission.kind,
        "created_at": permission.created_at,
        "updated_at": permission.updated_at,
    })
}

/// A page of a list.
pub(crate) fn listed(data: &[Value], total: i64) -> Value {
    json!({ "data": data, "total_count": total })
}
