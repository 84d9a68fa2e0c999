//! `/v1/instance/organization_settings` (spec path of the same name).

use axum::Json;
use axum::extract::State;

use super::form;
use crate::app::App;
use crate::caller::Caller;
use crate::error::{OrganizationError, Result};
use crate::organizations::{self, SettingsChange};
use crate::views;
use crate::wire::{Answer, Bare, Calls, FULL, Params, READ};

const PATH: &str = "/v1/instance/organization_settings";

pub(super) fn routes() -> Calls {
    Calls::new().get(READ, PATH, show).patch(FULL, PATH, update)
}

async fn show(_: Bare, State(app): State<App>) -> Answer {
    let settings = app.db.read(organizations::settings).await?;
    Ok(Json(views::organization_settings(&settings)))
}

/// `force_organization_selection` is ours: with Clerk it is set in the dashboard.
async fn update(State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    let change = change(&mut params)?;
    params.finish()?;
    let settings = app
        .db
        .write(by, move |tx| organizations::update_settings(tx, &change));
    Ok(Json(views::organization_settings(&settings.await?)))
}

pub(in crate::backend_api) fn change(params: &mut Params) -> Result<SettingsChange> {
    let modes = params.texts("domains_enrollment_modes", form::VALUES_MAX)?;
    if let Some(mode) = modes.into_iter().find(|mode| mode != "manual_invitation") {
        return Err(OrganizationError::EnrollmentMode(mode).into());
    }
    Ok(SettingsChange {
        enabled: params.boolean("enabled")?,
        max_allowed_memberships: form::max_members(params)?,
        admin_delete_enabled: params.boolean("admin_delete_enabled")?,
        domains_enabled: params.boolean("domains_enabled")?,
        slug_disabled: params.boolean("slug_disabled")?,
        force_organization_selection: params.boolean("force_organization_selection")?,
        creator_role: params.text("creator_role_id")?.map(Into::into),
        domains_default_role: params.text("domains_default_role_id")?.map(Into::into),
    })
}
