//! Why a request is not signed in, in the words that Clerk's SDKs use for it.

use std::borrow::Cow;
use std::fmt;

/// Why a request is signed out, or is sent to the Frontend API to find out.
///
/// The texts ([`as_str`](Reason::as_str)) are those of Clerk's SDKs; they travel in the handshake's address and in the
/// header `x-clerk-auth-reason`, where both servers and people look for them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Development: the browser has no dev browser yet.
    DevBrowserMissing,
    /// Development: the address brings a dev browser that may differ from the one in the cookies.
    DevBrowserSync,
    /// Nobody: neither a session token nor the sign of a client that has one.
    SessionTokenAndUatMissing,
    /// A session token, but the client says that it is signed out.
    SessionTokenButNoClientUat,
    /// The client says that it is signed in, but there is no session token.
    ClientUatButNoSessionToken,
    /// The client's sessions changed after the token was issued.
    SessionTokenIatBeforeClientUat,
    /// The token is expired, and was not renewed for the reason given.
    SessionTokenExpired(NotRenewed),
    /// The token is not valid yet: some clock is wrong by more than the allowed skew.
    SessionTokenNbf,
    /// The token was issued in the future: some clock is wrong by more than the allowed skew.
    SessionTokenIatInTheFuture,
    /// The handshake ended without a session.
    SessionTokenMissing,
    /// A page of another site led here; its instance may have signed somebody in meanwhile.
    PrimaryDomainCrossOriginSync,
    /// A token of another class, signed by the same instance: made for a machine or from a template.
    TokenTypeMismatch,
    /// Not a token, or one with a header that no session token has.
    TokenInvalid,
    /// Signed with another algorithm than RS256.
    TokenInvalidAlgorithm,
    /// Not signed by the key it names.
    TokenInvalidSignature,
    /// Made for an application (`azp`) that is not among the authorized parties.
    TokenInvalidAuthorizedParties,
    /// Signed, but its claims are not those of a session.
    TokenVerificationFailed,
    /// The instance has no key with this name.
    KeyUnknown,
    /// The instance's keys could not be read.
    KeysUnavailable,
    /// The Backend API does not accept the secret key, so the instance's keys could not be read.
    SecretKeyInvalid,
    /// The `Cookie` headers are longer than 64 KiB, so none of them was read. Clerk's SDKs have no word for it.
    CookiesTooLong,
    /// There is a session, but the user has still to do something before it counts (`sts: pending`).
    SessionPending,
}

impl Reason {
    /// The reason in the words of Clerk's SDKs, as in `session-token-and-uat-missing`.
    pub fn as_str(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::DevBrowserMissing => "dev-browser-missing",
            Self::DevBrowserSync => "dev-browser-sync",
            Self::SessionTokenAndUatMissing => "session-token-and-uat-missing",
            Self::SessionTokenButNoClientUat => "session-token-but-no-client-uat",
            Self::ClientUatButNoSessionToken => "client-uat-but-no-session-token",
            Self::SessionTokenIatBeforeClientUat => "session-token-iat-before-client-uat",
            Self::SessionTokenExpired(why) => {
                return Cow::Owned(format!("session-token-expired-refresh-{}", why.as_str()));
            }
            Self::SessionTokenNbf => "session-token-nbf",
            Self::SessionTokenIatInTheFuture => "session-token-iat-in-the-future",
            Self::SessionTokenMissing => "session-token-missing",
            Self::PrimaryDomainCrossOriginSync => "primary-domain-cross-origin-sync",
            Self::TokenTypeMismatch => "token-type-mismatch",
            Self::TokenInvalid => "token-invalid",
            Self::TokenInvalidAlgorithm => "token-invalid-algorithm",
            Self::TokenInvalidSignature => "token-invalid-signature",
            Self::TokenInvalidAuthorizedParties => "token-invalid-authorized-parties",
            Self::TokenVerificationFailed => "token-verification-failed",
            Self::KeyUnknown => "jwk-kid-mismatch",
            Self::KeysUnavailable => "jwk-remote-failed-to-load",
            Self::SecretKeyInvalid => "secret-key-invalid",
            Self::CookiesTooLong => "cookies-too-long",
            Self::SessionPending => "session-pending",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_str())
    }
}

/// Why an expired token was not renewed without a redirect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotRenewed {
    /// Only GET requests renew: any other could be repeated by the browser after a failure.
    NotGet,
    /// The browser has no refresh cookie.
    NoRefreshCookie,
    /// There is no client for the Backend API; see [`Builder::client`](super::Builder::client).
    NoClient,
    /// The expired token names no session.
    NoSession,
    /// The Backend API was not reached.
    Unreachable,
    /// The Backend API renewed, but with a token that does not verify.
    InvalidToken,
    /// The Backend API renewed, but gave no cookies.
    Nothing,
    /// The Backend API answered something that is no refusal.
    Unreadable,
    /// The Backend API refused, with this code.
    Refused(String),
}

impl NotRenewed {
    /// The end of the reason's text, as in `non-eligible-no-refresh-cookie`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::NotGet => "non-eligible-non-get",
            Self::NoRefreshCookie => "non-eligible-no-refresh-cookie",
            Self::NoClient => "missing-api-client",
            Self::NoSession => "expired-session-token-missing-sid-claim",
            Self::Unreachable => "fetch-error",
            Self::InvalidToken => "invalid-session-token",
            Self::Nothing => "unexpected-sdk-error",
            Self::Unreadable => "unexpected-bapi-error",
            Self::Refused(code) => code,
        }
    }
}
