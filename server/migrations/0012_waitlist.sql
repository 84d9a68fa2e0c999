-- Addresses that wait to be invited to the application.

create table waitlist_entries (
    id text primary key,
    email_address text not null unique,     -- in lower case
    created_at bigint not null,
    updated_at bigint not null,
    invited_at bigint,
    invitation_id text,                     -- of the invitation that came of it
    rejected_at bigint
);
create index waitlist_by_created on waitlist_entries (created_at, id);
