//! Settings of the instance in a seed: what `PATCH /v1/instance` and the calls below it take, the claims of session tokens,
//! and the lists of who may sign up.

use serde_json::{Map, Value, json};

use super::super::{instance, organizations::settings as of_organizations};
use super::{Outcome, Thing, is_so, roles, without};
use crate::app::App;
use crate::claims::{self, Kind, Template};
use crate::clock::Time;
use crate::db::{Page, Read, Write};
use crate::error::{Error, Result};
use crate::id::ListedId;
use crate::organizations::{self, SettingsChange};
use crate::settings::{self, Change};
use crate::sign_ups::restrictions::{self, LISTED_MAX, List, Listed};
use crate::wire::Params;

struct Settings {
    wanted: Map<String, Value>,
    change: Change,
    organizations: Option<Organizations>,
}

struct Organizations {
    wanted: Map<String, Value>,
    change: SettingsChange,
    creator_role: Option<String>,
    domains_default_role: Option<String>,
}

const OF_ORGANIZATIONS: &str = "organization_settings";

pub(super) fn settings(app: &App, given: Map<String, Value>, _: Time) -> Result<Box<dyn Thing>> {
    let mut wanted = given.clone();
    let mut params = Params::from(given);
    let of_organizations = params.object(OF_ORGANIZATIONS)?;
    wanted.remove(OF_ORGANIZATIONS);
    let mut restricting = Params::from(params.object("restrictions")?.unwrap_or_default());
    let restrictions = instance::restrictions(&mut restricting);
    let restrictions = restrictions.and_then(|change| restricting.finish().map(|()| change));
    let restrictions = restrictions.map_err(|error| error.within("restrictions"))?;
    if let Some(Value::Object(restrictions)) = wanted.remove("restrictions") {
        wanted.extend(restrictions);
    }
    let change = instance::change(app, &mut params)?;
    params.finish()?;
    if let Some(address) = &change.support_email {
        wanted.insert(
            "support_email".into(),
            json!(address.as_deref().unwrap_or_default()),
        );
    }
    let organizations = of_organizations.map(organization_settings).transpose();
    Ok(Box::new(Settings {
        wanted,
        change: Change {
            support_email: change.support_email,
            preferred: change.preferred,
            ..restrictions
        },
        organizations: organizations.map_err(|error| error.within(OF_ORGANIZATIONS))?,
    }))
}

fn organization_settings(given: Map<String, Value>) -> Result<Organizations> {
    let mut params = Params::from(given.clone());
    let (creator_role, domains_default_role) = (
        params.text("creator_role")?,
        params.text("domains_default_role")?,
    );
    for by_id in ["creator_role_id", "domains_default_role_id"] {
        params.absent(
            by_id,
            "roles are named by their keys here, as creator_role and domains_default_role",
        )?;
    }
    let change = of_organizations::change(&mut params)?;
    params.finish()?;
    Ok(Organizations {
        wanted: given,
        change,
        creator_role,
        domains_default_role,
    })
}

impl Thing for Settings {
    fn bring(&self, _: &App, tx: &mut Write<'_>) -> Result<Outcome> {
        let mut changed = false;
        if !is_so(&self.wanted, &shown(&settings::get(tx)?)) {
            settings::update(tx, &self.change)?;
            changed = true;
        }
        if let Some(organizations) = &self.organizations {
            let brought = organizations.bring(tx);
            changed |= brought.map_err(|error| error.within(OF_ORGANIZATIONS))?;
        }
        Ok(Outcome::changed(changed))
    }
}

impl Organizations {
    fn bring(&self, tx: &mut Write<'_>) -> Result<bool> {
        if is_so(
            &self.wanted,
            &shown_organizations(&organizations::settings(tx)?),
        ) {
            return Ok(false);
        }
        let role = |tx: &mut Write<'_>, param, key: &Option<String>| {
            let id = key.as_deref().map(|key| roles::id(tx, key)).transpose();
            id.map_err(|error| error.within(param))
        };
        let change = SettingsChange {
            creator_role: role(tx, "creator_role", &self.creator_role)?,
            domains_default_role: role(tx, "domains_default_role", &self.domains_default_role)?,
            ..self.change.clone()
        };
        organizations::update_settings(tx, &change)?;
        Ok(true)
    }
}

