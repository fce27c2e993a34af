-- Where phones are that registered over UDP: a node that starts again can ring them at once.
create table binding (
  node_id uuid not null,
  station_id uuid not null,
  contact text not null,
  address text not null,
  port int not null,
  expires_at timestamptz not null,
  call_id text not null,
  seq bigint not null,
  primary key (node_id, station_id, contact)
);

-- Phones that never register, and are always at the same address.
alter table station add column address text not null default '';
