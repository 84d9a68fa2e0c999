//! `/v1/sign_in_tokens` (spec paths `/sign_in_tokens`, `/sign_in_tokens/{sign_in_token_id}/revoke`).

use axum::extract::{Path, State};

use crate::app::App;
use crate::caller::Caller;
use crate::db::Write;
use crate::error::{Error, Result};
use crate::id::{OrganizationId, SignInTokenId, UserId};
use crate::secret::Secret;
use crate::sign_in_tokens::{self, Kind, NewSignInToken};
use crate::views;
use crate::wire::{Answer, Calls, FULL, Params};

pub(super) fn routes() -> Calls {
    Calls::new().post(FULL, "/v1/sign_in_tokens", create).post(
        FULL,
        "/v1/sign_in_tokens/{id}/revoke",
        revoke,
    )
}

/// Life of a token where the request names none, in seconds (spec: 30 days), and the longest, ten years.
const LIFE: i64 = 2_592_000;
const LONGEST: i64 = 315_360_000;

async fn create(State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    let user = UserId::from(params.required_text("user_id", 64)?);
    let seconds = params.integer("expires_in_seconds")?.unwrap_or(LIFE);
    if !(1..=LONGEST).contains(&seconds) {
        return Err(Error::ParamValue(
            "expires_in_seconds",
            format!("between 1 and {LONGEST}"),
        ));
    }
    // The description says `org_id`; the other name is that of every other call.
    let organization = organization(&mut params)?;
    params.finish()?;
    let token = Secret::random();
    let new = NewSignInToken {
        id: SignInTokenId::new(by.at),
        user,
        token: token.digest(),
        seconds,
        organization,
        actor: None,
    };
    let url = app.instance.link(&token);
    let create = move |tx: &mut Write<'_>| sign_in_tokens::create(tx, &new);
    app.answer(by, create, move |_, made| {
        views::sign_in_token(made, Some((token.expose(), &url)))
    })
    .await
}

/// `org_id` or `organization_id`.
fn organization(params: &mut Params) -> Result<Option<OrganizationId>> {
    let (short, long) = (params.text("org_id")?, params.text("organization_id")?);
    if short.is_some() && long.is_some() {
        return Err(Error::ParamConflict("org_id", "organization_id"));
    }
    let given = short.or(long).filter(|id| !id.is_empty());
    Ok(given.map(Into::into))
}

async fn revoke(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let id = SignInTokenId::from(id);
    let revoke = move |tx: &mut Write<'_>| sign_in_tokens::revoke(tx, &id, Kind::SignIn);
    app.answer(by, revoke, |_, token| views::sign_in_token(token, None))
        .await
}
