-- A million rows: every list has an index that leads it, and what strangers do leaves a bounded trace.

-- Newest first within one user, agent or client, without sorting.
drop index tasks_by_user;
drop index tasks_by_agent;
create index tasks_by_user on tasks (user_id, created_at, id);
create index tasks_by_agent on tasks (agent_id, created_at, id);
create index tasks_revoked on tasks (created_at, id) where revoked_at is not null;
drop index sessions_by_user;
drop index sessions_by_client;
drop index sessions_by_agent;
create index sessions_by_user on sessions (user_id, created_at, id);
create index sessions_by_client on sessions (client_id, created_at, id);
create index sessions_by_agent on sessions (agent_id) where agent_id is not null;
drop index audit_by_task;
create index audit_by_task on audit (task_id, seq);

-- A claimed identifier is found by its claim; one that nobody has proven to hold, by this.
create index identifiers_unverified on identifiers (kind, value) where claimed is null;

-- How often the ticket was shown and opened nothing: of many times the audit trail keeps a few.
alter table tasks add column refusals bigint not null default 0;
alter table sign_in_tokens add column refusals bigint not null default 0;

-- First and last name in lower case by Unicode's rules, for searches; the program writes it.
alter table users add column name_folded text not null default '';

-- The latest moment that this database has seen. A clock that says less was set back.
alter table instance add column seen_at bigint not null default 0;

-- The name but for letter case, width and spacing, as the program folds it: a disabled agent does not come back that way.
alter table agents add column name_folded text not null default '';
create index agents_by_folded_name on agents (name_folded);
create index agents_by_created on agents (created_at, id);
