//! Whether what was under way at some moment is over.

use super::{Connection, Read};
use crate::error::Result;

/// Between what was under way at a moment and what began later. See [`Read::fence`].
#[derive(Clone, Copy, Debug)]
pub struct Fence(i64);

impl Read<'_> {
    /// Puts one up. Writes may overlap: what has a lower number than something that is there already may still come, from a
    /// write before the fence.
    pub fn fence(&mut self) -> Result<Fence> {
        match self.connection {
            Connection::Sqlite(_) => Ok(Fence(0)),
            Connection::Postgres(postgres) => postgres.fence().map(Fence),
        }
    }

    /// Whether every write before it is over. On SQLite there is one at a time.
    pub fn is_past(&mut self, Fence(fence): Fence) -> Result<bool> {
        match self.connection {
            Connection::Sqlite(_) => Ok(true),
            Connection::Postgres(postgres) => postgres.is_past(fence),
        }
    }
}
