//! Why an expired token is not renewed. Part of the one table, see [`super::Error`].

use super::{Shown, shown};

/// Why an expired session token is not exchanged for a new one. SDKs put the code into the handshake they fall back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRenewed {
    /// The page's origin is not one.
    OriginInvalid,
    /// The page's origin is not the one the expired token was made for.
    OriginMismatch,
    /// The expired token was not signed here.
    TokenInvalid,
    /// The expired token names no session.
    SessionMissing,
    /// The expired token names another session.
    SessionMismatch,
    /// The expired token names no origin.
    OriginMissing,
    /// The expired token does not say when it was issued.
    IssuedAtMissing,
    /// The expired token was issued too long ago.
    TooOld,
    /// The expired token, or a newer one, was exchanged before.
    Consumed,
    /// The refresh token does not belong to the session.
    RefreshTokenUnknown,
    /// There is no such session.
    SessionUnknown,
    /// The session's user is gone.
    UserUnknown,
    /// The session is over.
    SessionInactive,
}

impl NotRenewed {
    #[rustfmt::skip]
    pub(super) fn shown(self) -> Shown {
        match self {
            Self::OriginInvalid => shown(401, "refresh_request_origin_invalid", "session token not renewed", "The request_origin is not an origin."),
            Self::OriginMismatch => shown(401, "refresh_request_origin_azp_mismatch", "session token not renewed", "The expired token belongs to another origin."),
            Self::TokenInvalid => shown(401, "expired_session_token_invalid", "session token not renewed", "The expired token is not one of this instance."),
            Self::SessionMissing => shown(401, "expired_session_token_missing_sid", "session token not renewed", "The expired token names no session."),
            Self::SessionMismatch => shown(401, "refresh_sid_mismatch", "session token not renewed", "The expired token belongs to another session."),
            Self::OriginMissing => shown(401, "expired_session_token_missing_azp", "session token not renewed", "The expired token names no origin."),
            Self::IssuedAtMissing => shown(401, "session_refresh_expired_session_token_missing_iat", "session token not renewed", "The expired token does not say when it was issued."),
            Self::TooOld => shown(401, "session_refresh_expired_session_token_too_old", "session token not renewed", "The expired token is too old."),
            Self::Consumed => shown(401, "session_refresh_expired_session_token_consumed", "session token not renewed", "This token, or a newer one, was exchanged before."),
            Self::RefreshTokenUnknown => shown(401, "refresh_token_not_found", "session token not renewed", "The refresh token does not belong to this session."),
            Self::SessionUnknown => shown(401, "session_refresh_session_not_found", "session token not renewed", "There is no such session."),
            Self::UserUnknown => shown(401, "session_refresh_user_not_found", "session token not renewed", "The session's user is gone."),
            Self::SessionInactive => shown(401, "session_refresh_inactive_session", "session token not renewed", "The session is over."),
        }
    }
}
