//! The values that go into and come out of a statement: nothing, a whole number or a text, on both databases.

use crate::clock::Time;
use crate::error::{Error, Result};

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// SQL `null`.
    Null,
    /// A `bigint`.
    Int(i64),
    /// A `text`.
    Text(String),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Int(time.0)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Int(yes.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A type that a column can be read as.
pub trait FromValue: Sized {
    /// Reads one column.
    ///
    /// # Errors
    /// [`Error::Bug`] when the column holds something else.
    fn from_value(value: Value) -> Result<Self>;
}

fn unexpected<T>(wanted: &str, value: &Value) -> Result<T> {
    Err(Error::Bug(format!(
        "a column should hold {wanted} and holds {value:?}"
    )))
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Text(text) => Ok(text),
            other => unexpected("a text", &other),
        }
    }
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Int(number) => Ok(number),
            other => unexpected("a number", &other),
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self> {
        i64::from_value(value).map(|number| number != 0)
    }
}

impl FromValue for Time {
    fn from_value(value: Value) -> Result<Self> {
        i64::from_value(value).map(Self)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Null => Ok(None),
            some => T::from_value(some).map(Some),
        }
    }
}

/// A row whose columns are taken in the order in which the statement names them.
pub struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(super) fn new(columns: Vec<Value>) -> Self {
        Self(columns.into_iter())
    }

    /// The next column.
    ///
    /// # Errors
    /// [`Error::Bug`] when there is none left or it is of another type.
    pub fn take<T: FromValue>(&mut self) -> Result<T> {
        let value = self
            .0
            .next()
            .ok_or_else(|| Error::Bug("a row has too few columns".into()))?;
        T::from_value(value)
    }
}

/// A type that a row can be read as.
pub trait FromRow: Sized {
    /// Reads the columns in order.
    ///
    /// # Errors
    /// As [`Row::take`].
    fn from_row(row: &mut Row) -> Result<Self>;
}

/// Whatever there is.
impl FromRow for Vec<Value> {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(row.0.by_ref().collect())
    }
}

impl FromRow for String {
    fn from_row(row: &mut Row) -> Result<Self> {
        row.take()
    }
}

impl FromRow for Time {
    fn from_row(row: &mut Row) -> Result<Self> {
        row.take()
    }
}

impl FromRow for i64 {
    fn from_row(row: &mut Row) -> Result<Self> {
        row.take()
    }
}

impl<A: FromValue, B: FromValue> FromRow for (A, B) {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok((row.take()?, row.take()?))
    }
}

impl<A: FromValue, B: FromValue, C: FromValue> FromRow for (A, B, C) {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok((row.take()?, row.take()?, row.take()?))
    }
}
