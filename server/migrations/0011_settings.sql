-- What can be set about the instance while it runs, and who may sign up.

create table settings (
    slot bigint primary key,                -- always 1
    support_email text,
    preferred_strategy text not null,       -- password | otp
    allowlist bigint not null,              -- nobody signs up who is not on it
    blocklist bigint not null,
    block_email_subaddresses bigint not null
);
insert into settings (slot, preferred_strategy, allowlist, blocklist, block_email_subaddresses) values (1, 'password', 0, 0, 0);

create table listed_identifiers (
    id text primary key,
    list text not null,                     -- allowlist_identifier | blocklist_identifier
    kind text not null,                     -- email_address | phone_number
    identifier text not null,               -- in its normal form; *@example.com is every address there
    created_at bigint not null,
    unique (list, identifier)
);
create index listed_identifiers_by_created on listed_identifiers (list, created_at, id);
