//! Statements put together from fixed pieces, lists above all. What is not asked for adds no condition, so that the database can
//! choose an index for what is; what callers say goes in as parameters only.

use std::fmt::Write as _;

use super::{FromRow, Read, Value, Write};
use crate::error::Result;

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// How many rows at most.
    pub limit: i64,
    /// How many to pass over.
    pub offset: i64,
}

/// An order by `column`, and by `id` where that leaves several equal.
pub fn sorted(column: &str, id: &str, descending: bool) -> String {
    sorted_with("", column, id, descending)
}

/// The same for a column that may be null. Those rows come last in either direction, on both databases. Of a column that never
/// is, PostgreSQL would not take the index if told so.
pub fn sorted_nulls_last(column: &str, id: &str, descending: bool) -> String {
    sorted_with(" nulls last", column, id, descending)
}

fn sorted_with(nulls: &str, column: &str, id: &str, descending: bool) -> String {
    let direction = if descending { "desc" } else { "asc" };
    format!("{column} {direction}{nulls}, {id} {direction}")
}

/// A statement in the making.
pub struct Query {
    sql: String,
    values: Vec<Value>,
    conditions: usize,
}

impl Query {
    /// Begins with `select … from …`.
    pub fn new(select: &str) -> Self {
        Self {
            sql: select.trim_end().to_owned(),
            values: Vec::new(),
            conditions: 0,
        }
    }

    /// Keeps a value and returns its mark.
    pub fn mark(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// Keeps several values and returns their marks, separated by commas.
    pub fn marks<T: Into<Value>>(&mut self, values: impl IntoIterator<Item = T>) -> String {
        let marks: Vec<_> = values.into_iter().map(|value| self.mark(value)).collect();
        marks.join(", ")
    }

    /// Keeps one value or up to `most` and returns as many marks as there are in either of these sizes, so that two statements stay
    /// prepared and not one for each number. The last value stands in for those that are missing.
    pub fn marks_of_two_sizes<T: Into<Value>>(
        &mut self,
        values: impl ExactSizeIterator<Item = T> + Clone,
        most: usize,
    ) -> String {
        let size = if values.len() == 1 { 1 } else { most };
        let last = values.clone().skip(values.len().saturating_sub(1)).cycle();
        self.marks(values.chain(last).take(size))
    }

    /// The values kept so far, for a statement that is put together elsewhere.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Adds a condition.
    pub fn and(&mut self, condition: &str) {
        let word = if self.conditions == 0 { "where" } else { "and" };
        self.conditions += 1;
        let _ = write!(self.sql, " {word} {condition}");
    }

    /// `column` has this value, if one is asked for.
    pub fn equals(&mut self, column: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            let mark = self.mark(value);
            self.and(&format!("{column} = {mark}"));
        }
    }

    /// `column` has one of the values, if any are asked for.
    pub fn one_of(&mut self, column: &str, values: &[String]) {
        if !values.is_empty() {
            let marks = self.marks(values);
            self.and(&format!("{column} in ({marks})"));
        }
    }

    /// One of these conditions holds, if there are any.
    pub fn any(&mut self, conditions: &[String]) {
        if !conditions.is_empty() {
            self.and(&format!("({})", conditions.join(" or ")));
        }
    }

    /// Sorts and cuts.
    #[must_use]
    pub fn page(mut self, order: &str, page: Page) -> Self {
        let (limit, offset) = (self.mark(page.limit), self.mark(page.offset));
        let _ = write!(self.sql, " order by {order} limit {limit} offset {offset}");
        self
    }

    /// Counts to `most` and no further: the count of a list is shown beside one of its pages, and must not cost more.
    #[must_use]
    pub fn counted(mut self, most: i64) -> Self {
        let limit = self.mark(most);
        self.sql = format!("select count(*) from ({} limit {limit}) counted", self.sql);
        self
    }

    /// Returns these columns of every row that is changed.
    #[must_use]
    pub fn returning(mut self, columns: &str) -> Self {
        let _ = write!(self.sql, " returning {columns}");
        self
    }

    /// Runs a statement that changes rows, and gives what it returns of them.
    pub fn changed<T: FromRow>(&self, tx: &mut Write<'_>) -> Result<Vec<T>> {
        tx.returning(&self.sql, &self.values)
    }

    /// Runs a statement that changes rows and says how many it changed.
    pub fn execute(&self, tx: &mut Write<'_>) -> Result<u64> {
        tx.execute(&self.sql, &self.values)
    }

    /// All rows.
    pub fn all<T: FromRow>(&self, tx: &mut Read<'_>) -> Result<Vec<T>> {
        tx.all(&self.sql, &self.values)
    }

    /// The one row of a statement that always has one.
    pub fn one<T: FromRow>(&self, tx: &mut Read<'_>) -> Result<T> {
        tx.one(&self.sql, &self.values)
    }
}
