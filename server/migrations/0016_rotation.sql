-- One signing key takes the place of another.

-- From when on it signs, until a later one does. It is published from its making until `retired_at`, which may lie ahead.
alter table signing_keys add column active_at bigint not null default 0;
