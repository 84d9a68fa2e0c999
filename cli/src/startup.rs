//! Why a server does not start, told with the file it is about and what to do: whoever starts one has the machine at hand
//! and no log to look a trace id up in.

use standin_server::db::Database;
use standin_server::error::Error;

use crate::data::Folder;
use crate::failure::{Exit, Failure};

/// What the start of a server was refused with, or the opening of its database.
pub fn refused(error: Error, folder: &Folder, database: &Database) -> Failure {
    match (error, database) {
        (Error::Config(why), _) if why.starts_with("cannot listen") => {
            Failure::new(Exit::Failed, "address_unavailable", why)
        }
        (error @ Error::Config(_), Database::Sqlite(file)) => Failure::from(error)
            .hint("the database", file.display())
            .hint("its keys are in", folder.path().display()),
        (Error::Unavailable(why) | Error::Bug(why) | Error::Conflict(why), _) => {
            broken(&why, database)
        }
        (error, _) => Failure::from(error),
    }
}

/// A database that does not do what it must.
pub fn broken(why: &str, database: &Database) -> Failure {
    let failure = |sentence| Failure::new(Exit::Failed, "database_unusable", sentence);
    let Database::Sqlite(file) = database else {
        // Its address is not shown: it may hold a password.
        return failure(format!("the PostgreSQL database cannot be used: {why}"))
            .hint("try it", "psql \"$STANDIN_DATABASE_URL\" -c 'select 1'");
    };
    let folder = file.parent().unwrap_or(file).display();
    let file = file.display();
    // The server's library names the file too.
    let why = why.strip_prefix(&format!("{file}: ")).unwrap_or(why);
    failure(format!("the database {file} cannot be used: {why}"))
        .hint(
            "look at it",
            format!("sqlite3 {file} 'pragma integrity_check'"),
        )
        .hint("who has it open", format!("fuser -v {file}"))
        .hint("or begin anew", format!("mv {folder} {folder}.broken"))
}
