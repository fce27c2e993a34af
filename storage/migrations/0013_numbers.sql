-- Under which numbers people are called.
alter table "user" add column extension text, add column phone_number text;
create unique index user_extension on "user" (organization_id, extension) where extension is not null;
create unique index user_phone_number on "user" (organization_id, phone_number) where phone_number is not null;

-- Whom a call was put through to, as it was shown then.
alter table participant add column address text not null default '', add column name text not null default '',
  add column consulted_by uuid;

-- How calls leave: by which trunks, from which place, and what numbers mean there.
alter table trunk
  add column proxies text[] not null default '{}', add column transport text not null default 'UDP',
  add column number_format text not null default 'E164', add column caller_id_presentation text not null default 'user',
  add column caller_id text, add column channels_max int;
alter table station add column site_id uuid, add column location text not null default '';
-- Which classifications of numbers somebody may dial.
alter table "user" add column dial_rights text[] not null default '{National,Mobile,Tollfree}';

create table site (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  country text not null,
  address text not null,
  outside_prefix text not null,
  caller_id text,
  caller_name text not null,
  emergency_trunk_ids uuid[] not null,
  emergency_contact_ids uuid[] not null,
  version int not null,
  created_at timestamptz not null,
  modified_at timestamptz not null
);
create unique index site_name on site (organization_id, lower(name));

create table number_plan (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  site_id uuid not null,
  priority int not null,
  match_type text not null,
  match text not null,
  normalized_format text not null,
  numbers jsonb not null,
  digit_length jsonb,
  classification text not null,
  version int not null,
  created_at timestamptz not null,
  modified_at timestamptz not null
);
create unique index number_plan_name on number_plan (organization_id, lower(name));

create table outbound_route (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  site_id uuid not null,
  classifications text[] not null,
  distribution text not null,
  trunk_ids uuid[] not null,
  enabled boolean not null,
  version int not null,
  created_at timestamptz not null,
  modified_at timestamptz not null
);
create unique index outbound_route_name on outbound_route (organization_id, lower(name));

insert into audited_table (name) values ('site'), ('number_plan'), ('outbound_route');

-- Calls for help, until everybody who is to know has said so.
create table help_call (
  conversation_id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  at timestamptz not null,
  user_id uuid,
  name text not null,
  number text not null,
  callback text not null,
  place text not null,
  waiting_for uuid[] not null
);
create index help_call_waiting on help_call using gin (waiting_for) where waiting_for <> '{}';
