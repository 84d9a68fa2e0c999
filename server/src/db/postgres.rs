//! PostgreSQL: several writers at once, each transaction run again when it met another one.
//!
//! Nothing is waited for without an end. A server that is there ends a statement itself; one that is frozen or cut off is
//! given up on from here, with its connection.

mod alone;
mod certificate;
mod fence;
mod mark;
mod target;
mod tls;

use std::collections::HashMap;
use std::error::Error as _;
use std::pin::pin;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Statement};

use self::mark::Mark;
use self::target::Target;
use super::{Purpose, Row, Value};
use crate::error::{Error, Result};

/// Statements kept prepared; a list of users can be filtered in more ways than are worth keeping.
const PREPARED: usize = 200;
/// How long the server may take over a statement before it ends it.
const STATEMENT: Duration = Duration::from_secs(10);
/// How long an answer is waited for: longer than that, so that the server's own word comes first.
const ANSWER: Duration = Duration::from_secs(12);
/// How long a commit may take. The server does not end one that waits for a standby.
const COMMIT: Duration = Duration::from_secs(10);
/// How often whoever lingers looks whether it is time to stop.
const LINGER: Duration = Duration::from_millis(250);
/// How long opening may take, with every host that is tried.
const OPEN: Duration = Duration::from_secs(15);

/// A connection to one PostgreSQL server.
pub(super) struct Connection {
    client: Client,
    /// Drives the connection while something is asked.
    runtime: Runtime,
    prepared: HashMap<String, Statement>,
    /// Whether it must not be used any more, although it is open.
    is_lost: bool,
    owes: bool,
    mark: Option<Mark>,
    /// How long an answer is waited for.
    patience: Duration,
}

impl Connection {
    pub(super) fn open(url: &str, purpose: Purpose) -> Result<Self> {
        let target: Target = url.parse()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let connected = runtime.block_on(async { timeout(OPEN, target.connect()).await });
        let (client, connection) = connected.unwrap_or_else(|_| Err(silent(OPEN)))?;
        runtime.spawn(connection);
        let mut connection = Self {
            client,
            runtime,
            prepared: HashMap::new(),
            is_lost: false,
            owes: false,
            mark: None,
            patience: ANSWER,
        };
        let mut limit = STATEMENT.as_secs();
        if matches!(purpose, Purpose::Looks | Purpose::Alone) {
            (connection.patience, limit) = (Duration::MAX, 0);
        }
        let limits = format!(
            "set client_min_messages = warning; set statement_timeout = '{limit}s'; set lock_timeout = '{limit}s'; set idle_in_transaction_session_timeout = '{limit}s'",
        );
        connection.control(&limits)?;
        match purpose {
            Purpose::Reads | Purpose::Looks => {
                connection.control("set default_transaction_read_only = on")?;
            }
            Purpose::Writes => {}
            Purpose::Alone => connection.be_alone()?,
        }
        Ok(connection)
    }

    pub(super) fn is_broken(&self) -> bool {
        self.is_lost || self.client.is_closed()
    }

    /// Whether an answer may still come that was given up on.
    pub(super) fn owes(&self) -> bool {
        self.owes
    }

    /// Waits for the answer to a question, so long and no longer. A connection that owes one is of no more use.
    fn answer<T>(
        &mut self,
        time: Duration,
        question: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Option<Result<T, tokio_postgres::Error>> {
        let waiting = async { timeout(time, question(&self.client)).await };
        let answer = self.runtime.block_on(waiting).ok();
        self.owes = answer.is_none();
        // The server has become a standby; another one takes the writes now.
        let is_standby = |error: &tokio_postgres::Error| {
            error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION)
        };
        let refusal = answer.as_ref().and_then(|answer| answer.as_ref().err());
        self.is_lost |= self.owes || refusal.is_some_and(is_standby);
        answer
    }

