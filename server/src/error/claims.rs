//! What is refused about custom claims and JWT templates: the part of the table that speaks of them.

use super::{Error, Shown, shown};

/// Why claims, a template or a token is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimsError {
    /// A claim that the server writes itself.
    Reserved(String),
    /// Claims that are larger than they may be, in bytes.
    TooLarge {
        /// How large they are.
        bytes: usize,
        /// How large they may be.
        max: usize,
    },
    /// Claims with which a user's session token would not fit into a cookie.
    NotCarried {
        /// The user.
        user: String,
        /// How large the token would be, in bytes.
        bytes: usize,
        /// How large it may be.
        max: usize,
    },
    /// A session token that does not fit into a cookie.
    TokenTooLarge {
        /// Whose it is.
        user: String,
        /// How large it is, in bytes.
        bytes: usize,
        /// How large it may be.
        max: usize,
    },
    /// A name that another JWT template has.
    TemplateExists,
    /// A signing key that is none of its algorithm; the text says what would be.
    TemplateKey(&'static str),
}

impl From<ClaimsError> for Error {
    fn from(why: ClaimsError) -> Self {
        Self::Claims(why)
    }
}

impl ClaimsError {
    /// The row of the table.
    pub(super) fn shown(&self) -> Shown {
        match self {
            Self::Reserved(claim) => shown(400, "jwt_template_reserved_claim", "reserved claim used", format!("The claim {claim} is the server's own and cannot be set.")).about("claims"),
            Self::TooLarge { bytes, max } => shown(422, "form_param_exceeds_allowed_size", "is too large", format!("claims take {bytes} bytes or more; {max} are the most.")).about("claims"),
            Self::NotCarried { user, bytes, max } => shown(422, "form_param_exceeds_allowed_size", "is too large", format!("With these claims the session token of {user} would take {bytes} bytes, and a browser's cookie carries {max}. Name the parts of the metadata that the application needs, as in {{{{user.public_metadata.plan}}}}.")).about("claims"),
            Self::TokenTooLarge { user, bytes, max } => shown(422, "form_param_exceeds_allowed_size", "session token too large", format!("The session token of {user} takes {bytes} bytes, and a browser's cookie carries {max}. Shorten what the custom claims take from this user, or the claims (PATCH /v1/instance/session_token).")),
            Self::TemplateExists => shown(422, "form_already_exists", "already exists", "Another JWT template has this name.").about("name"),
            Self::TemplateKey(wanted) => shown(422, "form_param_value_invalid", "is not allowed", format!("signing_key must be {wanted}.")).about("signing_key"),
        }
    }
}
