-- Taking back any number of sessions takes effect in one row. They are ended one by one afterwards, each with its record.

-- Every session that began by this moment is over; 0 if that was never said.
alter table users add column sessions_revoked_at bigint not null default 0;
alter table agents add column sessions_revoked_at bigint not null default 0;
alter table instance add column sessions_revoked_at bigint not null default 0;

-- Whose sessions are still to be ended one by one, and who wanted it.
create table revocations (
    id bigserial primary key,
    whose text not null,                    -- user | agent | all
    whose_id text,                          -- of the user or agent
    at bigint not null,
    actor text not null,
    ip text,
    user_agent text,
    request_id text not null
);

-- In the order in which a revocation goes through an agent's sessions.
drop index sessions_by_agent;
create index sessions_by_agent on sessions (agent_id, created_at, id) where agent_id is not null;
