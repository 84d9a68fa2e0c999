//! What a database that was restored must not do again.
//!
//! It is back at the moment of its backup and knows nothing of what came after: a ticket that was spent would open a second
//! session, one that was taken back would open after all, and a session whose user signed out would get tokens again. None of
//! that can be told from what nobody has touched. So everything that is open is taken back: what remains can be made anew.

use crate::db::Write;
use crate::db::snapshot::{self, Contents};
use crate::error::Result;
use crate::events::{Action, Event};
use crate::sessions::{self, Revoked, Whose};
use crate::{instance, invitations, organizations, sign_in_tokens, tasks};

/// What was taken back.
#[derive(Clone, Debug, serde::Serialize)]
pub struct TakenBack {
    /// Agent tasks whose links were open.
    pub tasks: usize,
    /// Sign-in tokens and actor tokens.
    pub sign_in_tokens: usize,
    /// Invitations, to the application and into organizations.
    pub invitations: usize,
    /// Sessions; none where there may be so many that the server ends them one by one, though all are over now.
    pub sessions: Option<usize>,
}

/// Takes every link and every session back.
pub fn take_back(tx: &mut Write<'_>) -> Result<TakenBack> {
    let taken = TakenBack {
        tasks: tasks::revoke_open(tx)?,
        sign_in_tokens: sign_in_tokens::revoke_open(tx)?,
        invitations: invitations::revoke_open(tx)? + organizations::revoke_open_invitations(tx)?,
        sessions: match sessions::revoke_all(tx, &Whose::All)? {
            Revoked::Ended(ended) => Some(ended.len()),
            Revoked::Barred(_) => None,
        },
    };
    instance::remember(tx)?;
    let sessions = taken
        .sessions
        .map_or("all".to_owned(), |count| count.to_string());
    tx.note(Event::new(Action::DatabaseRestore).detail(format!(
        "{} tasks, {} sign-in tokens, {} invitations, {sessions} sessions",
        taken.tasks, taken.sign_in_tokens, taken.invitations
    )));
    Ok(taken)
}

/// Puts back what a development instance held at another moment, with links that were spent since.
pub fn go_back(tx: &mut Write<'_>, contents: &Contents, to: &str) -> Result<()> {
    snapshot::put_back(tx, contents)?;
    tx.note(Event::new(Action::DatabaseRestore).detail(to));
    Ok(())
}
