-- Extensions that live on the PBX at a trunk's other end, and who is asked first for one that is known here, too. None: as before.
alter table trunk
  add column extension_ranges jsonb not null default '[]',
  add column extensions_first text not null default 'here';
