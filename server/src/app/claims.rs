//! Custom claims on their way into tokens, and into the instance's setting.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::App;
use crate::caller::Caller;
use crate::claims::{self, Custom, Kind, Sample, Setting, Template};
use crate::clock::Time;
use crate::cookie::Cookie;
use crate::db::Read;
use crate::error::{ClaimsError, Error, Result};
use crate::handshake::{self, Form, Payload, SignedIn};
use crate::id::UserId;
use crate::jwt_templates::{JwtTemplate, Ready};
use crate::sessions::Session;
use crate::tokens::{Audience, Subject, TOKEN_MAX, carried};

/// How large session tokens are with some claims, in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Sizes {
    /// For the user who was asked for.
    pub(crate) given: Option<usize>,
    /// In the middle of all users who were tried.
    pub(crate) typical: usize,
    /// The largest of them.
    pub(crate) largest: usize,
    /// Whose that is, where it makes a difference who it is.
    pub(crate) largest_user: Option<UserId>,
}

impl App {
    /// What a session's tokens say beside the claims that all have. Where the instance has no custom claims this asks nobody.
    pub(crate) async fn custom(&self, session: &Session) -> Result<Custom> {
        if session.claims_revision == 0 {
            return Ok(Custom::default());
        }
        let (app, session) = (self.clone(), session.clone());
        self.db.read(move |tx| app.custom_in(tx, &session)).await
    }

    /// The same in a transaction.
    fn custom_in(&self, tx: &mut Read<'_>, session: &Session) -> Result<Custom> {
        let revision = session.claims_revision;
        let template = match self.session_claims.at(revision) {
            Some(template) => template,
            None => self.compile(tx)?,
        };
        claims::fill(tx, &template, session, &self.instance)
    }

    fn compile(&self, tx: &mut Read<'_>) -> Result<Arc<Template>> {
        let setting = claims::get(tx)?;
        let template = Arc::new(Template::new(Kind::Session, &setting.claims)?);
        self.session_claims.keep(setting.revision, template.clone());
        Ok(template)
    }

    /// A session token.
    pub(crate) async fn token(
        &self,
        session: &Session,
        audience: Audience<'_>,
        now: Time,
    ) -> Result<String> {
        let custom = &self.custom(session).await?;
        self.issuer()
            .mint(Subject { session, custom }, audience, now)
    }

    /// The cookies that a payload stands for, with what the session's tokens say now.
    pub(crate) async fn directives(
        &self,
        payload: &Payload,
        found: Option<&SignedIn>,
        now: Time,
    ) -> Result<Vec<Cookie>> {
        let custom = match found {
            Some(found) => self.custom(&found.session).await?,
            None => Custom::default(),
        };
        let found = found.map(|found| (found, &custom));
        payload.directives(self.issuer(), found, now)
    }

    /// What travels of a payload; the long form with the session token under the name that the SDK reads, where both do not fit.
    pub(crate) async fn payload_text(
        &self,
        payload: &Payload,
        (form, suffixed): (Form, bool),
        now: Time,
    ) -> Result<String> {
        match form {
            Form::Nonce => payload.seal(&self.master_key),
            Form::Token => {
                let arriving = payload.clone();
                let found = self.db.read(move |tx| arriving.find(tx, now)).await?;
                let directives = self.directives(payload, found.as_ref(), now).await?;
                handshake::token(
                    &self.instance,
                    &self.keys.signing(now),
                    &directives,
                    suffixed,
                )
            }
        }
    }

    /// A token by a JWT template.
    pub(crate) async fn token_by(
        &self,
        template: &JwtTemplate,
        session: &Session,
        audience: Audience<'_>,
        now: Time,
    ) -> Result<String> {
        let ready: Arc<Ready> = self.templates.ready(template, &self.master_key)?;
        let (app, claims, of) = (self.clone(), ready.claims.clone(), session.clone());
        let filled = self
            .db
            .read(move |tx| claims::fill(tx, &claims, &of, &app.instance));
        let custom = &filled.await?;
        self.issuer()
            .mint_by(&ready, Subject { session, custom }, audience, now)
    }

