-- Whether the recording of a call that is up pauses, and until when at the latest.
alter table conversation
  add column paused_at timestamptz,
  add column paused_until timestamptz,
  add column pause_is_secure boolean not null default false;
-- After so many seconds a paused recording goes on by itself.
alter table organization add column pause_seconds_max integer not null default 300;
