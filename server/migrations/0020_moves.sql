-- A move of everything to another database, which may be of the other kind. Both are empty unless one is under way or was made.

create table moves (
    slot bigint primary key,                -- always 1
    id text not null,                       -- the same on both sides
    state text not null                     -- leaving | left | arriving; nobody serves any of them
);

-- How far the rows of each table have arrived.
create table arrivals (
    name text primary key,
    arrived bigint not null,
    last text                               -- the key of the last one
);
