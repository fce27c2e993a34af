-- The audit log is read by type and by actor, newest first.
create index event_by_type on event (type, seq);
create index event_by_actor on event (actor_id, seq);
