//! Which sessions there are.

use super::Session;
use crate::clock::Time;
use crate::db::{Tx, Value, values};
use crate::error::Result;
use crate::id::{ClientId, UserId};

/// Which sessions to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this client.
    pub client: Option<ClientId>,
    /// Of this user.
    pub user: Option<UserId>,
    /// With this status.
    pub status: Option<String>,
}

/// The condition of [`list`] and [`count`]. Whether a session is active, expired or barred is reckoned from its row, as
/// [`Session::status`] does.
macro_rules! matching {
    ($select:expr, $rest:literal) => {
        concat!(
            $select,
            "where (cast($1 as text) is null or s.client_id = $1) and (cast($2 as text) is null or s.user_id = $2)
               and (cast($3 as text) is null or $3 = case
                    when s.end_status is not null then s.end_status
                    when s.expire_at <= $4 then 'expired'
                    when u.id is null or u.banned_at is not null or a.disabled_at is not null then 'revoked'
                    else 'active' end) ",
            $rest
        )
    };
}

fn matching_values(filter: &Filter, now: Time) -> Vec<Value> {
    values![
        filter.client.as_ref(),
        filter.user.as_ref(),
        filter.status.as_ref(),
        now
    ]
    .to_vec()
}

/// Sessions, newest first.
pub fn list(tx: &mut Tx<'_>, filter: &Filter, page: (i64, i64), now: Time) -> Result<Vec<Session>> {
    let mut values = matching_values(filter, now);
    values.extend([Value::Int(page.0), Value::Int(page.1)]);
    tx.all(
        matching!(
            select!(""),
            "order by s.created_at desc, s.id desc limit $5 offset $6"
        ),
        &values,
    )
}

/// How many sessions [`list`] would go through.
pub fn count(tx: &mut Tx<'_>, filter: &Filter, now: Time) -> Result<i64> {
    const COUNT: &str = matching!(
        "select count(*) from sessions s left join users u on u.id = s.user_id left join agents a on a.id = s.agent_id ",
        ""
    );
    tx.one(COUNT, &matching_values(filter, now))
}
