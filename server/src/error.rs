//! Everything that can be refused, and the one table that says how it is shown.
//!
//! Codes and statuses are Clerk's, from its public error catalogue; the sentences are ours and name the next step. The
//! table has no catch-all, so a new refusal does not compile until it has a status, a code and a sentence.

mod claims;
pub mod explanations;
mod fault;
mod invitation;
mod not_renewed;
mod organization;
mod unproven;

use std::fmt;

pub use claims::ClaimsError;
pub use fault::Fault;
pub use invitation::InvitationError;
pub use not_renewed::NotRenewed;
pub use organization::OrganizationError;
pub use unproven::Unproven;

/// The result of anything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was refused or failed.
#[derive(Debug)]
pub enum Error {
    // Who is asking.
    /// No secret key, or one that opens nothing.
    KeyInvalid,
    /// An `Authorization` header that is not `Bearer …`.
    AuthorizationFormat,
    /// A secret key whose scope does not reach this call.
    ScopeMissing,
    /// A browser without a session where one is needed.
    AuthenticationInvalid,
    /// A session that is over, on a call about that session.
    SignedOut,
    /// An `Origin` that is not allowed.
    OriginInvalid(String),
    /// A `Host` this server does not answer for.
    HostInvalid,
    /// A navigation rule was broken: the ticket address opened by something other than a top-level navigation.
    NotANavigation,
    /// A session asked for as JSON with something that only browsers send.
    ProgramsOnly,
    /// A ticket's address opened to show a preview of it, or a part of it only.
    Preview,
    /// A browser that only prefetches or prerenders.
    Prefetch,
    /// More requests than the limit allows; try again after this many seconds.
    TooManyRequests(u64),

