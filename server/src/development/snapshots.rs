//! `/v1/development/snapshots`: states of the database that are kept under a name and put back. Keys stay, and the audit trail
//! goes on.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{self, PathBuf};

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::Caller;
use crate::clock::Time;
use crate::db::snapshot::{self, Contents};
use crate::db::{Database, Write};
use crate::error::{Error, Result};
use crate::restoring;
use crate::views;
use crate::wire::{Answer, Calls, FULL, Params};

const ALL: &str = "/v1/development/snapshots";
const ONE: &str = "/v1/development/snapshots/{name}";
const RESTORE: &str = "/v1/development/snapshots/{name}/restore";

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(FULL, ALL, list)
        .put(FULL, ONE, save)
        .delete(FULL, ONE, remove)
        .post(FULL, RESTORE, restore)
}

/// The file of the database, and the folder beside it where its snapshots are.
pub(super) fn places(app: &App) -> Result<(PathBuf, PathBuf)> {
    match &app.config.database {
        Database::Sqlite(file) => Ok((file.clone(), file.with_file_name("snapshots"))),
        Database::Postgres(_) => Err(Error::SqliteOnly),
    }
}

/// The file of a snapshot.
fn file(app: &App, name: &str) -> Result<PathBuf> {
    let (_, folder) = places(app)?;
    let sound = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(sound) {
        let wanted = "1 to 64 letters, digits, - and _";
        return Err(Error::ParamFormat("name", wanted));
    }
    Ok(folder.join(format!("{name}.db")))
}

/// Works with files, which waits for disks.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let working = tokio::task::spawn_blocking(work);
    working
        .await
        .map_err(|error| Error::Bug(error.to_string()))?
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    Params::query(query.as_deref())?.finish()?;
    let (_, folder) = places(&app)?;
    let found = apart(move || {
        // Nobody has saved any where there is no folder.
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut found: Vec<Value> = entries.filter_map(|one| view(&one.path())).collect();
        found.sort_by_key(|one| one["name"].to_string());
        Ok(found)
    });
    let found = found.await?;
    Ok(Json(json!({ "total_count": found.len(), "data": found })))
}

fn view(file: &path::Path) -> Option<Value> {
    let is_one = file.extension().is_some_and(|end| end == "db");
    let (name, about) = (file.file_stem()?.to_str()?, file.metadata().ok()?);
    let saved_at = jiff::Timestamp::try_from(about.modified().ok()?).ok()?;
    is_one.then(|| {
        json!({
            "object": "snapshot",
            "name": name,
            "bytes": about.len(),
            "saved_at": Time(saved_at.as_millisecond()),
        })
    })
}

async fn save(State(app): State<App>, Path(name): Path<String>, params: Params) -> Answer {
    params.finish()?;
    let (database, folder) = places(&app)?;
    let file = file(&app, &name)?;
    let saved = apart(move || {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        snapshot::save(&database, &file)?;
        view(&file).ok_or_else(|| Error::Bug("a snapshot was saved and is not there".into()))
    });
    saved.await.map(Json)
}

async fn remove(State(app): State<App>, Path(name): Path<String>, params: Params) -> Answer {
    params.finish()?;
    let file = file(&app, &name)?;
    if apart(move || snapshot::remove(&file)).await? {
        return Ok(Json(views::deleted("snapshot", &name)));
    }
    Err(Error::NotFound("snapshot", name))
}

async fn restore(
    State(app): State<App>,
    Path(name): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let file = file(&app, &name)?;
    let wanted = name.clone();
    let read = apart(move || {
        let shown = view(&file).ok_or(Error::NotFound("snapshot", wanted))?;
        Ok((shown, Contents::read(&file)?))
    });
    let (shown, contents) = read.await?;
    let and = move |_: &mut Write<'_>| Ok(shown.clone());
    let (answer, _) = go_back(&app, by, contents, format!("snapshot {name}"), and).await?;
    Ok(Json(answer))
}

/// Puts a state in the place of the present one, and does something more in the same write, which says what to answer. Comes
/// back with a second value where it was not done before under the same name of a request.
pub(super) async fn go_back(
    app: &App,
    by: Caller,
    contents: Contents,
    to: String,
    and: impl Fn(&mut Write<'_>) -> Result<Value> + Send + 'static,
) -> Result<(Value, Option<Value>)> {
    let go = move |tx: &mut Write<'_>| {
        restoring::go_back(tx, &contents, &to)?;
        and(tx)
    };
    let done = app.once(by, go, |_, answer| answer.clone()).await?;
    // A template may be at a revision again that it had, and be another one.
    app.templates.forget();
    Ok(done)
}
