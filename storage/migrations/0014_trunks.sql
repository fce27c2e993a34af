-- The account that a carrier has given us, and how we know whether it is there.
alter table trunk
  add column username text not null default '', add column domain text not null default '', add column sealed_password text,
  add column registers boolean not null default false, add column heartbeat boolean not null default true;
