-- Rooms that people meet in by dialling a number.
create table conference_room (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  number text not null,
  callers text not null check (callers in ('people', 'everybody')),
  participants_max int not null check (participants_max between 2 and 100),
  version int not null,
  created_at timestamptz not null,
  modified_at timestamptz not null
);
create unique index conference_room_name on conference_room (organization_id, lower(name));
create unique index conference_room_number on conference_room (organization_id, number);
insert into audited_table (name) values ('conference_room');
