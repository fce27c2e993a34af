-- What calls outside cost, and alarms that act when they cost too much, go where none ever went, or are made at night.
alter table organization add column currency text;
create table rate_table (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  rates text[] not null,
  version int not null,
  created_at timestamptz not null,
  modified_at timestamptz not null
);
create unique index rate_table_name on rate_table (organization_id, lower(name));
create table call_alarm (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  rule text not null check (rule in ('spend', 'new-country', 'night')),
  scope text not null check (scope in ('organization', 'user', 'classification')),
  classification text not null,
  limit_value double precision not null,
  period text not null check (period in ('day', 'month')),
  opens_at text not null,
  closes_at text not null,
  open_days text[] not null,
  action text not null check (action in ('notify', 'block')),
  enabled boolean not null,
  version int not null,
  created_at timestamptz not null,
  modified_at timestamptz not null
);
create unique index call_alarm_name on call_alarm (organization_id, lower(name));
insert into audited_table (name) values ('rate_table'), ('call_alarm');
-- One row for each number outside that was answered. No number: the country and the class are what alarms ask for.
create table call_charge (
  id uuid primary key,
  organization_id uuid not null,
  conversation_id uuid not null,
  user_id uuid not null,
  classification text not null,
  country text not null,
  started_at timestamptz not null,
  seconds int not null,
  amount double precision not null
);
create index call_charge_started on call_charge (organization_id, started_at);
create index call_charge_country on call_charge (organization_id, country);
-- Whom an alarm has stopped, until an administrator releases them; from then on counts anew.
create table call_stop (
  alarm_id uuid not null,
  subject text not null,
  organization_id uuid not null,
  country text not null,
  value double precision not null,
  stopped_at timestamptz not null,
  released_at timestamptz,
  primary key (alarm_id, subject)
);
create index call_stop_organization on call_stop (organization_id);
