-- Since when somebody has moved the clock of this development instance: rows may bear any time, and none of them tells that the
-- machine's clock was set back.
alter table instance add column clock_moved_at bigint;
