-- The log that can prove and can forget: headers chained for ever, payloads apart and sealed, and the one function that appends.
-- ARCHITECTURE describes the header's text (version 1); core/events/chain.ts computes the same hash.

create table organization (
  id uuid primary key,
  name text not null check (name <> '' and length(name) <= 256),
  host text unique,
  created_at timestamptz not null,
  event_seq bigint
);

-- A process that takes calls. Its epoch counts up at every start and when another node declares it dead.
create table node (
  id uuid primary key,
  epoch int not null default 1,
  started_at timestamptz not null,
  lease_until timestamptz not null
);

-- Headers: ids only, never a name, number or address. No foreign keys: a header outlives everything it names.
create table event (
  seq bigint not null check (seq > 0),
  at timestamptz not null,
  prev bytea not null check (octet_length(prev) = 32),
  hash bytea not null check (octet_length(hash) = 32),
  id uuid not null,
  node_id uuid not null,
  type text not null check (type ~ '^[a-z0-9][a-z0-9.-]{0,63}$'),
  organization_id uuid not null,
  division_id uuid,
  actor_id text not null check (actor_id ~ '^[A-Za-z0-9][A-Za-z0-9._:@/+=-]{0,127}$'),
  subject_ids text[] not null check (
    cardinality(subject_ids) <= 16
    and array_to_string(subject_ids, ',', '!') ~ '^([A-Za-z0-9][A-Za-z0-9._:@/+=-]{0,127}(,[A-Za-z0-9][A-Za-z0-9._:@/+=-]{0,127})*)?$'
  ),
  payload_digest bytea not null check (octet_length(payload_digest) = 32),
  primary key (seq, at),
  -- The id's first 48 bits are its instant, so an id has one partition and this is unique over all of them.
  unique (id, at),
  check (('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint = (extract(epoch from at) * 1000)::bigint)
) partition by range (at);
create index on event using gin (subject_ids);

-- Payloads: 0x01, nonce, then salt and canonical JSON sealed with the data key of their subject, tag. Deleting the row, or the key, forgets.
create table event_payload (
  seq bigint not null,
  at timestamptz not null,
  key_id uuid not null,
  body bytea not null,
  primary key (seq, at)
) partition by range (at);
create index on event_payload (key_id);

-- One living key per subject, wrapped by the master key. A destroyed key keeps its row and loses its bytes.
create table data_key (
  id uuid primary key,
  kind text not null check (kind in ('organization', 'conversation', 'user')),
  subject_id text not null,
  master_id text not null,
  wrapped bytea,
  created_at timestamptz not null default now(),
  destroyed_at timestamptz
);
create unique index on data_key (kind, subject_id) where wrapped is not null;

-- The last place of a partition that was removed whole; signed outside the database's reach.
create table event_pruned (
  seq bigint primary key,
  hash bytea not null,
  at timestamptz not null,
  partition text not null,
  key_id text not null,
  signature bytea not null
);

-- Tables whose rows carry, in `event_seq`, the sequence of the event that last changed them: an allow-list, as names come with the batch.
create table audited_table (
  name text primary key
);
insert into audited_table values ('organization');

-- Makes the month's partitions. Attached rather than created in place: that takes a lock which readers do not mind. Called under the log's lock.
create function ensure_event_month(p_at timestamptz) returns void language plpgsql as $$
declare
  v_from timestamptz := date_trunc('month', p_at, 'UTC');
  v_to timestamptz := date_trunc('month', p_at, 'UTC') + interval '1 month';
  v_suffix text := to_char(v_from at time zone 'UTC', '"_y"YYYY"m"MM');
  v_parent text;
begin
  foreach v_parent in array array['event', 'event_payload'] loop
    if to_regclass(v_parent || v_suffix) is null then
      execute format('create table %I (like %I including all)', v_parent || v_suffix, v_parent);
      execute format('alter table %I attach partition %I for values from (%L) to (%L)', v_parent, v_parent || v_suffix, v_from, v_to);
    end if;
  end loop;
end $$;

-- The newest place of the chain; one row always. Sequence 0 and zeros when nothing was ever written.
create function event_head() returns table (seq bigint, hash bytea) language plpgsql stable as $$
begin
  return query select e.seq, e.hash from event e order by e.seq desc limit 1;
  if not found then
    return query select p.seq, p.hash from event_pruned p order by p.seq desc limit 1;
  end if;
  if not found then
    return query select 0::bigint, decode(repeat('00', 32), 'hex');
  end if;
end $$;

-- Appends a batch in order, as the last statement of its transaction. Each element:
--   {id, at (epoch ms), type, organization, division, actor, subjects: [], digest (hex), key, body (base64), rows: [{table, id}]}
-- An event whose id is in the log already is not written again; its place is returned. Order of locks: node row, log, head.
create function append_events(p_node uuid, p_epoch int, p_batch jsonb)
returns table (id uuid, seq bigint, prev text, hash text, existed boolean) language plpgsql as $$
declare
  v_head record;
  v_event jsonb;
  v_row jsonb;
  v_table record;
  v_found record;
  v_at timestamptz;
  v_subjects text[];
  v_hash bytea;
  v_prev bytea;
  v_seq bigint;
  v_count int;
begin
  -- Any other isolation reads the head from before the lock and forks the chain.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append-isolation: %', current_setting('transaction_isolation') using errcode = 'LL003';
  end if;
  perform 1 from node n where n.id = p_node and n.epoch = p_epoch for share;
  if not found then
    raise exception 'node-fenced: % epoch %', p_node, p_epoch using errcode = 'LL001';
  end if;
  -- Held until the commit is flushed, so the order of sequences is the order of commits. Lock and head must be two statements: in one,
  -- the head is read by a snapshot older than the lock.
  perform pg_advisory_xact_lock(7311002);
  select h.seq, h.hash into v_head from event_head() h;
  v_seq := v_head.seq;
  v_prev := v_head.hash;

  perform 1 from (select distinct (e->>'key')::uuid as key_id from jsonb_array_elements(p_batch) e) used
    where not exists (select from data_key k where k.id = used.key_id and k.wrapped is not null);
  if found then
    raise exception 'key-destroyed' using errcode = 'LL002';
  end if;
  perform ensure_event_month(month.start)
    from (select distinct date_trunc('month', 'epoch'::timestamptz + (e->>'at')::bigint * interval '1 millisecond', 'UTC') as start
          from jsonb_array_elements(p_batch) e) month;

  for v_event in select e from jsonb_array_elements(p_batch) e loop
    v_at := 'epoch'::timestamptz + (v_event->>'at')::bigint * interval '1 millisecond';
    select e.seq, e.prev, e.hash into v_found from event e where e.id = (v_event->>'id')::uuid and e.at = v_at;
    if found then
      return query select (v_event->>'id')::uuid, v_found.seq, encode(v_found.prev, 'hex'), encode(v_found.hash, 'hex'), true;
      continue;
    end if;
    v_seq := v_seq + 1;
    v_subjects := array(select jsonb_array_elements_text(v_event->'subjects'));
    v_hash := sha256(convert_to(concat_ws(E'\n',
      'landline.event.v1', (v_event->>'organization')::uuid, v_seq, encode(v_prev, 'hex'), (v_event->>'id')::uuid,
      (v_event->>'at')::bigint, p_node, v_event->>'type', coalesce((v_event->>'division')::uuid::text, '-'), v_event->>'actor',
      case when cardinality(v_subjects) = 0 then '-' else array_to_string(v_subjects, ',') end, v_event->>'digest'), 'UTF8'));
    insert into event (seq, at, prev, hash, id, node_id, type, organization_id, division_id, actor_id, subject_ids, payload_digest)
    values (v_seq, v_at, v_prev, v_hash, (v_event->>'id')::uuid, p_node, v_event->>'type', (v_event->>'organization')::uuid,
      (v_event->>'division')::uuid, v_event->>'actor', v_subjects, decode(v_event->>'digest', 'hex'));
    insert into event_payload (seq, at, key_id, body)
    values (v_seq, v_at, (v_event->>'key')::uuid, decode(v_event->>'body', 'base64'));

    for v_row in select r from jsonb_array_elements(coalesce(v_event->'rows', '[]')) r loop
      -- The id is compared in the column's own type, so that its index serves.
      select a.name, t.atttypid::regtype as id_type into v_table from audited_table a
        join pg_attribute t on t.attrelid = to_regclass(quote_ident(a.name)) and t.attname = 'id' where a.name = v_row->>'table';
      if not found then
        raise exception 'audited-table-unknown: %', v_row->>'table' using errcode = 'LL004';
      end if;
      execute format('update %I set event_seq = $1 where id = $2::%s', v_table.name, v_table.id_type) using v_seq, v_row->>'id';
      get diagnostics v_count = row_count;
      if v_count <> 1 then
        raise exception 'audited-row-missing: % %', v_row->>'table', v_row->>'id' using errcode = 'LL004';
      end if;
    end loop;
    return query select (v_event->>'id')::uuid, v_seq, encode(v_prev, 'hex'), encode(v_hash, 'hex'), false;
    v_prev := v_hash;
  end loop;
end $$;
