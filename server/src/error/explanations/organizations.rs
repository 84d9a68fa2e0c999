//! Codes about organizations.

use super::Door::{self, Backend, Both, Frontend};
use super::{Explanation, of};
use crate::error::OrganizationError as Refused;

#[rustfmt::skip]
pub(super) fn all() -> Vec<Explanation> {
    let one = |door: Door, why: Refused, when, next| of(door, &[why.into()], when, next);
    let text = |text: &str| text.to_owned();
    vec![
        of(Frontend, &[Refused::TooManyOrganizations(100).into(), Refused::CreatedQuota(1).into()],
            "Pages may not make organizations without end: the user is in, or has made, as many as allowed.",
            "Let the application's server make it (POST /v1/organizations), or raise `create_organizations_limit` of the user."),
        one(Both, Refused::NotEnabled, "The instance has organizations switched off.", "PATCH /v1/instance/organization_settings with `enabled: true`."),
        one(Both, Refused::NotFoundOrUnauthorized, "The organization does not exist, or the user is not in it; which of the two is not told to those outside.", "Compare the id with GET /v1/organizations; make a membership if the user should be in it."),
        one(Frontend, Refused::PermissionMissing("org:sys_memberships:manage"), "The user's role in the organization lacks a permission.", "Give the user another role, or the role the permission."),
        one(Both, Refused::NotAMember(text("user_2x"), text("org_2x")), "A session, a task or a role was asked for in an organization that the user is not in.", "Make a membership first (POST /v1/organizations/{id}/memberships)."),
        one(Both, Refused::AlreadyMember, "The user is in the organization.", "To change the role, PATCH the membership."),
        one(Both, Refused::QuotaExceeded(5), "Members and open invitations together reach `max_allowed_memberships`.", "Raise it (PATCH /v1/organizations/{id}), or remove members or invitations."),
        one(Both, Refused::MinimumPermissions, "The change would leave an organization that nobody can manage.", "Give somebody else the role first."),
        one(Backend, Refused::CreatorNotFound(text("user_2x")), "`created_by` names nobody.", "Compare the id with `standin user list`."),
        one(Frontend, Refused::AdminDeleteNotEnabled, "`admin_delete_enabled` of the organization or the instance is false.", "Delete it with the Backend API, or set it to true."),
        one(Frontend, Refused::UserMayNotCreate, "`create_organization_enabled` of the user is false.", "Set it to true (PATCH /v1/users/{id}), or make the organization with the Backend API."),
        one(Both, Refused::SlugsDisabled, "The instance has `slug_disabled`, and a slug was given.", "Leave the slug out, or PATCH /v1/instance/organization_settings with `slug_disabled: false`."),
        one(Backend, Refused::ForcedWithoutOrganizations, "`force_organization_selection` was set while organizations are off.", "Send `enabled: true` with it."),
        one(Both, Refused::InvitationNotUnique, "The address has an open invitation into the organization.", "Revoke it first, or let it be used."),
        one(Both, Refused::InvitationNotFound(text("orginv_2x")), "There is no such invitation, or it is for an address that the user has not proven to hold.", "Compare the id with the organization's invitations, and the address with the user's."),
        one(Both, Refused::InvitationNotPending, "The invitation was accepted, revoked, or has expired.", "Make a new one."),
        one(Frontend, Refused::InvitationAlreadyAccepted, "The invitation's link was used before.", "Sign in instead."),
        one(Frontend, Refused::InvitationRevoked, "The organization took the invitation back.", "Ask for a new one."),
        one(Frontend, Refused::InvitationNoUser, "The invited address belongs to nobody yet, and the link was used to sign in.", "Sign up with it."),
        one(Frontend, Refused::InvitationUserExists, "The invited address belongs to a user, and the link was used to sign up.", "Sign in with it."),
        one(Both, Refused::DomainExists, "A verified domain belongs to one organization.", "Remove it there first."),
        one(Both, Refused::DomainExistsSame, "The organization has the domain.", "Nothing needs to be done."),
        one(Both, Refused::DomainsNotEnabled, "The instance has domains of organizations switched off.", "PATCH /v1/instance/organization_settings with `domains_enabled: true`."),
        one(Both, Refused::EnrollmentMode(text("automatic_invitation")), "Enrollment by domain needs mail to prove an address by; Standin sends none.", "Use `manual_invitation`, and invite people."),
        one(Both, Refused::DomainsQuota(10), "The organization has as many domains as it may.", "Remove one first."),
        one(Backend, Refused::RolesQuota(10), "The instance has as many roles as it may.", "Remove one first."),
        one(Backend, Refused::RoleAssigned, "A role is deleted that members have.", "Give them another one first."),
        one(Backend, Refused::RoleInInvitations, "A role is deleted that open invitations give.", "Revoke them first."),
        one(Backend, Refused::RoleOfCreators, "A role is deleted that those who create an organization get.", "Choose another `creator_role_id` in the organization settings first."),
        one(Backend, Refused::RoleOfDomains, "A role is deleted that those who come by a domain get.", "Choose another `domains_default_role_id` in the organization settings first."),
        one(Backend, Refused::RoleHasPermission, "The role has the permission.", "Nothing needs to be done."),
        one(Backend, Refused::RoleLacksPermission, "A permission is taken from a role that does not have it.", "Nothing needs to be done; compare the ids if it should have had it."),
        one(Backend, Refused::CreatorPermissionsMissing(text("org:sys_profile:manage")), "Whoever creates an organization must be able to manage it, and the role would lack permissions for that.", "Add the permissions that the sentence names to the role."),
        one(Backend, Refused::SystemPermission, "Permissions that begin with org:sys_ are what the software itself goes by.", "Make a permission of your own."),
    ]
}