/// What is so in any case is shown too, for a body that says it.
fn shown(settings: &settings::Settings) -> Value {
    json!({
        "support_email": settings.support_email.as_deref().unwrap_or_default(),
        "preferred_sign_in_strategy_when_password_required": settings.preferred,
        "allowlist": settings.allowlist,
        "blocklist": settings.blocklist,
        "block_email_subaddresses": settings.block_email_subaddresses,
    })
}

fn shown_organizations(settings: &organizations::Settings) -> Value {
    json!({
        "enabled": settings.enabled,
        "max_allowed_memberships": settings.max_allowed_memberships,
        "admin_delete_enabled": settings.admin_delete_enabled,
        "domains_enabled": settings.domains_enabled,
        "slug_disabled": settings.slug_disabled,
        "force_organization_selection": settings.force_organization_selection,
        "creator_role": settings.creator_role_key,
        "domains_default_role": settings.domains_default_role_key,
    })
}

pub(super) fn write_settings(tx: &mut Read<'_>) -> Result<Value> {
    let mut all = without(shown(&settings::get(tx)?), &[("support_email", "".into())]);
    let mut restrictions = Map::new();
    for name in ["allowlist", "blocklist", "block_email_subaddresses"] {
        let on = all.as_object_mut().and_then(|all| all.remove(name));
        restrictions.insert(name.into(), on.into());
    }
    all["restrictions"] = restrictions.into();
    all[OF_ORGANIZATIONS] = shown_organizations(&organizations::settings(tx)?);
    Ok(all)
}

struct Claims(Map<String, Value>, Template);

pub(super) fn claims(_: &App, given: Map<String, Value>, _: Time) -> Result<Box<dyn Thing>> {
    let template = Template::new(Kind::Session, &given)?;
    Ok(Box::new(Claims(given, template)))
}

impl Thing for Claims {
    fn bring(&self, app: &App, tx: &mut Write<'_>) -> Result<Outcome> {
        let now = tx.now();
        if claims::get(tx)?.claims == self.0 {
            return Ok(Outcome::Same);
        }
        app.try_claims(tx, &self.1, None, now)?;
        claims::set(tx, &self.0)?;
        Ok(Outcome::Changed)
    }
}

pub(super) fn write_claims(tx: &mut Read<'_>) -> Result<Value> {
    Ok(claims::get(tx)?.claims.into())
}

struct OnList(List, Listed);

pub(super) fn allowed(_: &App, given: Map<String, Value>, at: Time) -> Result<Box<dyn Thing>> {
    on_list(List::Allow, given, at)
}

pub(super) fn blocked(_: &App, given: Map<String, Value>, at: Time) -> Result<Box<dyn Thing>> {
    on_list(List::Block, given, at)
}

fn on_list(list: List, given: Map<String, Value>, at: Time) -> Result<Box<dyn Thing>> {
    let mut params = Params::from(given);
    let (kind, identifier) = restrictions::read(&params.required_text("identifier", 320)?)?;
    params.finish()?;
    let new = Listed {
        id: ListedId::new(at),
        identifier,
        kind,
        created_at: at,
    };
    Ok(Box::new(OnList(list, new)))
}

impl Thing for OnList {
    fn bring(&self, _: &App, tx: &mut Write<'_>) -> Result<Outcome> {
        let Self(list, new) = self;
        match restrictions::add(tx, *list, new) {
            Ok(()) => Ok(Outcome::Made),
            Err(Error::AlreadyListed(_)) => Ok(Outcome::Same),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn write_allowed(tx: &mut Read<'_>) -> Result<Vec<Value>> {
    write_list(tx, List::Allow)
}

pub(super) fn write_blocked(tx: &mut Read<'_>) -> Result<Vec<Value>> {
    write_list(tx, List::Block)
}

fn write_list(tx: &mut Read<'_>, list: List) -> Result<Vec<Value>> {
    let whole = Page {
        limit: LISTED_MAX,
        offset: 0,
    };
    let mut found = restrictions::listed(tx, list, whole)?;
    found.sort_by(|a, b| a.identifier.cmp(&b.identifier));
    let shown = |one: &Listed| json!({ "identifier": one.identifier });
    Ok(found.iter().map(shown).collect())
}
