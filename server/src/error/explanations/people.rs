//! Codes about people who prove who they are, and about invitations.

use super::Door::{Backend, Both, Frontend};
use super::{Error, Explanation, of};
use crate::error::{InvitationError, Unproven};

#[rustfmt::skip]
pub(super) fn all() -> Vec<Explanation> {
    let mut all = users();
    let of = |why, when, next| of(Frontend, &[Error::Unproven(why)], when, next);
    all.extend([
        of(Unproven::IdentifierUnknown, "Nobody has what was typed as a verified e-mail address, a verified phone number or a username.", "Compare with `standin user list`. A fresh `standin dev` knows ada@example.com and ada+clerk_test@example.com."),
        of(Unproven::SessionExists, "A browser holds one session at a time, and this one has one.", "Sign out first, or use another browser context for another user."),
        of(Unproven::PasswordWrong, "The password is not this user's. A hundred wrong ones lock the user for an hour.", "Type it again, or set another one: PATCH /v1/users/{id} with `password`."),
        of(Unproven::CurrentPasswordWrong, "To change a password the present one has to be given, and this is not it.", "Type the present one, or let the application's server set a new one."),
        of(Unproven::PasswordUnchanged, "The new password is the one that the user has.", "Choose another one."),
        of(Unproven::CodeNotSent, "A code was given before one was asked for, or the attempt was begun anew.", "Prepare the verification first (`prepare_first_factor` and its kin), as clerk-js does."),
        of(Unproven::CodeExpired, "Codes are good for ten minutes.", "Ask for a new one."),
        of(Unproven::CodeWrong, "The code is not the one that was asked for. In development test addresses take 424242.", "Type it again."),
        of(Unproven::CodeFailed, "So many wrong codes were given that the right one would not be taken any more.", "Ask for a new one."),
        of(Unproven::AlreadyVerified, "The attempt was completed before; what it opens was opened then.", "Begin a new attempt."),
        of(Unproven::Gone, "The user, or the address that the attempt is about, was deleted meanwhile.", "Begin anew."),
        of(Unproven::NoSecondFactor, "Standin has no second factors, so nobody has one to prove.", "Leave the second factor out; sign-ins are complete after the first."),
        of(Unproven::ProofMissing, "A proof was attempted that was not begun.", "Begin the verification of the session first (POST /v1/client/sessions/{id}/verify)."),
        of(Unproven::ProofStale, "Grave changes (passwords, addresses, deletion) ask for a session that was opened or verified within ten minutes.", "Verify again; clerk-js opens its dialog by itself on this code."),
        of(Unproven::SignUpOff, "Strangers may not make themselves users here: in production nobody may who is not invited.", "Invite them (POST /v1/invitations), make them (`standin user create`), or start the server with --allow-sign-up."),
        of(Unproven::TokenNotInSignIn, "The ticket is that of a sign-in token, and somebody tries to sign up with it.", "Use it to sign in."),
        of(Unproven::TaskNotInSignIn, "The ticket is that of an agent task, and somebody tries to sign up with it.", "Open the task's URL, or use the ticket to sign in."),
        of(Unproven::TooManyUnproven, "A user may leave only so many addresses and numbers unverified, or one could block everybody's.", "Verify or remove those there are."),
        of(Unproven::DeleteSelfOff, "The user has delete_self_enabled false.", "Let the application's server delete the user, or PATCH /v1/users/{id} with `delete_self_enabled: true`."),
    ]);
    all.extend(invitations());
    all
}

#[rustfmt::skip]
fn users() -> Vec<Explanation> {
    vec![
        of(Frontend, &[Error::Unproven(Unproven::NotAllowed), Error::Unproven(Unproven::Subaddress)],
            "The instance restricts who may sign up: the address is on the blocklist, not on the allowlist, or stands for another one.",
            "Look at `GET /v1/blocklist_identifiers`, `GET /v1/allowlist_identifiers` and the restrictions of the instance, or sign up with another address."),
        of(Frontend, &[Error::StrategyUnknown, Error::Unproven(Unproven::SenderMissing)],
            "Standin signs people in with a password, a ticket, and codes for test addresses. It sends neither e-mail nor SMS, and has no OAuth, passkeys or SAML.",
            "Use a task's link in tests; a password or, in development, an address with +clerk_test and the code 424242 in forms."),
        of(Both, &[Error::UserBanned],
            "The user was banned: their sessions ended with that, and no link signs them in.",
            "`standin user unban WHO` takes it back."),
        of(Both, &[Error::UserLocked],
            "A hundred wrong passwords or codes lock a user for an hour, or the application's server did.",
            "Wait, or POST /v1/users/{id}/unlock."),
        of(Backend, &[Error::PasswordIncorrect],
            "`verify_password` was asked and the password is not the user's.",
            "Let the user type it again."),
        of(Backend, &[Error::PasswordNotSet],
            "The user signs in otherwise, or was imported without a digest.",
            "Set one: PATCH /v1/users/{id} with `password`."),
        of(Both, &[Error::LastIdentifier],
            "Without a verified address, number or username nobody could sign in as this user or name them in a task.",
            "Add another identifier first, or delete the user."),
    ]
}

#[rustfmt::skip]
fn invitations() -> Vec<Explanation> {
    let of = |door, why, when, next| of(door, &[Error::Invitation(why)], when, next);
    vec![
        of(Both, InvitationError::AlreadyAccepted, "The invitation's link signed somebody up before.", "Sign in instead."),
        of(Backend, InvitationError::AlreadyRevoked, "The invitation was taken back before.", "Nothing is left to do."),
        of(Frontend, InvitationError::Revoked, "The application's server took the invitation back.", "Ask for a new one."),
        of(Both, InvitationError::AccountExists, "There is a user with the invited address already.", "Sign in instead; invite with `ignore_existing: true` where a link is wanted all the same."),
        of(Frontend, InvitationError::NoAccount, "The invited address belongs to nobody yet, and the link was used to sign in.", "Sign up with it."),
        of(Backend, InvitationError::EntryInvited, "Whoever waits was invited before.", "Revoke that invitation first, if another one is wanted."),
        of(Backend, InvitationError::EntryCompleted, "Whoever waited was invited and signed up.", "Nothing is left to do."),
        of(Backend, InvitationError::EntryRejected, "The entry was rejected before.", "Invite it, or delete it, if the decision has changed."),
    ]
}
