//! `/v1/organizations/{id}/domains` and `/v1/organization_domains` (spec paths of the same names).

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::Value;

use super::form;
use crate::app::App;
use crate::caller::Caller;
use crate::db::{Read, Write};
use crate::error::{Error, OrganizationError, Result};
use crate::id::{DomainId, OrganizationId};
use crate::organizations::{self, DomainFilter, DomainOrder};
use crate::views;
use crate::wire::{Answer, Calls, FULL, Params, READ};
use crate::word::words;

const ALL: &str = "/v1/organizations/{id}/domains";
const ONE: &str = "/v1/organizations/{id}/domains/{domain}";

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(READ, ALL, list)
        .post(FULL, ALL, create)
        .patch(FULL, ONE, update)
        .delete(FULL, ONE, delete)
        .post(
            FULL,
            "/v1/organizations/{id}/domains/{domain}/verify_ownership",
            verify,
        )
        .get(READ, "/v1/organization_domains", list_all)
}

words! {
    /// How users of a domain come in. Here: by invitation.
    enum Enrollment {
        /// By invitation.
        Manual = "manual_invitation",
        /// Each is invited by itself.
        Invitation = "automatic_invitation",
        /// To each it is suggested.
        Suggestion = "automatic_suggestion",
        /// Through the organization's own sign-in.
        Sso = "enterprise_sso",
    }
}

fn enrollment(params: &mut Params) -> Result<()> {
    match params.word::<Enrollment>("enrollment_mode")? {
        None | Some(Enrollment::Manual) => Ok(()),
        Some(mode) => Err(OrganizationError::EnrollmentMode(mode.as_str().into()).into()),
    }
}

/// Whether a filter by enrollment mode leaves anything: all domains are of the one that is served.
fn excludes_all(params: &mut Params) -> Result<bool> {
    let given = params.texts("enrollment_mode", form::VALUES_MAX)?;
    let mut nothing = false;
    let mut wanted = given
        .iter()
        .filter(|mode| !mode.starts_with('-'))
        .peekable();
    if wanted.peek().is_some() {
        nothing = !wanted.any(|mode| mode == Enrollment::Manual.as_str());
    }
    for mode in &given {
        let word: Result<Enrollment, String> = mode.trim_start_matches(['-', '+', ' ']).parse();
        word.map_err(|words| Error::ParamValue("enrollment_mode", words))?;
        nothing |= mode == "-manual_invitation";
    }
    Ok(nothing)
}

fn name(params: &mut Params) -> Result<String> {
    let name = params
        .required_text("name", 253)?
        .trim()
        .to_ascii_lowercase();
    let label = |part: &str| {
        let sound = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=63).contains(&part.len()) && part.bytes().all(sound) && !part.starts_with('-')
    };
    if name.contains('.') && name.split('.').all(label) {
        Ok(name)
    } else {
        Err(Error::ParamFormat("name", "a domain, as example.com"))
    }
}

async fn list(State(app): State<App>, Path(id): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let filter = DomainFilter {
        organization: Some(id.clone().into()),
        verified: params.boolean("verified")?,
        nothing: excludes_all(&mut params)?,
        ..DomainFilter::default()
    };
    let (now, id) = (app.now(), OrganizationId::from(id));
    app.db
        .read(move |tx| organizations::exists(tx, &id, now))
        .await?;
    listed(&app, params, filter).await
}

async fn list_all(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let text = params.text("query")?;
    if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
        return Err(Error::ParamValue("query", "some text".into()));
    }
    let filter = DomainFilter {
        organization: params.text("organization_id")?.map(Into::into),
        verified: params.boolean("verified")?,
        names: params.texts("domains", form::VALUES_MAX)?,
        query: text,
        nothing: excludes_all(&mut params)?,
    };
    listed(&app, params, filter).await
}

async fn listed(app: &App, mut params: Params, filter: DomainFilter) -> Answer {
    let (page, order) = (params.page()?, params.order(DomainOrder::Created)?);
    params.ignore(&["paginated"]);
    params.finish()?;
    let find = move |tx: &mut Read<'_>| {
        let total = organizations::count_domains(tx, &filter)?;
        Ok((
            organizations::list_domains(tx, &filter, order, page)?,
            total,
        ))
    };
    let (found, total) = app.db.search(find).await?;
    let data: Vec<Value> = found
        .iter()
        .map(|one| views::organization_domain(one, None))
        .collect();
    Ok(Json(views::listed(&data, total)))
}

async fn create(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let name = name(&mut params)?;
    enrollment(&mut params)?;
    let verified = params.boolean("verified")?.unwrap_or(true);
    params.finish()?;
    let (id, domain) = (OrganizationId::from(id), DomainId::new(by.at));
    let add =
        move |tx: &mut Write<'_>| organizations::add_domain(tx, &id, &domain, &name, verified);
    app.answer(by, add, |_, made| views::organization_domain(made, None))
        .await
}

async fn update(
    State(app): State<App>,
    Path((id, domain)): Path<(String, String)>,
    by: Caller,
    mut params: Params,
) -> Answer {
    enrollment(&mut params)?;
    let verified = params.boolean("verified")?;
    params.finish()?;
    set(&app, (id, domain), by, verified).await
}

async fn verify(
    State(app): State<App>,
    Path(which): Path<(String, String)>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    set(&app, which, by, Some(true)).await
}

async fn set(
    app: &App,
    (id, domain): (String, String),
    by: Caller,
    verified: Option<bool>,
) -> Answer {
    let (id, domain) = (OrganizationId::from(id), DomainId::from(domain));
    let set = move |tx: &mut Write<'_>| organizations::set_domain(tx, &id, &domain, verified);
    app.answer(by, set, |_, changed| {
        views::organization_domain(changed, None)
    })
    .await
}

async fn delete(
    State(app): State<App>,
    Path((id, domain)): Path<(String, String)>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let gone = views::deleted("organization_domain", &domain);
    let (id, domain) = (OrganizationId::from(id), DomainId::from(domain));
    app.db
        .write(by, move |tx| organizations::remove_domain(tx, &id, &domain))
        .await?;
    Ok(Json(gone))
}
