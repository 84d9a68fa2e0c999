-- Whoever signs out everywhere else stays signed in here, however many sessions there are.

-- The one session that `sessions_revoked_at` does not end; null where it ends all.
alter table users add column kept_session_id text;
alter table revocations add column kept_session_id text;
