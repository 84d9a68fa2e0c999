//! What a page shows to prove who its user is, made ready for the house: checking a password takes long and is done before the
//! write.

use crate::app::App;
use crate::error::{Error, Result, Unproven};
use crate::id::IdentifierId;
use crate::passwords;
use crate::secret::Secret;
use crate::sign_ins::Strategy;
use crate::users::{Evidence, IdentifierKind, User};
use crate::wire::Params;
use crate::word::Word as _;

/// The longest password that is looked at, in characters.
const PASSWORD_MAX: usize = 1024;

/// A password as a body gives it.
pub(super) fn password(params: &mut Params, name: &'static str) -> Result<Secret> {
    params.required_text(name, PASSWORD_MAX).map(Secret::from)
}

/// Why no code is taken where an attempt begins.
pub(super) const CODE_LATER: &str = "a code is given once it was asked for";

/// What other ways to prove who one is need, and why they are not there.
const OTHER_WAYS: [(&str, &[&str]); 6] = [
    (
        "nobody is sent elsewhere to sign in, and no mail holds a link",
        &[
            "redirect_url",
            "action_complete_redirect_url",
            "oidc_login_hint",
            "oidc_prompt",
            "token",
            "transfer",
        ],
    ),
    (
        "there are no wallets",
        &[
            "web3_wallet",
            "web3_wallet_id",
            "primary_web3_wallet_id",
            "signature",
        ],
    ),
    (
        "there are no passkeys",
        &["passkey_id", "public_key_credential"],
    ),
    (
        "there are no trusted devices",
        &["trusted_device_id", "client_data", "algorithm"],
    ),
    (
        "there are no second factors",
        &["reserved_for_second_factor"],
    ),
    (
        "no robots are told from people",
        &[
            "proof_token",
            "captcha_token",
            "captcha_error",
            "captcha_widget_type",
        ],
    ),
];

/// Refuses whatever is left, with the reason where it belongs to a way that is not there.
pub(super) fn finish(mut params: Params) -> Result<()> {
    for (why, names) in OTHER_WAYS {
        for name in names {
            params.absent(name, why)?;
        }
    }
    params.finish()
}

/// The strategy that a body names.
pub(super) fn strategy(params: &mut Params) -> Result<Strategy> {
    let word = params.required_text("strategy", 64)?;
    Strategy::from_word(&word).ok_or(Error::StrategyUnknown)
}

/// A password held against that of a user; `refusal` is what a wrong one is refused with.
///
/// # Errors
/// [`Error::StrategyUnknown`] for a user without a password.
pub(super) async fn of_password(
    user: &User,
    password: Secret,
    refusal: Unproven,
) -> Result<Evidence> {
    let hash = user.password.clone().ok_or(Error::StrategyUnknown)?;
    let is_right = match passwords::verify(password, hash.clone()).await {
        Ok(()) => true,
        Err(Error::PasswordIncorrect) => false,
        Err(error) => return Err(error),
    };
    Ok(Evidence::Password {
        hash,
        is_right,
        refusal,
    })
}

/// A code for an identifier.
pub(super) fn of_code(app: &App, identifier: IdentifierId, code: String) -> Evidence {
    Evidence::Code {
        identifier,
        code,
        stage: app.instance.stage,
    }
}

/// What a body gives: a password, or a code.
pub(super) enum Given {
    Password(Secret),
    Code(Strategy, String),
}

impl Given {
    pub(super) fn read(params: &mut Params) -> Result<Self> {
        match strategy(params)? {
            Strategy::Password => password(params, "password").map(Self::Password),
            strategy => Ok(Self::Code(strategy, code(params)?)),
        }
    }
}

/// The code that a body gives.
pub(super) fn code(params: &mut Params) -> Result<String> {
    params.required_text("code", 64)
}

/// The identifier that a code shall be for, if one is named: under the name of its own kind.
pub(super) fn identifier(
    params: &mut Params,
    kind: IdentifierKind,
) -> Result<Option<IdentifierId>> {
    let name = match kind {
        IdentifierKind::EmailAddress => "email_address_id",
        IdentifierKind::PhoneNumber => "phone_number_id",
    };
    let id = params.text(name)?.filter(|id| !id.is_empty());
    Ok(id.map(IdentifierId::from))
}
