//! What a seed says of programs: JWT templates and agents, which are known by their names, and webhooks, which are known by
//! their addresses.

use serde_json::{Map, Value, json};

use super::super::{jwt_templates as door_of_templates, webhooks as door_of_webhooks};
use super::{Outcome, Thing, all, is_so, without};
use crate::agents;
use crate::app::App;
use crate::clock::Time;
use crate::db::{Page, Read, Write};
use crate::error::{Error, Result};
use crate::id::{AgentId, JwtTemplateId, WebhookId};
use crate::jwt_templates::{self, Algorithm, CLOCK_SKEW, LIFETIME};
use crate::secret::Secret;
use crate::webhooks::{self, Endpoint, SigningSecret};
use crate::wire::Params;
use crate::word::Word as _;

struct JwtTemplate {
    id: JwtTemplateId,
    wanted: Map<String, Value>,
    change: jwt_templates::Change,
}

pub(super) fn jwt_template(
    app: &App,
    given: Map<String, Value>,
    at: Time,
) -> Result<Box<dyn Thing>> {
    let mut wanted = given.clone();
    let change = door_of_templates::read(Params::from(given), &app.master_key)?;
    wanted.insert("name".into(), change.name.as_str().into());
    let algorithm = wanted.get("signing_algorithm").and_then(Value::as_str);
    if let (Some(algorithm), Some(Value::String(key))) = (
        algorithm.and_then(Algorithm::from_word),
        wanted.get("signing_key"),
    ) {
        let normal = algorithm.normal(key)?;
        wanted.insert("signing_key".into(), normal.into());
    }
    let id = JwtTemplateId::new(at);
    Ok(Box::new(JwtTemplate { id, wanted, change }))
}

impl Thing for JwtTemplate {
    fn bring(&self, app: &App, tx: &mut Write<'_>) -> Result<Outcome> {
        let known = match jwt_templates::named(tx, &self.change.name) {
            Ok(known) => known,
            Err(Error::NotFound(..)) => {
                jwt_templates::create(tx, &self.id, &self.change)?;
                return Ok(Outcome::Made);
            }
            Err(error) => return Err(error),
        };
        if is_so(&self.wanted, &shown_template(app, &known)?) {
            return Ok(Outcome::Same);
        }
        jwt_templates::update(tx, &known.id, &self.change)?;
        Ok(Outcome::Changed)
    }
}

fn shown_template(app: &App, template: &jwt_templates::JwtTemplate) -> Result<Value> {
    Ok(json!({
        "name": template.name,
        "claims": template.claims,
        "lifetime": template.lifetime,
        "allowed_clock_skew": template.allowed_clock_skew,
        "signing_algorithm": template.signing_algorithm,
        "custom_signing_key": template.has_own_key(),
        "signing_key": template.own_key(&app.master_key)?,
    }))
}

pub(super) fn write_jwt_templates(app: &App, tx: &mut Read<'_>) -> Result<Vec<Value>> {
    let mut found = all(tx, jwt_templates::list)?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let usual = [
        ("lifetime", LIFETIME.into()),
        ("allowed_clock_skew", CLOCK_SKEW.into()),
        ("custom_signing_key", false.into()),
        ("signing_key", Value::Null),
    ];
    let shown = |one| Ok(without(shown_template(app, one)?, &usual));
    found.iter().map(shown).collect()
}

struct Agent {
    fresh: AgentId,
    name: String,
    disabled: Option<bool>,
}

pub(super) fn agent(_: &App, given: Map<String, Value>, at: Time) -> Result<Box<dyn Thing>> {
    let mut params = Params::from(given);
    let agent = Agent {
        fresh: AgentId::new(at),
        name: params.required_name("name", 256)?,
        disabled: params.boolean("disabled")?,
    };
    params.finish()?;
    Ok(Box::new(agent))
}

impl Thing for Agent {
    fn bring(&self, _: &App, tx: &mut Write<'_>) -> Result<Outcome> {
        let one = Page {
            limit: 1,
            offset: 0,
        };
        let known = agents::list(tx, Some(&self.name), one)?.pop();
        let (agent, outcome) = match known {
            Some(known) => (known, Outcome::Same),
            None => (agents::named(tx, &self.name, &self.fresh)?, Outcome::Made),
        };
        match self.disabled {
            Some(true) if agent.disabled_at.is_none() => agents::disable(tx, &agent.id)?,
            Some(false) if agent.disabled_at.is_some() => agents::enable(tx, &agent.id)?,
            _ => return Ok(outcome),
        };
        Ok(match outcome {
            Outcome::Same => Outcome::Changed,
            made => made,
        })
    }
}

pub(super) fn write_agents(tx: &mut Read<'_>) -> Result<Vec<Value>> {
    let mut found = all(tx, |tx, page| agents::list(tx, None, page))?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let shown = |one: &agents::Agent| match one.disabled_at {
        Some(_) => json!({ "name": one.name, "disabled": true }),
        None => json!({ "name": one.name }),
    };
    Ok(found.iter().map(shown).collect())
}

struct Webhook {
    id: WebhookId,
    wanted: Map<String, Value>,
    change: webhooks::Change,
    sealed: String,
}

pub(super) fn webhook(app: &App, given: Map<String, Value>, at: Time) -> Result<Box<dyn Thing>> {
    let mut wanted = given.clone();
    let mut params = Params::from(given);
    let secret = params.text("signing_secret")?;
    let secret: Secret = match secret {
        Some(secret) => SigningSecret::given(&secret)?,
        None => SigningSecret::random(),
    };
    let change = door_of_webhooks::read(app, params)?;
    let url = change.url.as_ref().ok_or(Error::ParamMissing("url"))?;
    wanted.insert("url".into(), url.as_str().into());
    if let Some(events) = &change.events {
        wanted.insert("events".into(), events.names().collect());
    }
    Ok(Box::new(Webhook {
        id: WebhookId::new(at),
        sealed: door_of_webhooks::sealed(app, &secret)?,
        wanted,
        change,
    }))
}

impl Thing for Webhook {
    fn bring(&self, app: &App, tx: &mut Write<'_>) -> Result<Outcome> {
        let all = webhooks::list(tx)?;
        let Some(known) = all.iter().find(|one| self.wanted["url"] == one.url) else {
            webhooks::create(tx, &self.id, &self.change, &self.sealed)?;
            return Ok(Outcome::Made);
        };
        let shown = shown_webhook(app, known)?;
        if is_so(&self.wanted, &shown) {
            return Ok(Outcome::Same);
        }
        let secret = self.wanted.get("signing_secret");
        if secret.is_some_and(|secret| *secret != shown["signing_secret"]) {
            webhooks::rotate(tx, &known.id, &self.sealed)?;
        }
        webhooks::update(tx, &known.id, &self.change)?;
        Ok(Outcome::Changed)
    }
}

fn shown_webhook(app: &App, endpoint: &Endpoint) -> Result<Value> {
    Ok(json!({
        "url": endpoint.url,
        "description": endpoint.description,
        "events": endpoint.events.names().collect::<Vec<_>>(),
        "disabled": endpoint.disabled_at.is_some(),
        "signing_secret": endpoint.secret(&app.master_key)?.expose(),
    }))
}

pub(super) fn write_webhooks(app: &App, tx: &mut Read<'_>) -> Result<Vec<Value>> {
    let mut found = webhooks::list(tx)?;
    found.sort_by(|a, b| a.url.cmp(&b.url));
    let usual = [("description", "".into()), ("disabled", false.into())];
    let shown = |one| Ok(without(shown_webhook(app, one)?, &usual));
    found.iter().map(shown).collect()
}
