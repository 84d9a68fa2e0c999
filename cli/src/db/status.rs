//! `standin db status`.

use clap::Args;
use serde_json::json;
use standin_server::clock::Time;
use standin_server::db::{Read, upkeep};
use standin_server::error::Result as Looked;
use standin_server::{audit, retention};

use super::{apart, schema, size};
use crate::duration::{exact_moment, of_the_server};
use crate::failure::Result;
use crate::key::Data;
use crate::terminal;

/// `db status`.
#[derive(Args)]
pub struct Status {
    #[command(flatten)]
    data: Data,
}

/// What this release has beside its rows.
struct Chores {
    turn: Option<(String, Time, Time)>,
    unsealed: (i64, Option<Time>),
}

fn chores(tx: &mut Read<'_>) -> Looked<Option<Chores>> {
    let (schema, known) = upkeep::schema(tx)?;
    if schema != known {
        return Ok(None);
    }
    Ok(Some(Chores {
        turn: retention::turn(tx)?,
        unsealed: audit::unsealed(tx)?,
    }))
}

impl Status {
    pub async fn run(self, json: bool) -> Result<()> {
        let (_, database) = self.data.find_there()?;
        let looked = apart(move || {
            let schema = schema(&database)?;
            let look =
                |tx: &mut Read<'_>| Ok((upkeep::engine(tx)?, upkeep::contents(tx)?, chores(tx)?));
            Ok((schema, upkeep::look(&database, look)?))
        });
        let (schema, ((engine, bytes), contents, chores)) = looked.await?;
        let turn = chores.as_ref().and_then(|chores| chores.turn.as_ref());
        let (unsealed, since) = chores.as_ref().map_or((0, None), |chores| chores.unsealed);
        if json {
            terminal::print(json!({
                "engine": engine, "schema": schema, "bytes": bytes, "tables": contents,
                "housekeeping": turn.map(|(node, held_until, due_at)| json!({ "node": node, "held_until": held_until, "due_at": due_at })),
                "unsealed": unsealed, "unsealed_since": since,
            }));
            return Ok(());
        }
        let moment = |at: Time| exact_moment(of_the_server(at));
        let maybe = |at: Option<Time>| at.map(moment).unwrap_or_default();
        terminal::facts(&[
            ("engine", Some(engine)),
            ("schema", Some(schema.to_string())),
            ("size", Some(size(bytes))),
            (
                "housekeeping",
                turn.map(|turn| format!("next look at {}", moment(turn.2))),
            ),
            (
                "not sealed",
                since.map(|since| format!("{unsealed} records since {}", moment(since))),
            ),
        ]);
        let rows: Vec<[String; 4]> = contents
            .into_iter()
            .map(|one| {
                [
                    one.table,
                    one.rows.to_string(),
                    maybe(one.oldest),
                    maybe(one.newest),
                ]
            })
            .collect();
        terminal::table(["TABLE", "ROWS", "OLDEST", "NEWEST"], &rows);
        Ok(())
    }
}
