-- The certificate that a carrier must show, and ours for it. Whoever was let in before still is.
alter table trunk
  add column demands_certificate boolean not null default false, add column peer_issuers text not null default '',
  add column peer_names text[] not null default '{}', add column certificate text, add column sealed_key text;
