-- Invitations to the application: who has the link of one may sign up, also where nobody else may.

create table invitations (
    id text primary key,
    email_address text not null,            -- in lower case
    public_metadata text not null,          -- for the user to be
    redirect_url text,
    ticket_digest text not null unique,
    created_at bigint not null,
    updated_at bigint not null,
    expires_at bigint not null,
    accepted_at bigint,
    revoked_at bigint,
    refusals bigint not null default 0      -- how often the link was shown and led nowhere
);
create index app_invitations_by_created on invitations (created_at, id);
create index app_invitations_by_address on invitations (email_address, id);
create index app_invitations_by_end on invitations (expires_at, id);
