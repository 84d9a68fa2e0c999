-- The last commit of every connection to PostgreSQL that writes. Each one counts in its row within its transaction, so that a
-- commit whose answer was lost can be looked up. Empty on SQLite.
create table writers (
    id text primary key,
    -- How many were committed.
    commits bigint not null,
    -- Seconds since 1970, of the last one.
    at bigint not null,
    -- Since when it counts no more, because its connection was lost.
    settled_at bigint
);
