-- A chain over the audit trail: each seal holds the digest of some records and of the seal before it.
create table audit_seals (
    number bigint primary key,              -- 1, 2, 3, …
    last_seq bigint not null,               -- of its records, which begin after the seal before it
    marks text not null,                    -- of each record its place and a short digest; empty once they are removed
    digest text not null,
    sealed_at bigint not null
);
