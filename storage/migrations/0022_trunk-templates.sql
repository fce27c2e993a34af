-- How a carrier wants to be spoken to, from which template a trunk began, and what becomes of calls that are sent elsewhere. As before where nobody has said.
alter table trunk
  add column template text not null default '',
  add column incoming_format text not null default 'E164',
  add column caller_id_header text not null default 'P-Asserted-Identity',
  add column codecs text[] not null default '{PCMA,PCMU}',
  add column session_timers boolean not null default true,
  add column redirects text not null default 'refuse',
  add column redirects_max integer not null default 2,
  add column diversion text not null default 'none';
alter table station add column forwarding text not null default 'inside';
