-- What Clerk's test kit and newcomers meet.

-- How often the holder of a task's session came by its link again.
alter table tasks add column revisits bigint not null default 0;

-- As in `Europe/Berlin`.
alter table users add column timezone text;

-- An actor token is a sign-in token with somebody who acts, whom its creator names; the JSON goes into the session's tokens.
alter table sign_in_tokens add column actor text;
alter table sign_in_tokens add column session_seconds bigint;
alter table sessions add column given_actor text;
