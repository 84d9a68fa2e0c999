//! What can happen, as the audit trail names it. A write notes events; the ledger turns them into records inside the same
//! savepoint.

use crate::id::{AgentId, SessionId, TaskId, UserId};
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
        /// Credentials that nobody gave out were shown; how many says the detail.
        CredentialRefuse = "credential.refuse",
        /// A secret key was made.
        SecretKeyCreate = "secret_key.create",
        /// It opens nothing any more.
        SecretKeyRevoke = "secret_key.revoke",
        /// A session began.
        SessionCreate = "session.create",
        /// Its browser signed out.
        SessionEnd = "session.end",
        /// Its browser signed out and dropped it.
        SessionRemove = "session.remove",
        /// Its end was moved; the detail says to when.
        SessionUpdate = "session.update",
        /// Its client signed in anew.
        SessionReplace = "session.replace",
        /// It was taken back.
        SessionRevoke = "session.revoke",
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

/// Something that happened, to whom. Ids only: what the objects are at that moment can be read in the same write.
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
