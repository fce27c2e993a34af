-- The centre: configuration, people, routing state, conversations. State tables beside the log; `event_seq` says which event a row is as of.

create table division (
  id uuid primary key,
  organization_id uuid not null,
  name text not null,
  created_at timestamptz not null
);

create table queue (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  description text not null,
  skill_evaluation_method text not null,
  scoring_method text not null,
  alerting_timeout_seconds int not null,
  service_level_percentage double precision not null,
  service_level_ms int not null,
  acw_wrapup_prompt text not null,
  acw_timeout_ms int not null,
  version int not null,
  pool_id text not null,
  created_at timestamptz not null,
  modified_at timestamptz not null
);
create unique index queue_name on queue (organization_id, lower(name));
create index queue_pool on queue (organization_id, pool_id);

create table queue_member (
  queue_id uuid not null,
  user_id uuid not null,
  joined boolean not null,
  primary key (queue_id, user_id)
);
create index queue_member_user on queue_member (user_id);

create table skill (
  id uuid primary key,
  organization_id uuid not null,
  name text not null,
  kind text not null check (kind in ('skill', 'language'))
);
create unique index skill_name on skill (organization_id, lower(name));

create table user_skill (
  user_id uuid not null,
  skill_id uuid not null,
  proficiency double precision not null check (proficiency between 0 and 5),
  primary key (user_id, skill_id)
);

create table wrapup_code (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  name text not null
);
create unique index wrapup_code_name on wrapup_code (organization_id, lower(name));

create table queue_wrapup_code (
  queue_id uuid not null,
  wrapup_code_id uuid not null,
  primary key (queue_id, wrapup_code_id)
);

create table "user" (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  email text not null,
  state text not null check (state in ('active', 'inactive')),
  roles text[] not null,
  password_hash text,
  station_id uuid,
  version int not null,
  created_at timestamptz not null
);
create unique index user_email on "user" (organization_id, email);

create table session (
  token_hash text primary key,
  organization_id uuid not null,
  user_id uuid not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  user_agent text not null
);

create table oauth_client (
  id text primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  secret_hash text not null,
  roles text[] not null,
  access_token_validity_seconds int not null
);

create table access_token (
  token_hash text primary key,
  organization_id uuid not null,
  client_id text not null,
  expires_at timestamptz not null
);

-- What an agent has in hand is the fence of assignment: every change names what was there before.
create table agent (
  user_id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  presence text not null,
  presence_at timestamptz not null,
  routing_status text not null,
  routing_status_at timestamptz not null,
  last_handled_at timestamptz,
  in_hand_kind text not null check (in_hand_kind in ('nothing', 'alert', 'conversation', 'after-call-work')),
  in_hand_id uuid,
  check ((in_hand_kind = 'nothing') = (in_hand_id is null))
);

create table after_call_work (
  participant_id uuid primary key,
  conversation_id uuid not null,
  user_id uuid not null,
  queue_id uuid not null,
  started_at timestamptz not null,
  deadline_at timestamptz,
  ended_at timestamptz,
  wrapup_code text
);
create index after_call_work_due on after_call_work (deadline_at) where ended_at is null;

create table waiting_conversation (
  conversation_id uuid primary key,
  participant_id uuid not null,
  organization_id uuid not null,
  division_id uuid not null,
  queue_id uuid not null,
  node_id uuid not null,
  entered_at timestamptz not null,
  base_at timestamptz not null,
  at_head boolean not null,
  priority int not null,
  skill_ids uuid[] not null,
  language_id uuid,
  state text not null check (state in ('waiting', 'alerting', 'connected', 'gone')),
  alert_id uuid
);
create index waiting_queue on waiting_conversation (queue_id) where state <> 'gone';

create table alert (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  conversation_id uuid not null,
  acd_participant_id uuid not null,
  participant_id uuid not null,
  queue_id uuid not null,
  user_id uuid not null,
  node_id uuid not null,
  created_at timestamptz not null,
  deadline_at timestamptz not null,
  outcome text,
  ended_at timestamptz
);
create index alert_open on alert (user_id) where outcome is null;

create table routing_decision (
  id uuid primary key,
  organization_id uuid not null,
  at timestamptz not null,
  as_of_seq bigint not null,
  conversation_id uuid not null,
  queue_id uuid not null,
  queue_version int not null,
  user_id uuid,
  alert_id uuid,
  score double precision not null,
  nearest jsonb not null,
  counts jsonb not null
);
create index routing_decision_conversation on routing_decision (conversation_id, at);

create table conversation (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  node_id uuid not null,
  direction text not null,
  caller_number text not null,
  caller_name text not null,
  called_number text not null,
  started_at timestamptz not null,
  answered_at timestamptz,
  ended_at timestamptz,
  end_reason text,
  data jsonb not null
);
create index conversation_recent on conversation (organization_id, started_at desc);
create index conversation_open on conversation (node_id) where ended_at is null;

create table participant (
  id uuid primary key,
  conversation_id uuid not null,
  purpose text not null,
  user_id uuid,
  queue_id uuid,
  flow_id uuid,
  started_at timestamptz not null,
  connected_at timestamptz,
  ended_at timestamptz,
  disconnect_type text,
  wrapup_code text,
  held_since timestamptz
);
create index participant_conversation on participant (conversation_id);
create index participant_user on participant (user_id, started_at desc) where user_id is not null;
create index participant_queue on participant (queue_id, started_at) where queue_id is not null;

create table segment (
  participant_id uuid not null,
  conversation_id uuid not null,
  type text not null,
  started_at timestamptz not null,
  ended_at timestamptz
);
create index segment_conversation on segment (conversation_id);
create index segment_open on segment (participant_id) where ended_at is null;

create table recording (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  conversation_id uuid not null,
  path text not null,
  node_id uuid not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  state text not null check (state in ('recording', 'sealed', 'interrupted', 'failed')),
  duration_ms bigint,
  size_bytes bigint,
  chunks int,
  sha256 text
);
create index recording_conversation on recording (conversation_id);

create table trunk (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  addresses text[] not null
);

create table station (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  kind text not null check (kind in ('browser', 'phone')),
  user_id uuid,
  username text not null,
  sealed_ha1 text
);
create unique index station_username on station (organization_id, username);

create table ivr (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  dnis text[] not null,
  flow_id uuid not null
);

create table flow (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  type text not null check (type in ('INBOUNDCALL', 'INQUEUECALL')),
  version int not null,
  document jsonb not null
);

create table inbox (
  id uuid primary key,
  node_id uuid not null,
  conversation_id uuid not null,
  actor_id text not null,
  at timestamptz not null,
  command jsonb not null
);
create index inbox_node on inbox (node_id, id);

-- Rows that an event describes whole: `verify --rows` compares them with its `after`.
insert into audited_table (name) values ('queue'), ('user'), ('oauth_client'), ('trunk'), ('station'), ('ivr'), ('flow');
