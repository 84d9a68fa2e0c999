-- Events that are sent to applications.

create table webhook_endpoints (
    id text primary key,
    url text not null,
    description text not null,
    events text not null,                   -- types, `user.*` or `*`, a space between
    secret text not null,                   -- what its events are signed with, sealed
    old_secret text,                        -- the one before, sealed, which signs too until …
    old_until bigint,
    disabled_at bigint,
    created_at bigint not null,
    updated_at bigint not null
);

-- One event on its way to one endpoint, and afterwards.
create table webhook_deliveries (
    id bigserial primary key,
    endpoint_id text not null,
    message_id text not null,               -- the same at every endpoint and at every attempt
    type text not null,
    object text not null,                   -- the id of what it tells of; events of one object keep their order
    payload text not null,                  -- the body, to the letter
    created_at bigint not null,             -- when it happened, or will, if nothing comes between
    due_at bigint,                          -- when somebody may try next; who tries moves it ahead; null when nobody will
    attempts bigint not null default 0,
    delivered_at bigint,
    dead_at bigint                          -- the last attempt failed
);
create index deliveries_due on webhook_deliveries (endpoint_id, due_at, id) where due_at is not null;
create index deliveries_open on webhook_deliveries (endpoint_id, object, created_at, id) where due_at is not null;
create index deliveries_waiting on webhook_deliveries (endpoint_id, created_at, id) where due_at is not null;
create index deliveries_dead on webhook_deliveries (endpoint_id, created_at, id) where dead_at is not null;
create index deliveries_by_endpoint on webhook_deliveries (endpoint_id, created_at, id);
create index deliveries_by_created on webhook_deliveries (created_at, id);

create table webhook_attempts (
    id bigserial primary key,
    delivery_id bigint not null references webhook_deliveries (id) on delete cascade,
    at bigint not null,
    took bigint not null,                   -- in milliseconds
    status bigint,                          -- of the answer, where there was one
    error text
);
create index attempts_by_delivery on webhook_attempts (delivery_id, id);

-- What is sent holds addresses below it, whoever wrote it.
alter table instance add column public_url text;
