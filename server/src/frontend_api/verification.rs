//! `/v1/client/sessions/{id}/verify` (spec paths of the same name): a page's user proves again who they are. The session of an
//! agent is not its user's to prove.

use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;

use super::asked::Asked;
use super::client::{Seen, own_session};
use super::evidence;
use crate::app::App;
use crate::caller::Caller;
use crate::clients;
use crate::db::{Read, Write};
use crate::error::{Error, Result, Unproven};
use crate::id::SessionId;
use crate::organizations::{self, Person};
use crate::sessions::{self, Proof, Session};
use crate::sign_ins;
use crate::users;
use crate::views;
use crate::wire::{Answer, Browser};
use crate::word::words;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/client/sessions/{id}/verify", post(begin))
        .route(
            "/v1/client/sessions/{id}/verify/prepare_first_factor",
            post(prepare),
        )
        .route(
            "/v1/client/sessions/{id}/verify/attempt_first_factor",
            post(attempt),
        )
        .route(
            "/v1/client/sessions/{id}/verify/prepare_second_factor",
            post(second_factor),
        )
        .route(
            "/v1/client/sessions/{id}/verify/attempt_second_factor",
            post(second_factor),
        )
}

words! {
    /// How much a page wants to be proven. Nobody here has a second factor, so it is always the first.
    enum Level {
        First = "first_factor",
        Second = "second_factor",
        Multi = "multi_factor",
    }
}

/// What became of a call.
struct Outcome {
    session: Session,
    person: Person,
    proof: Option<Proof>,
    seen: Seen,
}

impl Outcome {
    fn of(tx: &mut Read<'_>, session: Session, now: crate::clock::Time) -> Result<Self> {
        let proof = match sessions::proof(tx, &session.id, now) {
            Err(Error::Unproven(Unproven::ProofMissing)) => None,
            proof => Some(proof?),
        };
        let client = clients::get(tx, &session.client_id)?;
        Ok(Self {
            person: organizations::person(tx, &session, now)?,
            seen: Seen::of(tx, client, now)?,
            proof,
            session,
        })
    }

    async fn answer(&self, app: &App, origin: Option<&str>, now: crate::clock::Time) -> Answer {
        let session = own_session(app, &self.session, &self.person, origin, now).await?;
        let stage = app.instance.stage;
        let view = views::session_proof(&self.person.profile, self.proof.as_ref(), &session, stage);
        let client = self.seen.view(app, origin, now).await?;
        Ok(Json(json!({ "response": view, "client": client })))
    }
}

/// The session `id` of a browser, in which its user acts.
fn own(
    tx: &mut Read<'_>,
    browser: &Browser,
    id: &SessionId,
    now: crate::clock::Time,
) -> Result<Session> {
    let session = sessions::own(tx, &browser.credentials, id, now)?;
    if session.actor.is_some() {
        return Err(Error::UserReadOnly);
    }
    Ok(session)
}

/// Changes the proof that is under way, and shows it.
async fn change(
    app: &App,
    id: String,
    browser: Browser,
    by: Caller,
    with: impl Fn(&mut Write<'_>, &Session) -> Result<()> + Send + 'static,
) -> Answer {
    let (id, now, origin) = (SessionId::from(id), by.at, browser.origin.clone());
    let outcome = app.db.write(by, move |tx| {
        let session = own(tx, &browser, &id, now)?;
        tx.acts_as(session.acting());
        with(tx, &session)?;
        Outcome::of(tx, session, now)
    });
    outcome.await?.answer(app, origin.as_deref(), now).await
}

async fn begin(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, mut params): Asked,
) -> Answer {
    params
        .word::<Level>("level")?
        .ok_or(Error::ParamMissing("level"))?;
    params.finish()?;
    change(&app, id, browser, by, sessions::begin_proof).await
}

async fn prepare(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, mut params): Asked,
) -> Answer {
    let strategy = evidence::strategy(&mut params)?;
    let kind = strategy.kind().filter(|_| !strategy.resets());
    let kind = kind.ok_or(Error::StrategyUnknown)?;
    let named = evidence::identifier(&mut params, kind)?;
    evidence::finish(params)?;
    let stage = app.instance.stage;
    change(&app, id, browser, by, move |tx, session| {
        let (profile, now) = (users::profile(tx, &session.user_id)?, tx.now());
        let prepared = sign_ins::prepare(&profile, strategy, named.as_ref(), stage, now)?;
        sessions::prepare_proof(tx, session, &prepared.identifier)
    })
    .await
}

async fn attempt(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, mut params): Asked,
) -> Answer {
    let given = evidence::Given::read(&mut params)?;
    evidence::finish(params)?;
    let (id, now, origin) = (SessionId::from(id), by.at, browser.origin.clone());
    let (asking, asked) = (browser.clone(), id.clone());
    let (user, proof) = app
        .db
        .read(move |tx| {
            let session = own(tx, &asking, &asked, now)?;
            let user = users::get(tx, &session.user_id)?;
            user.standing().may_sign_in(now)?;
            Ok((user, sessions::proof(tx, &asked, now)?))
        })
        .await?;
    app.limiters.identifiers.check(&user.id.to_string())?;
    let evidence = match given {
        evidence::Given::Password(password) => {
            evidence::of_password(&user, password, Unproven::PasswordWrong).await?
        }
        evidence::Given::Code(strategy, _) if strategy.resets() => {
            return Err(Error::StrategyUnknown);
        }
        evidence::Given::Code(_, code) => evidence::of_code(&app, proof.expects_code()?, code),
    };
    let proven = app.db.write(by, move |tx| {
        let session = own(tx, &browser, &id, now)?;
        tx.acts_as(session.acting());
        Ok(match sessions::prove(tx, &session, &evidence)? {
            Ok(session) => Ok(Outcome::of(tx, session, now)?),
            Err(refusal) => Err(refusal),
        })
    });
    proven.await??.answer(&app, origin.as_deref(), now).await
}

/// Second factors are out of scope: nobody here has one.
async fn second_factor(State(app): State<App>, Path(id): Path<String>, browser: Browser) -> Answer {
    let (id, now) = (SessionId::from(id), app.now());
    app.db.read(move |tx| own(tx, &browser, &id, now)).await?;
    Err(Unproven::NoSecondFactor.into())
}
