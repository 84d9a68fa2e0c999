//! What is refused about invitations to the application and those who wait for one. Part of the one table, see [`super::Error`].

use super::{Error, Shown, shown};

/// Why something about an invitation was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvitationError {
    /// The address has an open invitation.
    NotUnique(String),
    /// The invitation was accepted.
    AlreadyAccepted,
    /// It was taken back, and is to be once more.
    AlreadyRevoked,
    /// The link of one that was taken back.
    Revoked,
    /// Somebody has the address, where nobody needs to sign up.
    AccountExists,
    /// Nobody has it, where somebody wants to sign in.
    NoAccount,
    /// An entry of the waitlist that has an invitation.
    EntryInvited,
    /// One whose invitation was accepted.
    EntryCompleted,
    /// One that was rejected.
    EntryRejected,
}

impl From<InvitationError> for Error {
    fn from(error: InvitationError) -> Self {
        Self::Invitation(error)
    }
}

impl InvitationError {
    /// The row of the table for this refusal.
    #[rustfmt::skip]
    pub(super) fn shown(&self) -> Shown {
        match self {
            Self::NotUnique(address) => shown(400, "duplicate_record", "invitation exists", format!("There is an open invitation for {address}. Revoke it, or make another one with ignore_existing.")),
            Self::AlreadyAccepted => shown(400, "invitation_already_accepted", "invitation already accepted", "This invitation was accepted already. Sign in instead."),
            Self::AlreadyRevoked => shown(400, "invitation_already_revoked", "invitation already revoked", "This invitation was taken back before."),
            Self::Revoked => shown(400, "revoked_invitation", "invitation revoked", "This invitation was taken back."),
            Self::AccountExists => shown(400, "invitation_account_exists", "account exists", "Somebody has proven to hold the invited address. Sign in instead."),
            Self::EntryInvited => shown(409, "waitlist_entry_already_invited", "already invited", "This entry of the waitlist has an invitation."),
            Self::EntryCompleted => shown(409, "waitlist_entry_already_completed", "already completed", "Whoever waited here was invited and has come."),
            Self::EntryRejected => shown(409, "waitlist_entry_already_rejected", "already rejected", "This entry of the waitlist was rejected before."),
            Self::NoAccount => shown(400, "invitation_account_not_exists", "account not found", "Nobody has proven to hold the invited address. Sign up instead."),
        }
    }
}
