-- The forms of payloads, recordings, journal and signatures as they stay; what an unreleased version wrote in others is refused, not misread.
do $$
begin
  if exists (select from event) then
    raise exception 'this data was written before Landline''s forms were settled: start with an empty --data folder and database';
  end if;
end $$;

-- Months are removed whole, but sequences interleave with them: one signed row per run of sequences that went.
drop table event_pruned;
create table event_pruned (
  from_seq bigint primary key,
  to_seq bigint not null check (to_seq >= from_seq),
  -- What the first of the run linked to, and the hash of its last.
  prev bytea not null check (octet_length(prev) = 32),
  hash bytea not null check (octet_length(hash) = 32),
  partition text not null,
  pruned_at timestamptz not null,
  key_id text not null,
  signature bytea not null
);

create or replace function event_head() returns table (seq bigint, hash bytea) language plpgsql stable as $$
begin
  return query
    select newest.seq, newest.hash from (
      (select e.seq, e.hash from event e order by e.seq desc limit 1)
      union all (select p.to_seq, p.hash from event_pruned p order by p.to_seq desc limit 1)
    ) newest order by newest.seq desc limit 1;
  if not found then
    return query select 0::bigint, decode(repeat('00', 32), 'hex');
  end if;
end $$;
