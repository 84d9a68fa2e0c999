//! Why somebody is not who they say, as far as this instance can tell. Part of the one table, see [`super::Error`].

use super::{Shown, shown};

/// Why a sign-in, a sign-up or a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// No user has this identifier.
    IdentifierUnknown,
    /// The browser is signed in already, and holds one session at a time.
    SessionExists,
    /// Not the user's password, at a sign-in.
    PasswordWrong,
    /// Not the user's password, where it shall be changed.
    CurrentPasswordWrong,
    /// The new password is the old one.
    PasswordUnchanged,
    /// A code for an address or number to which nothing can be sent.
    SenderMissing,
    /// A code before one was asked for.
    CodeNotSent,
    /// A code that came too late.
    CodeExpired,
    /// Not the code.
    CodeWrong,
    /// Too many wrong codes.
    CodeFailed,
    /// Proven before; an attempt that has opened its session.
    AlreadyVerified,
    /// The user of an attempt is gone, or the address it was to be proven by.
    Gone,
    /// Nobody here has a second factor.
    NoSecondFactor,
    /// A proof that was not begun.
    ProofMissing,
    /// A session whose user has not proven themselves lately, where something grave is asked for.
    ProofStale,
    /// Strangers may not make themselves a user.
    SignUpOff,
    /// An address or number that may not sign up.
    NotAllowed,
    /// An address that stands for another one.
    Subaddress,
    /// A sign-in token, where somebody signs up.
    TokenNotInSignIn,
    /// A task's ticket, where somebody signs up.
    TaskNotInSignIn,
    /// More addresses or numbers than one user may leave unproven.
    TooManyUnproven,
    /// A user who may not delete themselves.
    DeleteSelfOff,
}

impl Unproven {
    /// Whether it is what guessing looks like.
    pub(super) fn is_guess(self) -> bool {
        matches!(
            self,
            Self::IdentifierUnknown
                | Self::PasswordWrong
                | Self::CurrentPasswordWrong
                | Self::CodeWrong
                | Self::CodeFailed
        )
    }

    #[rustfmt::skip]
    pub(super) fn shown(self) -> Shown {
        match self {
            Self::IdentifierUnknown => shown(422, "form_identifier_not_found", "Couldn't find your account.", "No user has this identifier as a verified e-mail address, a verified phone number or a username.").about("identifier"),
            Self::SessionExists => shown(400, "session_exists", "Session already exists", "This browser is signed in already. Sign out first."),
            Self::PasswordWrong => shown(422, "form_password_incorrect", "Password is incorrect", "This is not the password of this user.").about("password"),
            Self::CurrentPasswordWrong => shown(422, "form_password_validation_failed", "Incorrect password", "This is not the present password.").about("current_password"),
            Self::PasswordUnchanged => shown(422, "form_new_password_matches_current", "is invalid", "The new password is the present one.").about("new_password"),
            Self::SenderMissing => shown(400, "strategy_for_user_invalid", "no sender", "No code can be sent: this instance has no sender of e-mail or SMS. A development instance takes the code 424242 for test addresses (with +clerk_test before the @) and test numbers (+1XXX5550100 to +1XXX5550199)."),
            Self::CodeNotSent => shown(400, "verification_missing", "is missing", "No code was asked for; prepare the verification first."),
            Self::CodeExpired => shown(400, "verification_expired", "expired", "This code came too late. Ask for a new one."),
            Self::CodeWrong => shown(422, "form_code_incorrect", "is incorrect", "This is not the code.").about("code"),
            Self::CodeFailed => shown(400, "verification_failed", "failed", "Too many wrong codes. Ask for a new one."),
            Self::AlreadyVerified => shown(400, "verification_already_verified", "already verified", "This was verified before and opens nothing more."),
            Self::Gone => shown(400, "sign_in_identification_or_user_deleted", "identification or user deleted", "The user, or the address to be verified, is gone. Start over."),
            Self::NoSecondFactor => shown(400, "no_second_factors", "no second factors", "This instance has no second factors."),
            Self::ProofMissing => shown(400, "session_reverification_missing", "is missing", "No verification of this session is under way; begin one first."),
            Self::ProofStale => shown(403, "session_reverification_required", "Reverification required", "This needs a session that was opened or verified within ten minutes. Verify it again, or sign in anew."),
            Self::SignUpOff => shown(403, "sign_up_mode_restricted", "Sign-ups restricted", "Nobody can sign up here without an invitation. The application's server makes users; `standin serve --allow-sign-up` lets people do it."),
            Self::NotAllowed => shown(403, "not_allowed_access", "Access not allowed.", "Whoever has this address or number may not sign up here: it is blocked, or not among those that are allowed."),
            Self::Subaddress => shown(403, "not_allowed_access", "Email subaddress not allowed.", "An address with +, = or # before the @ stands for another one. Sign up with that one.").about("email_address"),
            Self::TokenNotInSignIn => shown(400, "sign_in_token_not_in_sign_in_code", "not in sign in", "A sign-in token signs in; nobody signs up with one."),
            Self::TaskNotInSignIn => shown(400, "agent_task_not_in_sign_in", "not in sign in", "A task's ticket signs in; nobody signs up with one."),
            Self::TooManyUnproven => shown(400, "too_many_unverified_identifications", "too many unverified contacts", "Verify or remove some of those there are first."),
            Self::DeleteSelfOff => shown(403, "user_delete_self_not_enabled", "delete self not enabled", "This user may not delete themselves."),
        }
    }
}

impl From<Unproven> for super::Error {
    fn from(why: Unproven) -> Self {
        Self::Unproven(why)
    }
}