    fn ask<T>(
        &mut self,
        question: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T> {
        match self.answer(self.patience, question) {
            Some(answer) => Ok(answer?),
            None => Err(silent(self.patience)),
        }
    }

    /// Runs what may take as long as it takes.
    pub(super) fn batch(&mut self, sql: &str) -> Result<()> {
        Ok(self.runtime.block_on(self.client.batch_execute(sql))?)
    }

    pub(super) fn control(&mut self, sql: &str) -> Result<()> {
        self.ask(async |client| client.batch_execute(sql).await)
    }

    /// Begins a transaction that writes.
    pub(super) fn begin(&mut self) -> Result<()> {
        if self.mark.as_ref().is_none_or(Mark::is_full) {
            let former = self.mark.take();
            self.mark = Some(Mark::new(self, former.as_ref())?);
        }
        self.control(fence::BEGIN)
    }

    /// Ends a transaction. Unless the server says that it refused, nobody knows whether it did as it was told: the
    /// connection may have been lost with its answer.
    pub(super) fn commit(&mut self) -> Result<()> {
        let mark = self.mark.take();
        let mut mark = mark.ok_or_else(|| Error::Bug("a commit without a beginning".into()))?;
        mark.commit += 1;
        let answer = self.answer(COMMIT, async |client| mark.commit(client).await);
        let Some(answer) = answer else {
            self.mark = Some(mark);
            return Err(Error::Unsettled(silent(COMMIT).to_string()));
        };
        let Err(error) = answer else {
            self.mark = Some(mark);
            return Ok(());
        };
        let class = error.code().map(|state| &state.code()[..2]);
        let why = described(&error);
        match class {
            // The row to count in is gone, and so is the transaction.
            Some("22") => Err(Error::Conflict(why)),
            None | Some("57" | "08") => {
                self.mark = Some(mark);
                Err(Error::Unsettled(why))
            }
            // Refused, and not counted: the next one begins with a row of its own.
            Some(_) => Err(error.into()),
        }
    }

    /// Waits for an answer that is late, as long as `go_on` says. Giving the connection up instead would leave one more
    /// behind with every commit that waits for a standby, until the server takes no more.
    pub(super) fn linger(&mut self, go_on: impl Fn() -> bool) {
        let client = &self.client;
        let waiting = async {
            // Answered after everything that was asked before.
            let mut answer = pin!(client.batch_execute(""));
            while go_on() {
                if let Ok(answer) = timeout(LINGER, &mut answer).await {
                    return answer.is_ok();
                }
            }
            false
        };
        let answered = self.runtime.block_on(waiting);
        self.owes = false;
        self.is_lost = !answered;
    }

    /// Whether another connection's last commit took place. Afterwards it has, or it never will.
    pub(super) fn settle(&mut self, other: &Self) -> Result<bool> {
        let Some(mark) = &other.mark else {
            return Ok(false);
        };
        mark.settle(self)
    }

    pub(super) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        tracing::trace!(target: "standin::sql", sql);
        let statement = self.prepared(sql)?;
        let parameters = parameters(values);
        self.ask(async |client| client.execute(&statement, &parameters).await)
    }

    pub(super) fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        tracing::trace!(target: "standin::sql", sql);
        let statement = self.prepared(sql)?;
        let parameters = parameters(values);
        let rows = self.ask(async |client| client.query(&statement, &parameters).await)?;
        rows.iter().map(read).collect()
    }

    fn prepared(&mut self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        if self.prepared.len() >= PREPARED {
            self.prepared.clear();
        }
        let statement = self.ask(async |client| client.prepare(sql).await)?;
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

fn silent(time: Duration) -> Error {
    Error::Unavailable(format!("no answer within {} s", time.as_secs()))
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values
        .iter()
        .map(|value| value as &(dyn ToSql + Sync))
        .collect()
}

fn read(row: &tokio_postgres::Row) -> Result<Row> {
    let columns = row.columns().iter().enumerate().map(|(index, column)| {
        Ok(if *column.type_() == Type::INT8 {
            row.try_get::<_, Option<i64>>(index)?
                .map_or(Value::Null, Value::Int)
        } else {
            row.try_get::<_, Option<String>>(index)?
                .map_or(Value::Null, Value::Text)
        })
    });
    columns.collect::<Result<_>>().map(Row::new)
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql_checked(ty, out),
            Self::Text(text) => text.to_sql_checked(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::TEXT | Type::INT8)
    }

    to_sql_checked!();
}

/// What went wrong, with its cause.
fn described(error: &tokio_postgres::Error) -> String {
    match error.source() {
        // The driver's own words before it ("db error", "error performing TLS handshake") add nothing.
        Some(cause) => cause.to_string(),
        None => error.to_string(),
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let text = described(&error);
        match error.code() {
            // The house looks before it writes, so a rule of the schema is broken only where another transaction has
            // just committed; the next attempt sees what it did.
            Some(
                &SqlState::T_R_SERIALIZATION_FAILURE
                | &SqlState::T_R_DEADLOCK_DETECTED
                | &SqlState::UNIQUE_VIOLATION
                | &SqlState::FOREIGN_KEY_VIOLATION,
            ) => Self::Conflict(text),
            // Out of disk, out of connections, shutting down, read-only standby: nothing wrong with the statement.
            Some(state) if ["53", "57", "58", "25", "08"].contains(&&state.code()[..2]) => {
                Self::Unavailable(text)
            }
            Some(_) => Self::Bug(text),
            None => Self::Unavailable(text),
        }
    }
}
