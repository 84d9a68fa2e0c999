//! `/v1/allowlist_identifiers` and `/v1/blocklist_identifiers` (spec paths of the same names).

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::Caller;
use crate::db::{Page, Write};
use crate::error::{Error, Result};
use crate::id::ListedId;
use crate::sign_ups::restrictions::{self, LISTED_MAX, List, Listed};
use crate::views;
use crate::wire::{Answer, Calls, FULL, Params, READ};

pub(super) fn routes() -> Calls {
    let (allow, block) = ("/v1/allowlist_identifiers", "/v1/blocklist_identifiers");
    let (allowed, blocked) = (format!("{allow}/{{id}}"), format!("{block}/{{id}}"));
    Calls::new()
        .get(READ, allow, list_allowed)
        .post(FULL, allow, allow_one)
        .delete(FULL, &allowed, disallow)
        .get(READ, block, list_blocked)
        .post(FULL, block, block_one)
        .delete(FULL, &blocked, unblock)
}

async fn shown(app: &App, list: List, page: Page) -> Result<(Vec<Value>, i64)> {
    let find = move |tx: &mut crate::db::Read<'_>| {
        Ok((
            restrictions::listed(tx, list, page)?,
            restrictions::count(tx, list)?,
        ))
    };
    let (found, total) = app.db.search(find).await?;
    let view = |one| views::listed_identifier(list, one, &app.instance);
    Ok((found.iter().map(view).collect(), total))
}

async fn list_allowed(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let paginated = params.boolean("paginated")?.unwrap_or(false);
    let page = params.page()?;
    params.finish()?;
    let (data, total) = shown(&app, List::Allow, page).await?;
    Ok(Json(if paginated {
        views::listed(&data, total)
    } else {
        json!(data)
    }))
}

/// The whole list: it has no pages (spec), and an end.
async fn list_blocked(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    Params::query(query.as_deref())?.finish()?;
    let whole = Page {
        limit: LISTED_MAX,
        offset: 0,
    };
    let (data, total) = shown(&app, List::Block, whole).await?;
    Ok(Json(views::listed(&data, total)))
}

async fn add(app: &App, list: List, by: Caller, mut params: Params) -> Answer {
    let (kind, identifier) = restrictions::read(&params.required_text("identifier", 320)?)?;
    params.finish()?;
    let new = Listed {
        id: ListedId::new(by.at),
        identifier,
        kind,
        created_at: by.at,
    };
    let view = views::listed_identifier(list, &new, &app.instance);
    let add = move |tx: &mut Write<'_>| restrictions::add(tx, list, &new);
    app.answer(by, add, move |_, ()| view.clone()).await
}

async fn allow_one(State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    if params.boolean("notify")? == Some(true) {
        let without = "false or left out: Standin sends no mail; POST /v1/invitations makes a link";
        return Err(Error::ParamValue("notify", without.into()));
    }
    add(&app, List::Allow, by, params).await
}

async fn block_one(State(app): State<App>, by: Caller, params: Params) -> Answer {
    add(&app, List::Block, by, params).await
}

async fn remove(app: &App, list: List, id: String, by: Caller) -> Answer {
    let id = ListedId::from(id);
    let view = views::deleted(list.as_str(), id.as_str());
    app.db
        .write(by, move |tx| restrictions::remove(tx, list, &id))
        .await?;
    Ok(Json(view))
}

async fn disallow(State(app): State<App>, Path(id): Path<String>, by: Caller) -> Answer {
    remove(&app, List::Allow, id, by).await
}

async fn unblock(State(app): State<App>, Path(id): Path<String>, by: Caller) -> Answer {
    remove(&app, List::Block, id, by).await
}