    // What is asked.
    /// No such address.
    RouteUnknown,
    /// A request that an application passed on without its secret key.
    ProxyKeyMissing,
    /// A request that was passed on with a key that is none of ours.
    ProxyKeyInvalid,
    /// A browser package (`clerk-js`, `ui`) that no configured folder holds.
    ScriptMissing(String),
    /// A browser package of another version than the one that is installed.
    ScriptVersion {
        /// `clerk-js` or `ui`.
        name: String,
        /// What the address asks for.
        wanted: String,
        /// What is there.
        installed: String,
    },
    /// The dashboard, looked at by somebody who is not at this machine.
    DashboardLocal,
    /// A change that was not sent by a page of the dashboard.
    DashboardForm,
    /// The address exists and does not take this method.
    MethodNotAllowed,
    /// An address whose path cannot be read; the text says why.
    AddressInvalid(&'static str),
    /// A request body that is not what its content type says.
    BodyInvalid(String),
    /// A request body of more than this many bytes.
    BodyTooLarge(usize),
    /// Request headers of more than this many bytes.
    HeadersTooLarge(usize),
    /// A request body that did not arrive in time.
    BodyLate,
    /// A content type other than the expected one.
    ContentType(&'static str),
    /// A `Clerk-API-Version` that is not a date.
    ApiVersion(String),
    /// An `Idempotency-Key` that is not one text of at most so many characters.
    IdempotencyKeyInvalid(usize),
    /// An `Idempotency-Key` under which another request was done.
    IdempotencyKeyReused,
    /// An answer of more than so many bytes, which cannot be kept.
    IdempotencyAnswerTooLong(usize),
    /// A query parameter that must be there.
    QueryMissing(&'static str),
    /// A required parameter.
    ParamMissing(&'static str),
    /// A parameter that this call does not know.
    ParamUnknown(String),
    /// A parameter given twice.
    ParamDuplicate(String),
    /// A parameter of the wrong JSON type; the second part names the right one.
    ParamType(String, &'static str),
    /// A parameter whose text is not of the right form; the second part says which form.
    ParamFormat(&'static str, &'static str),
    /// A value that is not allowed; the second part says what is.
    ParamValue(&'static str, String),
    /// A text longer than this many characters.
    ParamTooLong(&'static str, usize),
    /// A list of more than this many items.
    ParamTooMany(String, usize),
    /// Two lists that must be equally long.
    ParamLengths(&'static str, &'static str),
    /// Two parameters that exclude each other.
    ParamConflict(&'static str, &'static str),
    /// An e-mail address, phone number, username or external id that somebody else has.
    IdentifierExists(&'static str),
    /// What stands on a list already.
    AlreadyListed(String),
    /// A username that is not of so many characters.
    UsernameLength(usize, usize),
    /// A username with other characters than it may have.
    UsernameCharacter,
    /// A username of digits only.
    UsernameNumber,
    /// A password of fewer characters than this.
    PasswordTooShort(usize),
    /// A password of more characters than this.
    PasswordTooLong(usize),
    /// A password digest that is not of a known form.
    PasswordDigest,
    /// A call that only a development instance answers.
    DevelopmentOnly,
    /// A call about the file that a SQLite database is, where there is none.
    SqliteOnly,
    /// One of many things that came in one body, by its place there, and why it was refused.
    Within(String, Box<Error>),
    /// What somebody wants to see refused.
    Fault(Fault),
    /// Something about custom claims and JWT templates.
    Claims(ClaimsError),

    // What is there.
    /// Nothing of this kind has this id.
    NotFound(&'static str, String),
    /// No task has this id.
    TaskNotFound,
    /// The user a task is for does not exist; the text is what was asked for.
    TaskSubjectNotFound(String),
    /// The task is no longer pending; the text is its status.
    TaskCannotBeRevoked(&'static str),
    /// The ticket of a task that has opened its one session.
    TaskAlreadyUsed,
    /// The ticket of a task that was taken back.
    TaskRevoked,
    /// The ticket of a task that may not be used for another reason.
    TaskCannotBeUsed(&'static str),
    /// A ticket that this instance never gave out.
    TicketInvalid,
    /// A ticket past its time.
    TicketExpired,
    /// The user of a sign-in token that was used.
    SignInTokenAlreadyUsed,
    /// A sign-in token that was taken back.
    SignInTokenRevoked,
    /// A sign-in token that is no longer pending; the text is its status.
    SignInTokenCannotBeRevoked(&'static str),
    /// An actor token that was used.
    ActorTokenAlreadyUsed,
    /// An actor token that was taken back.
    ActorTokenRevoked,
    /// An actor token that is no longer pending; the text is its status.
    ActorTokenCannotBeRevoked(&'static str),
    /// A session that is over, on a call that changes one; the text is its status.
    SessionOver(&'static str),
    /// A way to sign in that Standin does not have.
    StrategyUnknown,
    /// Somebody who did not prove who they are, or may not begin to.
    Unproven(Unproven),
    /// A banned user.
    UserBanned,
    /// A locked user.
    UserLocked,
    /// A page that would change its user.
    UserReadOnly,
    /// A page that would leave its restricted session, or take it elsewhere.
    SessionRestricted,
    /// A link that is opened only where its visitor agrees.
    VisitorIsAsked,
    /// A wrong password.
    PasswordIncorrect,
    /// A user without a password.
    PasswordNotSet,
    /// The only verified identifier of a user.
    LastIdentifier,

    /// Something about organizations.
    Organization(OrganizationError),
    /// Something about invitations to the application.
    Invitation(InvitationError),

    // Where it may lead.
    /// A redirect address that is not an absolute URL without tricks.
    RedirectInvalid(&'static str),
    /// A redirect address with a scheme that this kind of instance does not allow.
    RedirectScheme,
    /// A redirect address whose origin is not on the allow-list.
    RedirectForeign(String),
    /// A handshake that cannot be answered.
    HandshakeInvalid(&'static str),
    /// An expired session token that is not exchanged for a new one.
    NotRenewed(NotRenewed),

    // What broke.
    /// The configuration cannot work; the text says why and what to do.
    Config(String),
    /// The database cannot be reached or cannot write now; nothing was done.
    Unavailable(String),
    /// More requests wait for the database than can be answered soon; nothing was done.
    Overloaded,
    /// The database was told to commit and its answer was lost: perhaps it was done, perhaps not.
    Unsettled(String),
    /// No answer within so many seconds. What was asked for may still have been done.
    TooSlow(u64),
    /// This machine's clock is behind what the database has seen, by so many seconds.
    ClockBehind(i64),
    /// Another transaction was in the way. The write is run again; nobody outside of `db` sees this.
    Conflict(String),
    /// A fault of this program.
    Bug(String),
}

/// How an [`Error`] looks from outside, in Clerk's error shape.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown {
    /// The HTTP status.
    pub status: u16,
    /// Clerk's code.
    pub code: &'static str,
    /// A few words.
    pub message: &'static str,
    /// A sentence with the next step.
    pub long_message: String,
    /// The parameter at fault, shown as `meta.param_name`.
    pub param: Option<String>,
}

fn shown(status: u16, code: &'static str, message: &'static str, long: impl Into<String>) -> Shown {
    Shown {
        status,
        code,
        message,
        long_message: long.into(),
        param: None,
    }
}

impl Shown {
    fn about(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }
}

impl Error {
    /// The row of the table for this error.
    #[expect(
        clippy::too_many_lines,
        reason = "one table, one row an error; splitting it would need catch-alls"
    )]
    pub fn shown(&self) -> Shown {
        match self {
            Self::KeyInvalid => shown(401, "clerk_key_invalid", "invalid secret key", "No secret key of this instance was given. Send it as 'Authorization: Bearer sk_…'; `standin env` prints it in development, `standin key create` makes one."),
            Self::AuthorizationFormat => shown(401, "authorization_header_format_invalid", "invalid Authorization header", "The Authorization header must read 'Bearer <secret key>'."),
            Self::ScopeMissing => shown(403, "authorization_missing_scopes", "missing scope", "This secret key is limited to a scope that does not reach this call. `standin key create --scope full` makes one that does."),
            Self::AuthenticationInvalid => shown(401, "authentication_invalid", "not signed in", "This call needs a browser with an active session."),
            Self::SignedOut => shown(401, "signed_out", "signed out", "This browser is signed out, or the session is over."),
            Self::OriginInvalid(origin) => shown(400, "origin_invalid", "origin not allowed", format!("Pages of {origin} may not call this instance. Start it with --allow-origin {origin} if they should.")),
            Self::HostInvalid => shown(421, "host_invalid", "unknown host", "This server does not answer for the host in the request. Start it with --allow-host if it should."),
            Self::NotANavigation => shown(400, "agent_task_cannot_be_used", "not a navigation", "A task's URL opens only as a page of its own: not in a frame, not by a script, not as an image. The ticket was not used."),
            Self::ProgramsOnly => shown(400, "agent_task_cannot_be_used", "not for browsers", "A session is given out as JSON to programs only: send neither Origin nor Referer nor cookies with the request, or leave application/json out of Accept. The ticket was not used."),
            Self::Preview => shown(400, "agent_task_cannot_be_used", "preview refused", "A task's URL works once, so it is not opened for a preview, a scan or a part of it. The ticket was not used; a person who opens the link in a browser uses it."),
            Self::Prefetch => shown(503, "agent_task_cannot_be_used", "prefetch refused", "A task's URL is not opened ahead of time. The ticket was not used."),
            Self::TooManyRequests(seconds) => shown(429, "too_many_requests", "too many requests", format!("Slow down and try again in {seconds} s.")),
            Self::RouteUnknown => shown(404, "resource_not_found", "not found", "Nothing lives at this address. docs/coverage.md says which of Clerk's operations are served; `standin help` and the README name those beside them."),
            Self::ProxyKeyMissing => shown(400, "proxy_request_missing_secret_key", "missing secret key", "A request that comes through an application's proxy must carry the secret key in the Clerk-Secret-Key header."),
            Self::ProxyKeyInvalid => shown(401, "proxy_request_invalid_secret_key", "invalid secret key", "The application's proxy showed a secret key that is none of this instance's. Compare its CLERK_SECRET_KEY with `standin env`."),
            Self::ScriptMissing(name) => shown(404, "resource_not_found", "script not found", format!("Standin serves @clerk/{name} from your own node_modules and finds it in none. Run: npm install --save-dev @clerk/clerk-js @clerk/ui - where the server runs, or name the folder with --npm DIR.")),
            Self::ScriptVersion { name, wanted, installed } => shown(404, "resource_not_found", "script not found", format!("The address asks for @clerk/{name}@{wanted} and {installed} is installed. Run: npm install --save-dev @clerk/{name}@{wanted} - or set the script's URL to the installed version.")),
            Self::DashboardLocal => shown(403, "dashboard_local_only", "not at this machine", "The dashboard of a development instance opens for browsers on the same machine, by a name such as localhost and through no proxy. For a production instance: standin serve --dashboard-listen 127.0.0.1:4749."),
            Self::DashboardForm => shown(403, "dashboard_form_only", "not sent by the dashboard", "Changes are made by the buttons of the dashboard's own pages. Programs use the Backend API, with a secret key."),
            Self::MethodNotAllowed => shown(405, "method_not_allowed", "method not allowed", "The address exists and does not take this method; the Allow header lists those it takes. docs/coverage.md says which of Clerk's operations are served."),
            Self::AddressInvalid(why) => shown(400, "malformed_request_parameters", "malformed address", format!("The address cannot be read: {why}.")),
            Self::BodyInvalid(why) => shown(400, "request_body_invalid", "request body invalid", format!("The request body could not be read: {why}.")),
            Self::BodyTooLarge(max) => shown(413, "request_body_too_large", "request body too large", format!("A request body may hold at most {max} bytes.")),
            Self::HeadersTooLarge(max) => shown(431, "request_headers_too_large", "request headers too large", format!("Request headers may hold at most {max} bytes.")),
            Self::BodyLate => shown(408, "request_timeout", "request timeout", "The request body did not arrive in time."),
            Self::ContentType(expected) => shown(415, "unsupported_content_type", "unsupported content type", format!("Send the body as {expected}.")),
            Self::ApiVersion(text) => shown(400, "api_version_invalid", "invalid API version", format!("'{text}' is not an API version; one is a date such as 2026-05-12.")),
            Self::IdempotencyKeyInvalid(max) => shown(400, "malformed_request_parameters", "invalid Idempotency-Key", format!("An Idempotency-Key is given once and has 1 to {max} characters, all of them ASCII.")),
            Self::IdempotencyKeyReused => shown(409, "conflict", "Idempotency-Key used before", "Another request was done under this Idempotency-Key within the last 24 hours. Nothing was changed. A key belongs to one request; take a new one for a new request."),
            Self::IdempotencyAnswerTooLong(max) => shown(409, "conflict", "answer too long to be kept", format!("The answer would be longer than {max} bytes, too long to be kept for its Idempotency-Key. Nothing was changed. Ask for less at once, or leave the key out.")),
            Self::QueryMissing(param) => shown(400, "missing_query_parameter", "missing query parameter", format!("The query parameter '{param}' must be given.")).about(param),
            Self::ParamMissing(param) => shown(422, "form_param_missing", "is missing", format!("{param} must be given.")).about(param),
            Self::ParamUnknown(param) => shown(422, "form_param_unknown", "is unknown", format!("{param} is not a parameter of this call.")).about(param),
            Self::ParamDuplicate(param) => shown(422, "form_param_duplicate", "is duplicate", format!("{param} is given more than once.")).about(param),
            Self::ParamType(param, wanted) => shown(422, "form_param_type_invalid", "has the wrong type", format!("{param} must be {wanted}.")).about(param),
            Self::ParamFormat(param, wanted) => shown(422, "form_param_format_invalid", "has the wrong format", format!("{param} must be {wanted}.")).about(param),
            Self::ParamValue(param, wanted) => shown(422, "form_param_value_invalid", "is not allowed", format!("{param} must be {wanted}.")).about(param),
            Self::ParamTooLong(param, max) => shown(422, "form_param_max_length_exceeded", "is too long", format!("{param} may have at most {max} characters.")).about(param),
            Self::ParamTooMany(param, max) => shown(422, "form_param_array_size_exceeded", "has too many items", format!("{param} may hold at most {max} items.")).about(param),
            Self::ParamLengths(param, other) => shown(422, "form_param_array_length_mismatch", "has the wrong length", format!("{param} must hold one item for each of {other}.")).about(param),
            Self::ParamConflict(param, other) => shown(422, "form_conditional_param_disallowed", "is not allowed", format!("{param} and {other} exclude each other; give one.")).about(param),
            Self::IdentifierExists(param) => shown(422, "form_identifier_exists", "is taken", format!("This {param} belongs to another user.")).about(param),
            Self::AlreadyListed(identifier) => shown(400, "duplicate_record", "is listed", format!("{identifier} is on this list already.")).about("identifier"),
            Self::UsernameLength(min, max) => shown(422, "form_username_invalid_length", "has the wrong length", format!("A username has {min} to {max} characters.")).about("username"),
            Self::UsernameCharacter => shown(422, "form_username_invalid_character", "has a character that is not allowed", "A username has letters, digits, _ and - only.").about("username"),
            Self::UsernameNumber => shown(422, "form_username_needs_non_number_char", "is a number", "A username has at least one character that is no digit.").about("username"),
            Self::PasswordTooShort(min) => shown(422, "form_password_length_too_short", "is too short", format!("A password has at least {min} characters.")).about("password"),
            Self::PasswordTooLong(max) => shown(422, "form_password_length_too_long", "is too long", format!("A password has at most {max} characters.")).about("password"),
            Self::PasswordDigest => shown(422, "form_password_digest_invalid_code", "is not a known digest", "password_digest must be an argon2i or argon2id digest in the PHC format, of at most 256 MiB and 16 passes, or a bcrypt digest of a cost of at most 14.").about("password_digest"),
            Self::Within(place, why) => {
                let mut row = why.shown();
                row.param = Some(match row.param {
                    Some(param) if param != *place => format!("{place}.{param}"),
                    _ => place.clone(),
                });
                row
            }
            Self::DevelopmentOnly => shown(400, "request_invalid_for_environment", "development only", "Only a development instance (`standin dev`) answers this call."),
            Self::Fault(fault) => fault.shown(),
            Self::SqliteOnly => shown(400, "request_invalid_for_environment", "SQLite only", "Snapshots and resets need the database to be a SQLite file. Start `standin dev` without --database-url."),
            Self::Claims(why) => why.shown(),
            Self::NotFound(kind, id) => shown(404, "resource_not_found", "not found", format!("There is no {kind} {id}.")),
            Self::TaskNotFound => shown(404, "agent_task_not_found", "agent task not found", "There is no agent task with this id; `standin task list` shows those there are."),
            Self::TaskSubjectNotFound(who) => shown(404, "agent_task_subject_not_found", "user not found", format!("No user has the id or the verified identifier {who}.")),
            Self::TaskCannotBeRevoked(status) => shown(400, "agent_task_cannot_be_revoked", "cannot revoke agent task", format!("The agent task is {status}; only a pending one can be revoked. Its session ends with `standin session revoke --task ID`.")),
            Self::TaskAlreadyUsed => shown(400, "agent_task_already_used", "agent task already used", "This link has opened its one session. Ask for a new one."),
            Self::TaskRevoked => shown(400, "agent_task_revoked", "agent task revoked", "This link was taken back. Ask for a new one."),
            Self::TaskCannotBeUsed(why) => shown(400, "agent_task_cannot_be_used", "agent task cannot be used", format!("This link cannot be used: {why}.")),
            Self::TicketInvalid => shown(400, "ticket_invalid_code", "ticket invalid", "This is not a ticket of this instance."),
            Self::TicketExpired => shown(400, "ticket_expired_code", "ticket expired", "This link was not used in time. Ask for a new one."),
            Self::SignInTokenAlreadyUsed => shown(400, "sign_in_token_already_used_code", "sign-in token already used", "This sign-in token has opened its one session. Ask for a new one."),
            Self::SignInTokenRevoked => shown(400, "sign_in_token_revoked_code", "sign-in token revoked", "This sign-in token was taken back. Ask for a new one."),
            Self::SignInTokenCannotBeRevoked(status) => shown(400, "sign_in_token_cannot_be_revoked_code", "cannot revoke sign-in token", format!("The sign-in token is {status}; only a pending one can be revoked.")),
            Self::ActorTokenAlreadyUsed => shown(400, "actor_token_already_used_code", "actor token already used", "This actor token has opened its one session. Ask for a new one."),
            Self::ActorTokenRevoked => shown(400, "actor_token_revoked_code", "actor token revoked", "This actor token was taken back. Ask for a new one."),
            Self::ActorTokenCannotBeRevoked(status) => shown(400, "actor_token_cannot_be_revoked_code", "cannot revoke actor token", format!("The actor token is {status}; only a pending one can be revoked.")),
            Self::SessionOver(status) => shown(400, "invalid_action_for_session", "session is over", format!("The session is {status}; only an active one can be changed.")),
            Self::StrategyUnknown => shown(400, "strategy_for_user_invalid", "strategy not available", "This is none of the ways here: password, email_code, phone_code, or ticket with that of an agent task, a sign-in token or an invitation."),
            Self::Unproven(why) => why.shown(),
            Self::UserBanned => shown(403, "user_banned", "user banned", "This user is banned and cannot be signed in."),
            Self::UserLocked => shown(403, "user_locked", "user locked", "This user is locked and cannot be signed in until the lock ends."),
            Self::UserReadOnly => shown(403, "authorization_invalid", "Not changed", "This session cannot change its user. The application's server can, through the Backend API."),
            Self::SessionRestricted => shown(403, "authorization_invalid", "session restricted", "This session was opened for an agent's task and is restricted: its pages neither sign out, nor change the organization, nor sign anybody else in. The application's server can end it, through the Backend API."),
            Self::VisitorIsAsked => shown(403, "agent_task_confirmation_required", "confirmation required", "This link opens only where its visitor agrees. Open it in a browser, in a window of its own: a page there says who would be signed in as whom. The ticket was not used."),
            Self::PasswordIncorrect => shown(422, "incorrect_password", "incorrect password", "This is not the user's password.").about("password"),
            Self::PasswordNotSet => shown(400, "no_password_set", "no password set", "This user has no password."),
            Self::LastIdentifier => shown(400, "identification_deletion_failed", "deletion failed", "This is the user's last verified identifier; add another one first."),
            Self::Organization(why) => why.shown(),
            Self::Invitation(why) => why.shown(),
            Self::RedirectInvalid(why) => shown(422, "invalid_redirect_url", "invalid redirect URL", format!("The redirect URL {why}.")).about("redirect_url"),
            Self::RedirectScheme => shown(422, "prohibited_redirect_url", "prohibited scheme", "The redirect URL must begin with https:// (a development instance also takes http://).").about("redirect_url"),
            Self::RedirectForeign(origin) => shown(422, "redirect_url_domain_mismatch", "redirect not allowed", format!("{origin} is not an origin this instance may redirect to. Start it with --allow-origin {origin} if it should be.")).about("redirect_url"),
            Self::HandshakeInvalid(why) => shown(400, "invalid_handshake", "invalid handshake", format!("The handshake cannot be answered: {why}.")),
            Self::NotRenewed(why) => why.shown(),
            Self::Config(why) => shown(500, "internal_clerk_error", "configuration error", why.clone()),
            Self::Unavailable(_) => shown(503, "service_unavailable", "service unavailable", "Nothing was changed. Try again; if it persists, the server's log says why."),
            Self::Overloaded => shown(503, "service_unavailable", "too busy", "More is asked than can be answered now. Nothing was changed. Try again in a moment."),
            Self::Unsettled(_) => shown(503, "service_unavailable", "outcome unknown", "Whether this was done is not known: the database did not confirm it. With the same Idempotency-Key it is safe to ask again; without one, look first."),
            Self::TooSlow(seconds) => shown(503, "service_unavailable", "outcome unknown", format!("There was no answer within {seconds} s. Whether this was done is not known. With the same Idempotency-Key it is safe to ask again; without one, look first.")),
            Self::ClockBehind(seconds) => shown(503, "service_unavailable", "clock set back", format!("This server's clock is {seconds} s behind what its database has seen, and what had expired would open again. Set the clock right.")),
            Self::Conflict(_) | Self::Bug(_) => shown(500, "internal_clerk_error", "internal error", "Something went wrong on this server. The trace id finds the cause in its log."),
        }
    }

    /// The same about one of many things that came in one body. A fault is about none of them.
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        match self {
            fault if fault.is_fault() => fault,
            Self::Within(inner, why) => Self::Within(format!("{place}.{inner}"), why),
            refused => Self::Within(place.to_owned(), Box::new(refused)),
        }
    }

    /// Seconds after which the same request may pass, for the `Retry-After` header.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyRequests(seconds) => Some(*seconds),
            Self::Unavailable(_) | Self::Overloaded | Self::TooSlow(_) => Some(1),
            Self::ClockBehind(_) => Some(10),
            Self::Fault(fault) => fault.retry_after(),
            _ => None,
        }
    }

    /// Whether this is about a credential that was never given out. What such a one is about nobody knows, so they are
    /// recorded by number.
    pub fn is_unknown_credential(&self) -> bool {
        matches!(
            self,
            Self::KeyInvalid
                | Self::ProxyKeyInvalid
                | Self::TicketInvalid
                | Self::Unproven(Unproven::IdentifierUnknown)
        )
    }

    /// Whether a secret key or a ticket was shown that opens nothing, or nothing any more: what guessing looks like.
    pub fn is_refused_credential(&self) -> bool {
        matches!(
            self,
            Self::KeyInvalid
                | Self::ProxyKeyInvalid
                | Self::TicketInvalid
                | Self::TicketExpired
                | Self::TaskAlreadyUsed
                | Self::TaskRevoked
                | Self::TaskCannotBeUsed(_)
                | Self::SignInTokenAlreadyUsed
                | Self::SignInTokenRevoked
                | Self::ActorTokenAlreadyUsed
                | Self::ActorTokenRevoked
        )
    }

    /// Whether somebody guessed: a password or a code, wrongly, or who there is.
    pub fn is_guess(&self) -> bool {
        match self {
            Self::Unproven(why) => why.is_guess(),
            Self::IdentifierExists(_) => true,
            _ => false,
        }
    }

    /// Whether the fault is ours: such errors are logged with their cause, and the cause is not shown.
    pub fn is_fault(&self) -> bool {
        matches!(
            self,
            Self::Config(_)
                | Self::Unavailable(_)
                | Self::Overloaded
                | Self::Unsettled(_)
                | Self::TooSlow(_)
                | Self::ClockBehind(_)
                | Self::Conflict(_)
                | Self::Bug(_)
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(why)
            | Self::Unavailable(why)
            | Self::Unsettled(why)
            | Self::Conflict(why)
            | Self::Bug(why) => f.write_str(why),
            refused => f.write_str(&refused.shown().long_message),
        }
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
