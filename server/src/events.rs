//! What can happen, as the audit trail names it. A write notes events; the ledger turns them into records inside the same
//! savepoint.

use std::any::Any;
use std::sync::Arc;

use crate::id::{AgentId, OrganizationId, SessionId, TaskId, UserId};
use crate::word::words;

words! {
    /// What was done, or refused.
    pub enum Action {
        /// An actor token was made.
        ActorTokenCreate = "actor_token.create",
        /// It opened its one session.
        ActorTokenAccept = "actor_token.accept",
        /// It was shown and opened nothing.
        ActorTokenRefuse = "actor_token.refuse",
        /// It was taken back.
        ActorTokenRevoke = "actor_token.revoke",
        /// A new name was used.
        AgentCreate = "agent.create",
        /// An agent's tasks are refused from now on, and its sessions are over.
        AgentDisable = "agent.disable",
        /// They work again.
        AgentEnable = "agent.enable",
        /// The oldest records were removed, as was set; the detail names the seal with which the trail begins from then on.
        AuditTrim = "audit.trim",
        /// The clock of a development instance was moved; the detail says to when.
        ClockMove = "clock.move",
        /// Credentials that nobody gave out were shown; how many says the detail.
        CredentialRefuse = "credential.refuse",
        /// An address was invited to the application.
        AppInvitationCreate = "invitation.create",
        /// Its holder signed up by it, or in.
        AppInvitationAccept = "invitation.accept",
        /// Its link was opened and led nowhere.
        AppInvitationRefuse = "invitation.refuse",
        /// It was taken back.
        AppInvitationRevoke = "invitation.revoke",
        /// An endpoint was made that events are sent to.
        WebhookCreate = "webhook.create",
        /// Its address, events or state changed.
        WebhookUpdate = "webhook.update",
        /// It is gone, with what waited for it.
        WebhookDelete = "webhook.delete",
        /// It signs with another secret.
        WebhookRotate = "webhook.rotate_secret",
        /// Events are sent to it again; how many says the detail.
        WebhookReplay = "webhook.replay",
        /// An event that says nothing is sent to it.
        WebhookTest = "webhook.test",
        /// An address waits to be invited to the application.
        WaitlistAdd = "waitlist_entry.create",
        /// It was invited.
        WaitlistInvite = "waitlist_entry.invite",
        /// It was rejected.
        WaitlistReject = "waitlist_entry.reject",
        /// It waits no longer.
        WaitlistDelete = "waitlist_entry.delete",
        /// The database was restored, and what was open in it was taken back; how much says the detail.
        DatabaseRestore = "database.restore",
        /// A JWT template was made.
        JwtTemplateCreate = "jwt_template.create",
        /// It changed.
        JwtTemplateUpdate = "jwt_template.update",
        /// It is gone.
        JwtTemplateDelete = "jwt_template.delete",
        /// An organization was made.
        OrganizationCreate = "organization.create",
        /// Its fields or metadata changed.
        OrganizationUpdate = "organization.update",
        /// It is gone, with its memberships, invitations and domains; how many members it had says the detail.
        OrganizationDelete = "organization.delete",
        /// A user came into an organization.
        MembershipCreate = "organization_membership.create",
        /// Its role or metadata changed.
        MembershipUpdate = "organization_membership.update",
        /// The user left, or was removed.
        MembershipDelete = "organization_membership.delete",
        /// An address was invited.
        InvitationCreate = "organization_invitation.create",
        /// Its holder came in.
        InvitationAccept = "organization_invitation.accept",
        /// Its link was opened and led nowhere.
        InvitationRefuse = "organization_invitation.refuse",
        /// It was taken back.
        InvitationRevoke = "organization_invitation.revoke",
        /// An organization got a domain.
        DomainCreate = "organization_domain.create",
        /// Its verification changed.
        DomainUpdate = "organization_domain.update",
        /// It was removed.
        DomainDelete = "organization_domain.delete",
        /// What holds for all organizations changed.
        OrganizationSettingsUpdate = "organization_settings.update",
        /// A role was made.
        RoleCreate = "role.create",
        /// Its name, key or permissions changed.
        RoleUpdate = "role.update",
        /// It was removed.
        RoleDelete = "role.delete",
        /// A permission was made.
        PermissionCreate = "permission.create",
        /// Its name or key changed.
        PermissionUpdate = "permission.update",
        /// It was removed, from all roles too.
        PermissionDelete = "permission.delete",
        /// What another master key had sealed was sealed anew; how much says the detail.
        MasterKeyRotate = "master_key.rotate",
        /// A secret key was made.
        SecretKeyCreate = "secret_key.create",
        /// It opens nothing any more.
        SecretKeyRevoke = "secret_key.revoke",
        /// The custom claims of session tokens changed.
        SessionClaimsUpdate = "session_claims.update",
        /// A session began.
        SessionCreate = "session.create",
        /// Its browser signed out.
        SessionEnd = "session.end",
        /// It is in another organization from now on, or in none.
        SessionOrganization = "session.organization",
        /// Its browser signed out and dropped it.
        SessionRemove = "session.remove",
        /// Its end was moved; the detail says to when.
        SessionUpdate = "session.update",
        /// Its client signed in anew.
        SessionReplace = "session.replace",
        /// It is past its end; recorded where an endpoint listens to that.
        SessionExpire = "session.expire",
        /// It was taken back.
        SessionRevoke = "session.revoke",
        /// Its user proved again who they are.
        SessionVerify = "session.verify",
        /// Another signing key takes over.
        SigningKeyRotate = "signing_key.rotate",
        /// A signing key is not published any more.
        SigningKeyRetire = "signing_key.retire",
        /// A user signed in by password or code.
        SignInAccept = "sign_in.accept",
        /// A password or code was shown and opened nothing.
        SignInRefuse = "sign_in.refuse",
        /// What can be set about the instance changed; what restricts somebody says the detail.
        SettingsUpdate = "settings.update",
        /// An address or number may sign up.
        AllowlistAdd = "allowlist_identifier.create",
        /// It is no longer on the list.
        AllowlistRemove = "allowlist_identifier.delete",
        /// An address or number may not sign up.
        BlocklistAdd = "blocklist_identifier.create",
        /// It is no longer on the list.
        BlocklistRemove = "blocklist_identifier.delete",
        /// Somebody made themselves a user.
        SignUpAccept = "sign_up.accept",
        /// A sign-in token was made.
        SignInTokenCreate = "sign_in_token.create",
        /// It opened its one session.
        SignInTokenAccept = "sign_in_token.accept",
        /// It was shown and opened nothing.
        SignInTokenRefuse = "sign_in_token.refuse",
        /// It was taken back.
        SignInTokenRevoke = "sign_in_token.revoke",
        /// A task was made.
        TaskCreate = "task.create",
        /// Its ticket opened its one session.
        TaskAccept = "task.accept",
        /// Its ticket was shown and opened nothing.
        TaskRefuse = "task.refuse",
        /// Its ticket was shown again after it was spent.
        TaskReplay = "task.replay",
        /// The browser that holds its session came by its ticket again and went on.
        TaskRevisit = "task.revisit",
        /// It was taken back.
        TaskRevoke = "task.revoke",
        /// A user was made.
        UserCreate = "user.create",
        /// Fields or metadata changed.
        UserUpdate = "user.update",
        /// The user may not sign in, and its sessions are over.
        UserBan = "user.ban",
        /// The ban ended.
        UserUnban = "user.unban",
        /// The user may not sign in for an hour.
        UserLock = "user.lock",
        /// The lock ended.
        UserUnlock = "user.unlock",
        /// The user chose another password.
        UserPasswordChange = "user.password_change",
        /// The password was removed.
        UserPasswordRemove = "user.password_remove",
        /// An e-mail address or phone number was added.
        UserIdentifierAdd = "user.identifier_add",
        /// It took the place of all others of its kind.
        UserIdentifierReplace = "user.identifier_replace",
        /// Its verification changed, or it became the primary one.
        UserIdentifierUpdate = "user.identifier_update",
        /// It was removed.
        UserIdentifierRemove = "user.identifier_remove",
        /// The user is gone, and its sessions are over.
        UserDelete = "user.delete",
    }
}

