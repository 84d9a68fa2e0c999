//! Why an expired token is not renewed. Part of the one table, see [`super::Error`].

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
    /// Clerk's code and our sentence.
    pub(super) fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::OriginInvalid => (
                "refresh_request_origin_invalid",
                "The request_origin is not an origin.",
            ),
            Self::OriginMismatch => (
                "refresh_request_origin_azp_mismatch",
                "The expired token belongs to another origin.",
            ),
            Self::TokenInvalid => (
                "expired_session_token_invalid",
                "The expired token is not one of this instance.",
            ),
            Self::SessionMissing => (
                "expired_session_token_missing_sid",
                "The expired token names no session.",
            ),
            Self::SessionMismatch => (
                "refresh_sid_mismatch",
                "The expired token belongs to another session.",
            ),
            Self::OriginMissing => (
                "expired_session_token_missing_azp",
                "The expired token names no origin.",
            ),
            Self::IssuedAtMissing => (
                "session_refresh_expired_session_token_missing_iat",
                "The expired token does not say when it was issued.",
            ),
            Self::TooOld => (
                "session_refresh_expired_session_token_too_old",
                "The expired token is too old.",
            ),
            Self::Consumed => (
                "session_refresh_expired_session_token_consumed",
                "This token, or a newer one, was exchanged before.",
            ),
            Self::RefreshTokenUnknown => (
                "refresh_token_not_found",
                "The refresh token does not belong to this session.",
            ),
            Self::SessionUnknown => (
                "session_refresh_session_not_found",
                "There is no such session.",
            ),
            Self::UserUnknown => (
                "session_refresh_user_not_found",
                "The session's user is gone.",
            ),
            Self::SessionInactive => ("session_refresh_inactive_session", "The session is over."),
        }
    }
}
