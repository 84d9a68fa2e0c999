//! Codes about tasks, tokens and the sessions they open.

use super::Door::{Backend, Both, Frontend};
use super::{Error, Explanation, of};
use crate::error::NotRenewed;

#[rustfmt::skip]
pub(super) fn all() -> Vec<Explanation> {
    let mut all = vec![
        of(Backend, &[Error::TaskNotFound],
            "No task has the id: it is mistyped, of another instance, or it was over for so long that it was removed (--keep-tasks).",
            "`standin task list` shows those there are."),
        of(Backend, &[Error::TaskSubjectNotFound("bob@exmaple.com".into())],
            "on_behalf_of names nobody: the id is of another instance, or the identifier is mistyped or not verified.",
            "`standin user list --query TEXT` finds people; `standin user create --email ADDRESS` makes one with a verified address."),
        of(Backend, &[Error::TaskCannotBeRevoked("accepted")],
            "To revoke a task takes its link back. This one was opened, has expired or was taken back before, so there is no link left to take.",
            "End the session that the link opened: `standin session revoke --task ID`."),
        of(Frontend, &[Error::TaskAlreadyUsed],
            "A link opens one session, once. Somebody opened it before: you in another browser or tab, a test that ran twice, or somebody else. The browser that opened it lands again without this error.",
            "Make a new task. If it was not you, `standin audit list` shows from where it was opened, and `standin session revoke --task ID` ends the session."),
        of(Frontend, &[Error::TaskRevoked],
            "Whoever made the task took it back before it was opened.",
            "Ask for a new one; `standin audit list` says who took it back."),
        of(Frontend, &[Error::NotANavigation, Error::ProgramsOnly, Error::Preview, Error::Prefetch, Error::TaskCannotBeUsed("the agent is disabled")],
            "The link is good, and this is not a way to open it: it was fetched by a page's script, framed, prefetched, or looked at by a program that shows previews of links. Or something it stands on has changed: its agent was disabled, its user left the organization, its redirect is no longer allowed. The ticket was not used.",
            "Open it as a page of its own, or as a program with `Accept: application/json` and without cookies, Origin and Referer. The sentence says when the task itself has to be made anew."),
        of(Frontend, &[Error::VisitorIsAsked],
            "The task was made with `confirm: \"visitor\"`, or the server asks by default: a person has to agree before somebody is signed in.",
            "Open the link in a browser and answer there. For tests, make the task with `confirm: \"nobody\"`."),
        of(Frontend, &[Error::TicketInvalid],
            "The ticket was never given out here: the link was cut or changed on its way, or the server's data was made anew since (`standin dev --ephemeral` keeps nothing).",
            "Make a new task at the server that is running now."),
        of(Frontend, &[Error::TicketExpired],
            "Links can be opened for a while only (ten minutes, unless the task says otherwise).",
            "Make a new task, with a longer `expires_in_seconds` if people need longer."),
        of(Frontend, &[Error::SignInTokenAlreadyUsed],
            "A sign-in token opens one session, once, and did.",
            "Make a new one (POST /v1/sign_in_tokens)."),
        of(Frontend, &[Error::SignInTokenRevoked],
            "The application's server took the sign-in token back.",
            "Make a new one."),
        of(Backend, &[Error::SignInTokenCannotBeRevoked("accepted")],
            "The sign-in token was used, has expired or was taken back before.",
            "Nothing is left to take back; a session that it opened ends with `standin session revoke ID`."),
        of(Frontend, &[Error::ActorTokenAlreadyUsed],
            "An actor token opens one session, once, and did.",
            "Make a new one (POST /v1/actor_tokens)."),
        of(Frontend, &[Error::ActorTokenRevoked],
            "The application's server took the actor token back.",
            "Make a new one."),
        of(Backend, &[Error::ActorTokenCannotBeRevoked("accepted")],
            "The actor token was used, has expired or was taken back before.",
            "Nothing is left to take back; a session that it opened ends with `standin session revoke ID`."),
        of(Both, &[Error::SessionOver("revoked")],
            "A session that ended stays ended: it gets no token, no new end and no organization.",
            "Have the user sign in again, or make a new task."),
        of(Frontend, &[Error::UserReadOnly, Error::SessionRestricted],
            "The session was opened for an agent. Its pages may read the user and not change them, and in a restricted session neither sign out nor change the organization. Otherwise an agent could add a password or an address and come back with it.",
            "Let the application's server do it through the Backend API, or sign in as the user, not as an agent."),
    ];
    all.extend(not_renewed());
    all
}

/// Why an expired token was not exchanged. SDKs fall back to a handshake, so people see these in logs only.
#[rustfmt::skip]
fn not_renewed() -> Vec<Explanation> {
    let of = |why, when, next| of(Backend, &[Error::NotRenewed(why)], when, next);
    let handshake = "Nothing needs to be done: the SDK falls back to a handshake, and that decides.";
    vec![
        of(NotRenewed::OriginInvalid, "The application's server sent a request_origin that is no origin.", "Look at the address by which the application thinks it is reached; proxies must pass X-Forwarded-Host and X-Forwarded-Proto on."),
        of(NotRenewed::OriginMismatch, "The expired token was made for a page of another origin than the one that shows it: cookies of two applications on one host, or an application that is reached by two names.", handshake),
        of(NotRenewed::TokenInvalid, "The expired token was not signed by this instance: its cookie is left from another server, or from data that were made anew.", handshake),
        of(NotRenewed::SessionMissing, "The expired token is signed here and is no session token, as one made from a JWT template.", handshake),
        of(NotRenewed::SessionMismatch, "The expired token belongs to another session than the one in the address.", handshake),
        of(NotRenewed::OriginMissing, "The expired token was made without a page, so that it cannot be told which page may renew it.", handshake),
        of(NotRenewed::IssuedAtMissing, "The expired token does not say when it was made.", handshake),
        of(NotRenewed::TooOld, "The expired token was made so long ago that whoever shows it may have found it somewhere.", handshake),
        of(NotRenewed::Consumed, "An expired token is exchanged once. Parallel requests of one page all try; the first wins.", handshake),
        of(NotRenewed::RefreshTokenUnknown, "The refresh token in the browser's cookie is not the session's: it was replaced, or is another instance's.", handshake),
        of(NotRenewed::SessionUnknown, "There is no session of the id in the expired token; it was removed, or the data were made anew.", handshake),
        of(NotRenewed::UserUnknown, "The session's user was deleted.", "Sign in as somebody else."),
        of(NotRenewed::SessionInactive, "The session was ended, revoked, or has expired.", "Sign in again; `standin audit list` says who ended it."),
    ]
}
