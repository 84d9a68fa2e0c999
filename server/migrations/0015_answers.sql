-- Answers to requests under an Idempotency-Key, for a day.
create table answers (
    -- A digest of the secret key's id and the Idempotency-Key.
    id text primary key,
    -- A digest of the request.
    request_digest text not null,
    -- JSON, sealed with the master key: it may hold a ticket.
    answer text not null,
    created_at bigint not null
);
create index answers_by_age on answers (created_at);
