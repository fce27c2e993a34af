-- Months are months of UTC whatever zone a session is in, and an instant is whole milliseconds: its id says no more.
alter function ensure_event_month(timestamptz) set timezone = 'UTC';
alter table event add constraint event_at_whole check (at = date_trunc('milliseconds', at));
