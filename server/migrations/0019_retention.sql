-- What is removed when its time is up, by one node at a time.
create table retention (
    slot bigint primary key,                -- always 1
    node text not null,                     -- whose turn it is, or was
    held_until bigint not null,             -- so long nobody else takes it
    due_at bigint not null                  -- when there is a turn again
);
insert into retention (slot, node, held_until, due_at) values (1, '', 0, 0);

-- Deleted users whose sessions, tasks and sign-in tokens are still to be removed.
create table erasures (
    user_id text primary key,
    due_at bigint not null
);

create index sign_in_tokens_by_created on sign_in_tokens (created_at, id);
create index sign_in_tokens_by_user on sign_in_tokens (user_id, created_at, id);
