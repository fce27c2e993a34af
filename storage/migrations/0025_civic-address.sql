-- Where help is sent, in the parts that a carrier reads (RFC 4119, RFC 5139): of a site, of a station that stands elsewhere, of a person who works
-- elsewhere today. Where nobody has said, nobody is told.
alter table site add column civic jsonb, add column networks text[] not null default '{}';
alter table station add column civic jsonb;
alter table trunk add column geolocation text not null default 'none';

-- One for each person, as they said it or as their network says it; it ends by itself.
create table whereabouts (
  user_id uuid primary key,
  organization_id uuid not null,
  site_id uuid,
  civic jsonb,
  said_at timestamptz not null,
  expires_at timestamptz not null
);

-- Who has said that they see to a call for help; empty: nobody yet.
alter table help_call add column seen_by text not null default '';
