//! PostgreSQL: several writers at once, each transaction run again when it met another one.

use std::collections::HashMap;
use std::error::Error as _;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, NoTls, Statement};

use super::{Purpose, Row, Value};
use crate::error::{Error, Result};

/// Statements kept prepared; a list of users can be filtered in more ways than are worth keeping.
const PREPARED: usize = 200;
/// How long a connection may take to open, a statement to answer, and sent bytes to be acknowledged.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to one PostgreSQL server.
pub(super) struct Connection {
    client: Client,
    prepared: HashMap<String, Statement>,
}

impl Connection {
    pub(super) fn open(url: &str, purpose: Purpose) -> Result<Self> {
        let mut config: Config = url.parse()?;
        // What the URL says itself goes before.
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(PATIENCE);
        }
        let mut client = config.connect(NoTls)?;
        let limits = format!(
            "set statement_timeout = '{0}s'; set lock_timeout = '{0}s'; set idle_in_transaction_session_timeout = '{0}s'",
            PATIENCE.as_secs()
        );
        client.batch_execute(&limits)?;
        if purpose == Purpose::Reads {
            client.batch_execute("set default_transaction_read_only = on")?;
        }
        Ok(Self {
            client,
            prepared: HashMap::new(),
        })
    }

    pub(super) fn is_broken(&self) -> bool {
        self.client.is_closed()
    }

    pub(super) fn batch(&mut self, sql: &str) -> Result<()> {
        Ok(self.client.batch_execute(sql)?)
    }

    /// Ends a transaction. Unless the server says that it refused, nobody knows whether it did as it was told: the
    /// connection may have been lost with its answer.
    pub(super) fn commit(&mut self) -> Result<()> {
        let Err(error) = self.client.batch_execute("commit") else {
            return Ok(());
        };
        let is_settled = error
            .code()
            .is_some_and(|state| !["57", "08"].contains(&&state.code()[..2]));
        match Error::from(error) {
            settled if is_settled => Err(settled),
            unknown => Err(Error::Unsettled(unknown.to_string())),
        }
    }

    pub(super) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        tracing::trace!(target: "standin::sql", sql);
        let statement = self.prepared(sql)?;
        Ok(self.client.execute(&statement, &parameters(values))?)
    }

    pub(super) fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        tracing::trace!(target: "standin::sql", sql);
        let statement = self.prepared(sql)?;
        let rows = self.client.query(&statement, &parameters(values))?;
        rows.iter().map(read).collect()
    }

    fn prepared(&mut self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        if self.prepared.len() >= PREPARED {
            self.prepared.clear();
        }
        let statement = self.client.prepare(sql)?;
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values
        .iter()
        .map(|value| value as &(dyn ToSql + Sync))
        .collect()
}

fn read(row: &postgres::Row) -> Result<Row> {
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

impl From<postgres::Error> for Error {
    fn from(error: postgres::Error) -> Self {
        let text = error
            .source()
            .map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
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
