-- How long recordings are kept, and which ones are no longer.
alter table organization add column recording_days int check (recording_days between 1 and 36500);
alter table recording add column erased_at timestamptz;
alter table recording drop constraint recording_state_check;
alter table recording add constraint recording_state_check check (state in ('recording', 'sealed', 'interrupted', 'failed', 'erased'));
create index recording_started on recording (organization_id, started_at) where state <> 'erased';
create index recording_erased on recording (node_id, erased_at) where state = 'erased';
