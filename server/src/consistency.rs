//! What rows say of each other, whatever happened: rules that no schema can state. Looked for from outside of a server, through
//! everything there is.

use crate::db::Read;
use crate::error::Result;

/// A sentence for a row that breaks a rule, and how such rows are found, by their id.
const RULES: [(&str, &str); 11] = [
    (
        "task … has several sessions",
        "select task_id from sessions where task_id is not null group by task_id having count(*) > 1",
    ),
    (
        "session … is not the one that its task opened",
        "select s.id from sessions s join tasks t on t.id = s.task_id
         where t.used_at is null or t.session_id is null or t.session_id <> s.id",
    ),
    (
        "session … is another user's or agent's than its task",
        "select s.id from sessions s join tasks t on t.id = s.task_id
         where s.user_id <> t.user_id or s.agent_id is null or s.agent_id <> t.agent_id",
    ),
    (
        "task … was spent without a session, or has one without being spent",
        "select id from tasks where (used_at is null) <> (session_id is null)",
    ),
    (
        "task … was spent and taken back",
        "select id from tasks where used_at is not null and revoked_at is not null",
    ),
    (
        "sign-in token … was spent without a session, or has one without being spent",
        "select id from sign_in_tokens where (used_at is null) <> (session_id is null)",
    ),
    (
        "sign-in token … was spent and taken back",
        "select id from sign_in_tokens where used_at is not null and revoked_at is not null",
    ),
    (
        "session … has ended and nobody knows how, or the other way round",
        "select id from sessions where (ended_at is null) <> (end_status is null)",
    ),
    (
        "invitation … was accepted and taken back",
        "select id from invitations where accepted_at is not null and revoked_at is not null
         union all
         select id from organization_invitations where accepted_at is not null and revoked_at is not null",
    ),
    (
        "organization … counts its members wrongly",
        "select o.id from organizations o
         where o.members_count <> (select count(*) from organization_memberships m where m.organization_id = o.id)",
    ),
    (
        "identifier … is claimed by another name than its own",
        "select id from identifiers
         where case status when 'unverified' then claimed is not null else claimed is null or claimed <> kind || ':' || value end",
    ),
];

/// How many rows are named of each rule that is broken.
const NAMED: usize = 20;

/// What is amiss, in sentences.
pub fn broken(tx: &mut Read<'_>) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (sentence, sql) in RULES {
        let rows: Vec<String> = tx.all(sql, &[])?;
        let more = rows.len().saturating_sub(NAMED);
        found.extend(rows.iter().take(NAMED).map(|id| sentence.replace('…', id)));
        if more > 0 {
            found.push(format!("{more} more: {sentence}"));
        }
    }
    let instances: i64 = tx.one("select count(*) from instance", &[])?;
    if instances != 1 {
        found.push("the database is no instance's: no server was ever started on it".into());
    }
    Ok(found)
}