    /// Refuses to sign somebody in whose token no cookie could carry.
    ///
    /// # Errors
    /// [`ClaimsError::TokenTooLarge`].
    pub(crate) fn check_token(
        &self,
        tx: &mut Read<'_>,
        session: &Session,
        now: Time,
    ) -> Result<()> {
        if session.claims_revision == 0 {
            return Ok(());
        }
        let custom = &self.custom_in(tx, session)?;
        let bytes = self.issuer().measure(Subject { session, custom }, now)?;
        carried(session, bytes)
    }

    /// Sets the custom claims of session tokens, after trying them on users: on `given`, on those with the most in their fields,
    /// and on the newest.
    ///
    /// # Errors
    /// [`ClaimsError::NotCarried`] where somebody's token would not fit into a cookie, and what [`Template::new`] refuses;
    /// [`Error::NotFound`] for a given user who is not there.
    pub(crate) async fn set_session_claims(
        &self,
        by: Caller,
        claims: Map<String, Value>,
        given: Option<UserId>,
    ) -> Result<(Setting, Sizes)> {
        let template = Template::new(Kind::Session, &claims)?;
        let now = by.at;
        let app = self.clone();
        let tried = move |tx: &mut Read<'_>| app.try_claims(tx, &template, given.as_ref(), now);
        let sizes = self.db.search(tried).await?;
        let setting = self
            .db
            .write(by, move |tx| claims::set(tx, &claims))
            .await?;
        Ok((setting, sizes))
    }

    /// Tries claims on users, as [`App::set_session_claims`] does.
    pub(crate) fn try_claims(
        &self,
        tx: &mut Read<'_>,
        template: &Template,
        given: Option<&UserId>,
        now: Time,
    ) -> Result<Sizes> {
        let survey = claims::survey(tx, template, given, &self.instance, now)?;
        let measure = |sample: &Sample| {
            let Sample { session, custom } = sample;
            let bytes = self.issuer().measure(Subject { session, custom }, now)?;
            Ok((bytes, session.user_id.clone()))
        };
        let given = survey.given.as_ref().map(measure).transpose()?;
        let tried: Result<Vec<_>> = survey.users.iter().map(measure).collect();
        let mut tried = tried?;
        tried.extend(given.clone());
        tried.sort();
        let middle = tried.get(tried.len() / 2).map(|(bytes, _)| *bytes);
        let largest = tried.pop();
        let sizes = Sizes {
            given: given.map(|(bytes, _)| bytes),
            typical: middle.unwrap_or_default(),
            largest: largest.as_ref().map_or(0, |(bytes, _)| *bytes),
            largest_user: largest.map(|(_, user)| user),
        };
        if sizes.largest > TOKEN_MAX {
            return Err(ClaimsError::NotCarried {
                user: sizes
                    .largest_user
                    .map_or_else(|| "any user".into(), |user| user.to_string()),
                bytes: sizes.largest,
                max: TOKEN_MAX,
            }
            .into());
        }
        Ok(sizes)
    }

    /// Takes over the claims that the server was started with, if it was and they are others than those that are set.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub(crate) async fn take_over_claims(&self) -> Result<()> {
        let Some(claims) = self.config.session_claims.clone() else {
            return Ok(());
        };
        let unfit = |error: Error| match error {
            broken if broken.is_fault() => broken,
            refused => Error::Config(format!("the custom claims do not work: {refused}")),
        };
        Template::new(Kind::Session, &claims).map_err(unfit)?;
        if self.db.read(claims::get).await?.claims == claims {
            return Ok(());
        }
        let by = Caller::internal("standin", self.now());
        self.set_session_claims(by, claims, None)
            .await
            .map(|_| ())
            .map_err(unfit)
    }
}
