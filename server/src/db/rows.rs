//! Many rows in few statements: bulk inserts and look-ups of lists. The number of rows of a statement is one of three, so
//! that all of them stay prepared.

use std::fmt::Write as _;

use super::{FromRow, Read, Value, Write};
use crate::error::Result;

/// How many rows go into one statement. The largest of 21 columns has 2,100 parameters; SQLite takes 32,766, PostgreSQL
/// 65,535.
const SIZES: [usize; 3] = [100, 10, 1];

/// How many values one look-up asks for; a shorter list is filled up with its last value.
const KEYS: usize = 250;

/// Inserts rows by an `insert into table (columns)`, each with a value for every column.
pub fn insert_all(tx: &mut Write<'_>, into: &str, rows: Vec<Vec<Value>>) -> Result<()> {
    let mut rows = rows.into_iter();
    for size in SIZES {
        while rows.len() >= size {
            let values: Vec<Value> = rows.by_ref().take(size).flatten().collect();
            tx.execute(&statement(into, size, values.len() / size), &values)?;
        }
    }
    Ok(())
}

fn statement(into: &str, rows: usize, columns: usize) -> String {
    let mut sql = format!("{into} values");
    for row in 0..rows {
        let comma = if row == 0 { " (" } else { ", (" };
        sql.push_str(comma);
        for column in 1..=columns {
            let comma = if column == 1 { "" } else { ", " };
            let _ = write!(sql, "{comma}${}", row * columns + column);
        }
        sql.push(')');
    }
    sql
}

/// The rows of `select … from … where column` whose column has one of the values.
pub fn look_up<T: FromRow>(
    tx: &mut Read<'_>,
    select_where: &str,
    values: &[Value],
) -> Result<Vec<T>> {
    let marks: Vec<_> = (1..=KEYS).map(|number| format!("${number}")).collect();
    let sql = format!("{select_where} in ({})", marks.join(", "));
    let mut found = Vec::new();
    for chunk in values.chunks(KEYS) {
        let mut chunk = chunk.to_vec();
        if let Some(last) = chunk.last().cloned() {
            chunk.resize(KEYS, last);
        }
        found.extend(tx.all::<T>(&sql, &chunk)?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_marks_of_its_own() {
        assert_eq!(
            statement("insert into t (a, b)", 2, 2),
            "insert into t (a, b) values ($1, $2), ($3, $4)"
        );
    }
}
