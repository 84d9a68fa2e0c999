//! What the earlier rows of a file have, so that a refused row can be told which of them it collides with.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use standin_server::users::NewUser;

/// The row of every id, name and identifier so far. A million rows have a few millions of them, so their hashes stand for
/// them: the database has said already that a value is taken, and this only says by which row.
#[derive(Default)]
pub struct Earlier {
    rows: HashMap<u64, u32>,
    hasher: RandomState,
}

impl Earlier {
    /// The earlier row that has the user's value for `param`.
    pub fn row_with(&self, user: &NewUser, param: &str) -> Option<u32> {
        let mut values = user.unique_values().filter(|(name, _)| *name == param);
        values.find_map(|value| self.rows.get(&self.hasher.hash_one(value)).copied())
    }

    /// The earlier row that is the same user, and what tells so: its id or its external id, else whatever it has.
    pub fn same_user(&self, user: &NewUser) -> Option<(&'static str, u32)> {
        let is_id = |name: &str| ["id", "external_id"].contains(&name);
        let has_id = user.unique_values().any(|(name, _)| is_id(name));
        let mut values = user
            .unique_values()
            .filter(|(name, _)| !has_id || is_id(name));
        values.find_map(|value| {
            let row = self.rows.get(&self.hasher.hash_one(value))?;
            Some((value.0, *row))
        })
    }

    /// Remembers a row whose user is there.
    pub fn add(&mut self, user: &NewUser, row: u32) {
        for value in user.unique_values() {
            self.rows.entry(self.hasher.hash_one(value)).or_insert(row);
        }
    }
}
