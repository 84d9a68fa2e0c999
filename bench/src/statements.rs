//! The statements of a write, in the order in which the server's house has them, on SQLite and without a server: as many
//! in a commit as connections could send at once. It is what a durable write costs before anybody speaks HTTP.

use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, params_from_iter};

use crate::load::CONNECTIONS;
use crate::population::{Population, scatter};
use crate::process::own_cpu_seconds;
use crate::rows::Cell;
use crate::statements::text::{self as sql, Statement};
use crate::store::{Sqlite, Store};

pub mod text;

/// A write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A task is created.
    Create,
    /// A ticket is spent.
    Visit,
    /// A session is ended.
    Revoke,
}

/// How fast the statements went.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Writes a second.
    pub per_second: f64,
    /// Writes for each second of CPU time.
    pub per_cpu_second: f64,
}

impl Work {
    fn statements(self) -> &'static [Statement] {
        match self {
            Self::Create => sql::CREATE,
            Self::Visit => sql::VISIT,
            Self::Revoke => sql::REVOKE,
        }
    }
}

/// Does a kind of write again and again for some time, on a copy of the data that a server has.
pub fn pace(data: &Sqlite, population: &Population, work: Work, length: Duration) -> Pace {
    let store = Store::Sqlite(data.copy_of_kept("statements.db"));
    let Store::Sqlite(copy) = &store else {
        unreachable!("it was made one line above")
    };
    let numbers = population.users..population.users + 100_000;
    match work {
        Work::Create => {}
        Work::Visit => store.add_tickets(population, numbers.clone()),
        Work::Revoke => store.add_sessions(population, numbers.start..numbers.start + 30_000),
    }
    let connection = copy.connect();
    as_the_server(&connection).expect("the server's settings");
    let numbers: Vec<u64> = numbers.collect();
    let (mut elapsed, mut cpu, mut done) = (Duration::ZERO, 0.0, 0_u32);
    for batch in numbers.chunks(CONNECTIONS) {
        if elapsed > length {
            break;
        }
        let writes: Vec<_> = batch.iter().map(|n| values(population, work, *n)).collect();
        let (began, cpu_before) = (Instant::now(), own_cpu_seconds());
        commit(&connection, work, &writes).expect("a commit");
        elapsed += began.elapsed();
        cpu += own_cpu_seconds() - cpu_before;
        done += u32::try_from(batch.len()).unwrap_or_default();
    }
    Pace {
        per_second: f64::from(done) / elapsed.as_secs_f64(),
        per_cpu_second: f64::from(done) / cpu,
    }
}

/// The settings of the server's own connections; with others this would be the yardstick of something else.
fn as_the_server(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma temp_store = memory;
         pragma cache_size = -8000;",
    )?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// What each statement of one write is given; made before the clock runs.
fn values(population: &Population, work: Work, n: u64) -> Vec<Vec<Cell>> {
    let about = sql::About {
        population,
        n,
        user: if work == Work::Create { scatter(n) } else { n },
        now: population.made_at,
    };
    let statements = work.statements().iter();
    statements
        .map(|statement| (statement.values)(&about))
        .collect()
}

fn commit(connection: &Connection, work: Work, writes: &[Vec<Vec<Cell>>]) -> rusqlite::Result<()> {
    let texts: Vec<_> = work.statements().iter().map(Statement::text).collect();
    connection.prepare_cached("begin immediate")?.execute([])?;
    for write in writes {
        for (text, values) in texts.iter().zip(write) {
            let mut statement = connection.prepare_cached(text)?;
            if statement.column_count() == 0 {
                statement.execute(params_from_iter(values))?;
            } else {
                let mut rows = statement.query(params_from_iter(values))?;
                while rows.next()?.is_some() {}
            }
        }
    }
    connection.prepare_cached("commit")?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All of the server's sources in one line, with SQLite's way to number parameters.
    fn sources(folder: &std::path::Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, into);
            } else {
                let text = std::fs::read_to_string(&path).unwrap().replace('$', "?");
                into.extend(text.split_whitespace().flat_map(|word| [word, " "]));
            }
        }
    }

    #[test]
    fn every_statement_is_one_that_the_server_has() {
        let mut all = String::new();
        let server = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src");
        sources(&server, &mut all);
        for work in [Work::Create, Work::Visit, Work::Revoke] {
            for piece in work
                .statements()
                .iter()
                .flat_map(|statement| statement.pieces)
            {
                // Marks alone are made in a loop.
                if !piece.contains(char::is_alphabetic) {
                    continue;
                }
                let piece: Vec<_> = piece.split_whitespace().collect();
                assert!(
                    all.contains(&piece.join(" ")),
                    "{work:?}: {}",
                    piece.join(" ")
                );
            }
        }
    }
}
