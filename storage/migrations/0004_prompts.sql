-- Prompts of the organization's own. The sound lies beside the row: lists never read it.

create table prompt (
  id uuid primary key,
  organization_id uuid not null,
  division_id uuid not null,
  event_seq bigint,
  name text not null,
  description text not null,
  audio_sha256 text,
  audio_ms int,
  version int not null,
  created_at timestamptz not null,
  modified_at timestamptz not null
);
create unique index prompt_name on prompt (organization_id, lower(name));

create table prompt_audio (
  prompt_id uuid primary key,
  wav bytea not null
);

insert into audited_table (name) values ('prompt');
