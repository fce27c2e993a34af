-- Everything that an admin configures has a version, an event and the times of its making and last change.

alter table skill
  add column division_id uuid, add column event_seq bigint, add column version int not null default 1,
  add column created_at timestamptz not null default now(), add column modified_at timestamptz not null default now();
update skill s set division_id = d.id from division d where d.organization_id = s.organization_id and d.name = 'Home';
alter table skill alter column division_id set not null;

alter table wrapup_code
  add column event_seq bigint, add column version int not null default 1,
  add column created_at timestamptz not null default now(), add column modified_at timestamptz not null default now();

alter table trunk
  add column version int not null default 1,
  add column created_at timestamptz not null default now(), add column modified_at timestamptz not null default now();
alter table station
  add column version int not null default 1,
  add column created_at timestamptz not null default now(), add column modified_at timestamptz not null default now();
alter table ivr
  add column version int not null default 1,
  add column created_at timestamptz not null default now(), add column modified_at timestamptz not null default now();
alter table flow
  add column created_at timestamptz not null default now(), add column modified_at timestamptz not null default now();
alter table oauth_client
  add column version int not null default 1,
  add column created_at timestamptz not null default now(), add column modified_at timestamptz not null default now();
alter table "user" add column modified_at timestamptz not null default now();

-- Which codes a queue offers is one of its settings, and so in its events.
alter table queue add column wrapup_code_ids uuid[] not null default '{}';
update queue q set wrapup_code_ids = (
  select coalesce(array_agg(c.wrapup_code_id order by c.wrapup_code_id), '{}') from queue_wrapup_code c where c.queue_id = q.id);
drop table queue_wrapup_code;

create table presence_definition (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  system_presence text not null,
  version int not null,
  created_at timestamptz not null,
  modified_at timestamptz not null
);
create unique index presence_definition_name on presence_definition (organization_id, lower(name));

create table did_pool (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  start_phone_number text not null,
  end_phone_number text not null,
  version int not null,
  created_at timestamptz not null,
  modified_at timestamptz not null
);
create unique index did_pool_name on did_pool (organization_id, lower(name));

create index user_skill_skill on user_skill (skill_id);
create index session_of_user on session (user_id);

insert into audited_table (name) values ('skill'), ('wrapup_code'), ('presence_definition'), ('did_pool');
