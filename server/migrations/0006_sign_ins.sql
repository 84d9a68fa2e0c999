-- Signing in by password and by code, and proving again who one is.

-- Wrong passwords and codes since the last right one; a hundred lock the user. And how many were ever refused: of many the
-- audit trail keeps a few.
alter table users add column failed_attempts bigint not null default 0;
alter table users add column refusals bigint not null default 0;

-- The attempt to sign in or up that opened a session: each opens one.
alter table sessions add column attempt_id text;
create unique index sessions_by_attempt on sessions (attempt_id) where attempt_id is not null;

-- When the user last proved who they are, after the sign-in; and a proof that is under way.
alter table sessions add column verified_at bigint;
alter table sessions add column proof_begun_at bigint;
alter table sessions add column proof_identifier_id text;
alter table sessions add column proof_code_at bigint;

-- When its user asked for a code to prove that it is theirs, and how many wrong ones came since.
alter table identifiers add column code_at bigint;
alter table identifiers add column code_wrong bigint not null default 0;
