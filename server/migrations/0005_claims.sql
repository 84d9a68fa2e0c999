-- What session tokens say beside the claims that all have, and JWT templates.

-- A JSON object with shortcodes; null is none. The revision tells nodes that have compiled an earlier one.
alter table instance add column session_claims text;
alter table instance add column session_claims_revision bigint not null default 0;
alter table instance add column session_claims_updated_at bigint;

create table jwt_templates (
    id text primary key,
    name text not null unique,
    claims text not null,                   -- a JSON object with shortcodes
    lifetime bigint not null,               -- seconds
    allowed_clock_skew bigint not null,     -- seconds
    signing_algorithm text not null,        -- RS256 | HS256 | …
    signing_key text,                       -- sealed; null: the instance's own key signs
    revision bigint not null,               -- moves with every change
    created_at bigint not null,
    updated_at bigint not null
);
create index jwt_templates_by_created on jwt_templates (created_at, id);
