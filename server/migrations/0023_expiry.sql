-- How far applications were told of sessions that are past their end: of those whose end, and then id, come before this.
alter table instance add column expiry_told_at bigint not null default 0;
alter table instance add column expiry_told_id text not null default '';

-- The sessions that nobody has ended, by their end.
create index sessions_by_expiry on sessions (expire_at, id) where ended_at is null;
