//! What is refused about organizations: the part of the table that speaks of them.

use super::{Error, Shown, shown};

/// Why something about organizations was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrganizationError {
    /// The instance has organizations switched off.
    NotEnabled,
    /// There is no such organization, or the user is not in it.
    NotFoundOrUnauthorized,
    /// The user's role lacks this permission.
    PermissionMissing(&'static str),
    /// This user is not a member of this organization.
    NotAMember(String, String),
    /// The user is a member already.
    AlreadyMember,
    /// As many members and open invitations as the organization may have.
    QuotaExceeded(i64),
    /// Nobody would be left who can manage the organization.
    MinimumPermissions,
    /// The user who should become the first member does not exist.
    CreatorNotFound(String),
    /// Pages may not delete this organization.
    AdminDeleteNotEnabled,
    /// Pages of this user may not create organizations.
    UserMayNotCreate,
    /// The user is in as many organizations as one may be that makes another from a page.
    TooManyOrganizations(i64),
    /// Pages of this user have created as many as they may.
    CreatedQuota(i64),
    /// Organizations have no slugs here.
    SlugsDisabled,
    /// Another one has this slug, key or name.
    Exists(&'static str),
    /// A logo that was sent as a file.
    LogoByAddress,
    /// The address has an open invitation into this organization.
    InvitationNotUnique,
    /// There is no such invitation for this user.
    InvitationNotFound(String),
    /// The invitation is no longer open.
    InvitationNotPending,
    /// The invitation was accepted.
    InvitationAlreadyAccepted,
    /// The invitation was taken back.
    InvitationRevoked,
    /// Nobody has the invited address.
    InvitationNoUser,
    /// Somebody has it, where nobody needs to sign up.
    InvitationUserExists,
    /// The domain belongs to another organization.
    DomainExists,
    /// The organization has the domain.
    DomainExistsSame,
    /// Organizations have no domains here.
    DomainsNotEnabled,
    /// A way to enroll by a domain that is not served.
    EnrollmentMode(String),
    /// As many domains as an organization may have.
    DomainsQuota(i64),
    /// As many roles as an instance may have.
    RolesQuota(i64),
    /// Members have the role.
    RoleAssigned,
    /// Open invitations name the role.
    RoleInInvitations,
    /// Creators get the role.
    RoleOfCreators,
    /// Those who come by a domain get the role.
    RoleOfDomains,
    /// The role has the permission.
    RoleHasPermission,
    /// The role does not have the permission.
    RoleLacksPermission,
    /// What creators need, and the role would lack.
    CreatorPermissionsMissing(String),
    /// The custom permissions of a role do not fit into a token.
    RoleTooLarge(usize),
    /// A permission that the software itself goes by.
    SystemPermission,
    /// Organizations are to be required and are switched off.
    ForcedWithoutOrganizations,
}

impl From<OrganizationError> for Error {
    fn from(error: OrganizationError) -> Self {
        Self::Organization(error)
    }
}

impl OrganizationError {
    /// The row of the table for this refusal.
    #[expect(
        clippy::too_many_lines,
        reason = "one table, one row a refusal; splitting it would need catch-alls"
    )]
    pub(super) fn shown(&self) -> Shown {
        match self {
            Self::NotEnabled => shown(
                403,
                "organization_not_enabled_in_instance",
                "organizations are not enabled",
                "Organizations are switched off in this instance. PATCH /v1/instance/organization_settings with {\"enabled\": true} switches them on.",
            ),
            Self::NotFoundOrUnauthorized => shown(
                404,
                "organization_not_found_or_unauthorized",
                "organization not found",
                "There is no such organization, or this user is not a member of it.",
            ),
            Self::PermissionMissing(key) => shown(
                403,
                "missing_organization_permission",
                "missing permission",
                format!("This needs a role with the permission {key} in the organization."),
            ),
            Self::NotAMember(user, organization) => shown(
                403,
                "not_a_member_in_organization",
                "not a member",
                format!("{user} is not a member of {organization}. Make a membership first."),
            ),
            Self::AlreadyMember => shown(
                400,
                "already_a_member_in_organization",
                "already a member",
                "The user is a member of the organization already.",
            ),
            Self::QuotaExceeded(max) => shown(
                403,
                "organization_membership_quota_exceeded",
                "too many members",
                format!("The organization may have {max} members, open invitations included."),
            ),
            Self::MinimumPermissions => shown(
                400,
                "organization_minimum_permissions_needed",
                "last administrator",
                "Somebody must be left in the organization whose role can manage and delete it and its members.",
            ),
            Self::CreatorNotFound(id) => shown(
                400,
                "organization_creator_not_found",
                "creator not found",
                format!("There is no user {id}."),
            ),
            Self::AdminDeleteNotEnabled => shown(
                403,
                "organization_admin_delete_not_enabled",
                "deletion not enabled",
                "Pages may not delete this organization; the application's server can.",
            ),
            Self::UserMayNotCreate => shown(
                403,
                "user_create_organization_not_enabled",
                "creation not enabled",
                "This user may not create organizations.",
            ),
            Self::TooManyOrganizations(max) => shown(
                403,
                "organization_quota_exceeded",
                "too many organizations",
                format!("Whoever is in {max} organizations makes no further one from a page; the application's server can."),
            ),
            Self::CreatedQuota(max) => shown(
                403,
                "organization_quota_exceeded",
                "organization quota exceeded",
                format!("This user may create {max} organizations and has (create_organizations_limit)."),
            ),
            Self::SlugsDisabled => shown(
                403,
                "organization_slugs_disabled",
                "slugs are disabled",
                "Organizations of this instance have no slugs (slug_disabled in its organization settings).",
            ),
            Self::Exists(param) => shown(
                422,
                "form_identifier_exists",
                "is taken",
                format!("Another one has this {param}."),
            )
            .about(param),
            Self::LogoByAddress => shown(
                415,
                "unsupported_content_type",
                "no uploads",
                "Standin keeps no files. Give the logo's address as JSON: {\"image_url\": \"https://…\"}.",
            ),
            Self::ForcedWithoutOrganizations => shown(
                422,
                "force_organization_selection_not_allowed_when_organizations_disabled",
                "organizations are not enabled",
                "Nobody can be required to choose an organization while they are switched off.",
            )
            .about("force_organization_selection"),
            Self::InvitationNotUnique => shown(
                400,
                "organization_invitation_not_unique",
                "invitation not unique",
                "This address has an open invitation into the organization. Revoke it first.",
            ),
            Self::InvitationNotFound(id) => shown(
                404,
                "organization_invitation_not_found",
                "invitation not found",
                format!("There is no invitation {id} for a verified address of this user."),
            ),
            Self::InvitationNotPending => shown(
                404,
                "organization_invitation_not_pending",
                "invitation not pending",
                "The invitation is no longer open.",
            ),
            Self::InvitationAlreadyAccepted => shown(
                400,
                "organization_invitation_already_accepted",
                "invitation already accepted",
                "This invitation was accepted already. Sign in instead.",
            ),
            Self::InvitationRevoked => shown(
                400,
                "organization_invitation_revoked_code",
                "invitation revoked",
                "This invitation was taken back.",
            ),
            Self::InvitationNoUser => shown(
                400,
                "organization_invitation_identification_not_exist",
                "user not found",
                "Nobody has proven to hold the invited address. Sign up instead.",
            ),
            Self::InvitationUserExists => shown(
                400,
                "organization_invitation_identification_already_exists",
                "account exists",
                "Somebody has proven to hold the invited address. Sign in instead.",
            ),
            Self::DomainExists => shown(
                422,
                "organization_domain_already_exists",
                "domain taken",
                "This domain is verified for another organization.",
            )
            .about("name"),
            Self::DomainExistsSame => shown(
                422,
                "organization_domain_already_exists_same_organization",
                "domain is there",
                "The organization has this domain.",
            )
            .about("name"),
            Self::DomainsNotEnabled => shown(
                403,
                "organization_domains_not_enabled",
                "domains are not enabled",
                "Organizations of this instance have no domains. PATCH /v1/instance/organization_settings with {\"domains_enabled\": true} switches them on.",
            ),
            Self::EnrollmentMode(mode) => shown(
                403,
                "organization_domain_enrollment_mode_not_enabled",
                "enrollment mode not enabled",
                format!(
                    "Nobody comes in by a domain by itself here: enrollment_mode must be manual_invitation and not {mode}."
                ),
            ),
            Self::DomainsQuota(max) => shown(
                403,
                "organization_domain_quota_exceeded",
                "too many domains",
                format!("An organization has at most {max} domains."),
            ),
            Self::RolesQuota(max) => shown(403, "organization_instance_roles_quota_exceeded", "too many roles", format!("An instance has at most {max} roles.")),
            Self::RoleAssigned => shown(422, "organization_role_assigned_members", "role is assigned", "Members have this role. Give them another one first."),
            Self::RoleInInvitations => shown(422, "organization_role_exists_in_invitations", "role is in invitations", "Open invitations name this role. Revoke them first."),
            Self::RoleOfCreators => shown(422, "organization_role_default_creator_role", "role of creators", "Those who create an organization get this role. Choose another creator_role_id in the organization settings first."),
            Self::RoleOfDomains => shown(422, "organization_role_domain_default_role", "role of domains", "Those who come by a domain get this role. Choose another domains_default_role_id in the organization settings first."),
            Self::RoleHasPermission => shown(409, "organization_role_permission_association_exists", "role has the permission", "The role has this permission already."),
            Self::RoleLacksPermission => shown(404, "organization_role_permission_association_not_found", "role lacks the permission", "The role does not have this permission."),
            Self::CreatorPermissionsMissing(keys) => shown(422, "organization_missing_creator_role_permissions", "permissions are missing", format!("The role of those who create organizations must have {keys}.")),
            Self::RoleTooLarge(max) => shown(422, "form_param_value_invalid", "too many permissions", format!("The custom permissions of a role travel in every token of its members, in a cookie; they may take {max} bytes there. Shorten their keys or give the role fewer.")).about("permissions"),
            Self::SystemPermission => shown(403, "organization_system_permission_not_modifiable", "system permission", "Permissions that begin with org:sys_ are part of the software and stay as they are."),
        }
    }
}
