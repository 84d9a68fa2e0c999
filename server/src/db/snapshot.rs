//! What a SQLite database holds, kept in a file and put back while a server runs on it. For development: whoever puts a state
//! back has links open again that were spent.
//!
//! Rows are put back by a write like any other, so readers see the state before or the one after. Keys stay, and so does the
//! audit trail: it tells that the state was put back. What waits for webhooks goes, for it tells of what is no more.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::moving::tables_in_order;
use super::rows::insert_all;
use super::upkeep::{self, columns, copy_file};
use super::{Connection, Database, Purpose, Read, Value, Write, migrate};
use crate::error::{Error, Result};

/// What stays as it is.
const STAYS: [&str; 6] = [
    "instance",
    "signing_keys",
    "secret_keys",
    "audit",
    "audit_seals",
    "retention",
];

/// What goes and does not come back.
const GOES: [&str; 2] = ["webhook_deliveries", "webhook_attempts"];

/// The rows of a database.
pub struct Contents {
    tables: Vec<Table>,
    /// What is put back of the instance's own row: everybody's sessions that were ended, and the claims of tokens.
    instance: Vec<Value>,
}

struct Table {
    name: &'static str,
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl Contents {
    /// What a database holds that nobody has used.
    pub fn fresh() -> Result<Self> {
        let nowhere = Database::Sqlite(":memory:".into());
        let mut connection = Connection::open(&nowhere, Purpose::Writes)?;
        migrate::migrate(&mut connection)?;
        Self::of(&mut connection)
    }

    /// What a file holds that [`save`] wrote.
    ///
    /// # Errors
    /// [`Error::ParamValue`] where a program of another version wrote it.
    pub fn read(file: &Path) -> Result<Self> {
        let file = Database::Sqlite(file.to_owned());
        let mut connection = Connection::open(&file, Purpose::Looks)?;
        let mut read = Read {
            connection: &mut connection,
        };
        let (its, ours) = upkeep::schema(&mut read)?;
        if its != ours {
            let wanted = "a snapshot of this version of Standin; save it anew";
            return Err(Error::ParamValue("name", wanted.into()));
        }
        Self::of(&mut connection)
    }

    fn of(connection: &mut Connection) -> Result<Self> {
        let mut read = Read { connection };
        let mut tables = Vec::new();
        let kept = |name: &&str| !STAYS.contains(name) && !GOES.contains(name);
        for name in tables_in_order().filter(kept) {
            let columns = columns(&mut read, name)?;
            let all = format!("select {} from {name}", columns.join(", "));
            let rows = read.all(&all, &[])?;
            tables.push(Table {
                name,
                columns,
                rows,
            });
        }
        let of_instance =
            "select sessions_revoked_at, session_claims, session_claims_updated_at from instance";
        let instance = read.first(of_instance, &[])?;
        Ok(Self {
            tables,
            instance: instance.unwrap_or_else(|| vec![0.into(), Value::Null, Value::Null]),
        })
    }
}

/// Keeps a database's present state in a file, in the place of what is there.
pub fn save(database: &Path, file: &Path) -> Result<()> {
    let unfinished = file.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(&unfinished)?;
    copy_file(database, &unfinished)?;
    Ok(fs::rename(&unfinished, file)?)
}

/// Removes such a file, and says whether it was there.
pub fn remove(file: &Path) -> Result<bool> {
    match fs::remove_file(file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Puts a state in the place of the present one.
pub fn put_back(tx: &mut Write<'_>, contents: &Contents) -> Result<()> {
    let mut names: Vec<_> = tables_in_order()
        .filter(|name| !STAYS.contains(name))
        .collect();
    // No row goes before one that refers to it.
    names.reverse();
    for name in names {
        tx.execute(&format!("delete from {name}"), &[])?;
    }
    for Table {
        name,
        columns,
        rows,
    } in &contents.tables
    {
        let into = format!("insert into {name} ({})", columns.join(", "));
        insert_all(tx, &into, rows.clone())?;
    }
    // The revision goes on, or a node would take the claims it has compiled for those that are back.
    tx.execute(
        "update instance set sessions_revoked_at = $1, session_claims = $2, session_claims_updated_at = $3,
                             session_claims_revision = session_claims_revision + 1",
        &contents.instance,
    )
    .map(|_| ())
}
