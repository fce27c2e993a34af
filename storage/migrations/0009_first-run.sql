-- First run: what the organization is, one-time tickets, second factors, and how far the set-up has come.

alter table organization
  add column language text not null default 'en-GB',
  add column country text,
  -- Null: the server's own.
  add column time_zone text,
  -- The number that guests may call from a browser; null: none may.
  add column guest_number text;

-- Whoever holds the secret may do one thing. Only its SHA-256 is kept.
create table ticket (
  token_hash text primary key,
  organization_id uuid not null,
  kind text not null check (kind in ('setup', 'sign-in', 'second-factor', 'guest')),
  user_id uuid,
  created_at timestamptz not null,
  -- Null: until it is used.
  expires_at timestamptz
);
create index ticket_kind on ticket (organization_id, kind);
create index ticket_expires on ticket (expires_at) where expires_at is not null;

create table totp (
  user_id uuid primary key,
  organization_id uuid not null,
  -- Sealed with the key file.
  sealed_secret text not null,
  -- Null: its first code has not been typed yet.
  confirmed_at timestamptz,
  -- The newest time step that was used: none before or at it is taken again (RFC 6238, 5.2).
  last_step bigint not null
);

create table recovery_code (
  user_id uuid not null,
  code_hash text not null,
  used_at timestamptz,
  primary key (user_id, code_hash)
);

create table setup (
  organization_id uuid primary key,
  steps_done text[] not null,
  owner_id uuid,
  -- The ticket under which the owner proved the second factor: that browser needs no second sign-in.
  owner_ticket_hash text,
  -- The recovery kit, sealed with the key file, until it was asked back; its digest for the headless set-up.
  sealed_kit text,
  kit_digest text,
  with_demo boolean,
  completed_at timestamptz
);