/// Something that happened, to whom. Ids only, unless it is gone: what the objects are at that moment can be read in the same
/// write.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened, or was tried.
    pub action: Action,
    /// The code it was refused with; `None` means it was done.
    pub refused: Option<&'static str>,
    /// The user concerned.
    pub user: Option<UserId>,
    /// The agent concerned.
    pub agent: Option<AgentId>,
    /// The task concerned.
    pub task: Option<TaskId>,
    /// The session concerned.
    pub session: Option<SessionId>,
    /// The organization concerned. The record has it in its detail.
    pub organization: Option<OrganizationId>,
    /// The id of what has no place of its own in a record: an invitation, a domain, a role. The record has it in its detail.
    pub part: Option<String>,
    /// What was removed, as the house knew it: nobody can look it up any more.
    pub gone: Option<Arc<dyn Any + Send + Sync>>,
    /// Anything else worth knowing; never a secret.
    pub detail: Option<String>,
}

impl Event {
    /// An event that concerns nobody yet.
    pub fn new(action: Action) -> Self {
        Self {
            action,
            refused: None,
            user: None,
            agent: None,
            task: None,
            session: None,
            organization: None,
            part: None,
            gone: None,
            detail: None,
        }
    }

    /// Concerns this user.
    #[must_use]
    pub fn user(self, id: &UserId) -> Self {
        Self {
            user: Some(id.clone()),
            ..self
        }
    }

    /// Concerns this agent.
    #[must_use]
    pub fn agent(self, id: &AgentId) -> Self {
        Self {
            agent: Some(id.clone()),
            ..self
        }
    }

    /// Concerns this session.
    #[must_use]
    pub fn session(self, id: &SessionId) -> Self {
        Self {
            session: Some(id.clone()),
            ..self
        }
    }

    /// Concerns this organization.
    #[must_use]
    pub fn organization(self, id: &OrganizationId) -> Self {
        Self {
            organization: Some(id.clone()),
            ..self
        }
    }

    /// Concerns this part of an organization, or of the instance.
    #[must_use]
    pub fn part(self, id: &str) -> Self {
        Self {
            part: Some(id.to_owned()),
            ..self
        }
    }

    /// With what is gone.
    #[must_use]
    pub fn gone(self, what: impl Any + Send + Sync) -> Self {
        Self {
            gone: Some(Arc::new(what)),
            ..self
        }
    }

    /// With a remark; never a secret.
    #[must_use]
    pub fn detail(self, text: impl Into<String>) -> Self {
        Self {
            detail: Some(text.into()),
            ..self
        }
    }

    /// It was not done: this is Clerk's code of the refusal.
    #[must_use]
    pub fn refused(self, code: &'static str) -> Self {
        Self {
            refused: Some(code),
            ..self
        }
    }

    /// One of many times that the same spent ticket was shown. A link that is opened again and again must not fill the disk:
    /// the first eight are recorded, then the 16th, the 32nd and so on, each with its number.
    pub fn of_many(self, nth: i64) -> Option<Self> {
        let what = match self.action {
            Action::TaskRevisit => "visit",
            _ => "refusal",
        };
        match nth {
            ..=8 => Some(self),
            _ if nth.count_ones() == 1 => Some(self.detail(format!("{what} {nth}"))),
            _ => None,
        }
    }
}
