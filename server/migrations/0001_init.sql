-- Everything Standin remembers, for SQLite and PostgreSQL alike.
-- Columns are text and bigint only. Times (`…_at`) are milliseconds since the epoch; a state is a nullable time, so it
-- also says when. Secrets are kept as SHA-256 digests; keys that must be read back are sealed with the master key.

create table instance (
    slot bigint primary key,                -- always 1: a database is one instance
    id text not null,
    kind text not null,                     -- development | production
    created_at bigint not null
);

create table signing_keys (
    kid text primary key,
    private_key text not null,              -- PKCS #8, sealed
    created_at bigint not null,
    retired_at bigint
);

create table secret_keys (
    id text primary key,
    name text not null,
    scope text not null,                    -- full | tasks | read
    digest text not null unique,
    hint text not null,                     -- the last four characters, to tell keys apart
    created_at bigint not null,
    last_used_at bigint,
    revoked_at bigint
);

create table users (
    id text primary key,
    username text unique,                   -- lower case
    first_name text,
    last_name text,
    locale text,
    external_id text unique,
    primary_email_address_id text,
    primary_phone_number_id text,
    password_hash text,
    password_changed_at bigint,
    public_metadata text not null,
    private_metadata text not null,
    unsafe_metadata text not null,
    banned_at bigint,
    locked_until bigint,
    delete_self_enabled bigint not null,
    create_organization_enabled bigint not null,
    legal_accepted_at bigint,
    last_sign_in_at bigint,
    last_active_at bigint,
    created_at bigint not null,
    updated_at bigint not null
);
create index users_by_created on users (created_at, id);

create table identifiers (
    id text primary key,
    user_id text not null references users (id) on delete cascade,
    kind text not null,                     -- email_address | phone_number
    value text not null,                    -- e-mail addresses in lower case, phone numbers in E.164
    status text not null,                   -- verified | reserved | unverified
    claimed text unique,                    -- kind and value where verified or reserved: one owner at a time
    created_at bigint not null,
    updated_at bigint not null
);
create index identifiers_by_user on identifiers (user_id);

create table agents (
    id text primary key,
    name text not null unique,
    created_at bigint not null,
    disabled_at bigint
);

create table clients (
    id text primary key,
    secret_digest text not null unique,     -- of the __client cookie; changes at every sign-in
    last_active_session_id text,
    created_at bigint not null,
    updated_at bigint not null              -- moves only when the set of sessions changes: it is __client_uat
);

-- Development only: a second name of a client, which travels in URLs and on the application's own domain.
create table dev_browsers (
    digest text primary key,
    client_id text not null references clients (id) on delete cascade,
    created_at bigint not null
);
create index dev_browsers_by_client on dev_browsers (client_id);

create table tasks (
    id text primary key,
    agent_id text not null references agents (id),
    user_id text not null,                  -- kept when the user is deleted: the record stays
    created_by text not null,               -- the secret key
    description text not null,
    permissions text not null,
    redirect_url text not null,
    session_seconds bigint not null,
    ticket_digest text not null unique,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint,
    revoked_at bigint,
    session_id text,
    used_ip text,
    used_agent text
);
create index tasks_by_user on tasks (user_id, created_at);
create index tasks_by_agent on tasks (agent_id, created_at);
create index tasks_by_created on tasks (created_at, id);

create table sign_in_tokens (
    id text primary key,
    user_id text not null,
    digest text not null unique,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint,
    revoked_at bigint,
    session_id text
);

create table sessions (
    id text primary key,
    client_id text not null references clients (id),
    user_id text not null,
    agent_id text,                          -- with task_id: an agent acts for the user
    task_id text,
    created_at bigint not null,
    updated_at bigint not null,
    expire_at bigint not null,
    last_active_at bigint not null,
    ended_at bigint,
    end_status text,                        -- revoked | ended | removed | replaced
    refreshed_iat bigint,                   -- the newest expired token that was exchanged, and when
    refreshed_at bigint
);
create index sessions_by_client on sessions (client_id);
create index sessions_by_user on sessions (user_id, created_at);
create index sessions_by_agent on sessions (agent_id);
create index sessions_by_created on sessions (created_at, id);

create table audit (
    seq bigserial primary key,
    at bigint not null,
    action text not null,
    result text not null,                   -- ok, or the code of the refusal
    actor text not null,                    -- a secret key, a client, `cli`, or `anyone`
    user_id text,
    agent_id text,
    task_id text,
    session_id text,
    ip text,
    user_agent text,
    request_id text not null,
    detail text
);
create index audit_by_task on audit (task_id);
