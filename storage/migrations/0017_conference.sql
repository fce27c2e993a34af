-- Who brought somebody into a conference, and beside whom a supervisor listens.
alter table participant add column added_by uuid, add column supervises uuid;
-- Whether people see who listens to them unheard.
alter table organization add column shows_monitoring boolean not null default true;
