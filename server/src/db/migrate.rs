//! Brings a database's schema up to date.

use super::{Connection, Query, Read, values};
use crate::error::{Error, Result};
use crate::text;

/// The schema that this program knows.
pub(super) fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

const MIGRATIONS: [&str; 23] = [
    include_str!("../../migrations/0001_init.sql"),
    include_str!("../../migrations/0002_session_activity.sql"),
    include_str!("../../migrations/0003_growth.sql"),
    include_str!("../../migrations/0004_revocations.sql"),
    include_str!("../../migrations/0005_claims.sql"),
    include_str!("../../migrations/0006_sign_ins.sql"),
    include_str!("../../migrations/0007_organizations.sql"),
    include_str!("../../migrations/0008_kit.sql"),
    include_str!("../../migrations/0009_invitations.sql"),
    include_str!("../../migrations/0010_kept_session.sql"),
    include_str!("../../migrations/0011_settings.sql"),
    include_str!("../../migrations/0012_waitlist.sql"),
    include_str!("../../migrations/0013_organizations_limit.sql"),
    include_str!("../../migrations/0014_writers.sql"),
    include_str!("../../migrations/0015_answers.sql"),
    include_str!("../../migrations/0016_rotation.sql"),
    include_str!("../../migrations/0017_audit_seals.sql"),
    include_str!("../../migrations/0018_asked_and_restricted.sql"),
    include_str!("../../migrations/0019_retention.sql"),
    include_str!("../../migrations/0020_moves.sql"),
    include_str!("../../migrations/0021_webhooks.sql"),
    include_str!("../../migrations/0022_clock.sql"),
    include_str!("../../migrations/0023_expiry.sql"),
];

/// Applies the migrations this database has not seen, under a lock that keeps other starting nodes waiting.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    let is_sqlite = matches!(connection, Connection::Sqlite(_));
    connection.batch(if is_sqlite {
        "begin immediate"
    } else {
        // Old rows may be many.
        "begin; set local statement_timeout = 0; set local lock_timeout = 0; select pg_advisory_xact_lock(7821)"
    })?;
    connection.batch("create table if not exists migrations (version bigint primary key)")?;
    let mut tx = Read { connection };
    let seen: i64 = tx.one("select coalesce(max(version), 0) from migrations", &[])?;
    let seen = usize::try_from(seen).unwrap_or_default();
    if seen > MIGRATIONS.len() {
        return Err(Error::Config(format!(
            "the database has schema {seen} and this program knows {} only; start a newer standin",
            MIGRATIONS.len()
        )));
    }
    for (version, sql) in (1_i64..).zip(MIGRATIONS).skip(seen) {
        // The one difference between the two dialects: SQLite numbers rows by itself under this very type only.
        let sql = if is_sqlite {
            sql.replace("bigserial primary key", "integer primary key")
        } else {
            sql.to_owned()
        };
        tx.connection.batch(&sql)?;
        if version == FOLDS_NAMES {
            fold_names(&mut tx)?;
        }
        tx.all::<i64>(
            "insert into migrations (version) values ($1) returning version",
            values![version],
        )?;
    }
    tx.connection.batch("commit")
}

/// The migration after which users have a folded name.
const FOLDS_NAMES: i64 = 3;

/// Fills `name_folded` of the agents and users there are. Neither database folds case by Unicode's rules in every setting,
/// so it is done here, as with every later change.
fn fold_names(tx: &mut Read<'_>) -> Result<()> {
    let agents: Vec<(String, String)> = tx.all("select id, name from agents", &[])?;
    for (id, name) in agents {
        tx.all::<String>(
            "update agents set name_folded = $2 where id = $1 returning id",
            values![id, text::folded(&name)],
        )?;
    }
    fold_names_of_users(tx)
}

fn fold_names_of_users(tx: &mut Read<'_>) -> Result<()> {
    const NAMED: &str =
        "select id, coalesce(first_name, '') || ' ' || coalesce(last_name, '') from users
        where id > $1 and (first_name is not null or last_name is not null) order by id limit 1000";
    let mut after = String::new();
    loop {
        let users: Vec<(String, String)> = tx.all(NAMED, values![&after])?;
        let Some((last, _)) = users.last() else {
            return Ok(());
        };
        after.clone_from(last);
        let mut query = Query::new("");
        let rows: Vec<String> = users
            .iter()
            .map(|(id, name)| format!("({})", query.marks([id.clone(), name.to_lowercase()])))
            .collect();
        let sql = format!(
            "update users set name_folded = v.column2 from (values {}) v where users.id = v.column1 returning users.id",
            rows.join(", ")
        );
        tx.all::<String>(&sql, query.values())?;
    }
}
