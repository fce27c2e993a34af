-- Searching conversations among hundreds of thousands, without any extension: an operator's server may have none.

-- Lists are in the order in which conversations began. Where a part lies in it is known to the part itself, so that one index gives
-- those of a queue, a person or a code in that order, and counts them without touching a row.
alter table participant add column began_at timestamptz, add column organization_id uuid;
update participant p set began_at = c.started_at, organization_id = c.organization_id from conversation c where c.id = p.conversation_id;

create function participant_began() returns trigger language plpgsql as $$
begin
  select c.started_at, c.organization_id into new.began_at, new.organization_id from conversation c where c.id = new.conversation_id;
  return new;
end $$;
create trigger participant_began before insert on participant for each row execute function participant_began();

create index participant_by_queue on participant (organization_id, queue_id, began_at, conversation_id) where queue_id is not null;
create index participant_by_user on participant (organization_id, user_id, began_at, conversation_id) where user_id is not null;
create index participant_by_wrapup on participant (organization_id, wrapup_code, began_at, conversation_id) where wrapup_code is not null;
create index participant_by_disconnect on participant (organization_id, disconnect_type, began_at, conversation_id) where disconnect_type is not null;
drop index participant_wrapup;

-- With the id, which decides between those that began in the same instant: deep pages and counts are read from the index alone.
create index conversation_began on conversation (organization_id, started_at, id);
drop index conversation_recent;
create index conversation_called on conversation (organization_id, called_number, started_at, id);

-- Part of a number or name: every run of one, two and three characters is looked up; `strpos` then decides.
create function search_runs(words text) returns text[] language sql immutable strict parallel safe as $$
  select coalesce(array_agg(distinct substr(s, i, n)), '{}')
  from lower(words) s, generate_series(1, length(s)) i, generate_series(1, 3) n where i + n - 1 <= length(s)
$$;
-- What all rows that contain the text have among their runs.
create function search_needles(words text) returns text[] language sql immutable strict parallel safe as $$
  select case when length(words) <= 3 then array[lower(words)]
    else (select array_agg(distinct substr(lower(words), i, 3)) from generate_series(1, length(words) - 2) i) end
$$;
create index conversation_text on conversation using gin (search_runs(caller_number || chr(10) || caller_name || chr(10) || called_number));

analyze conversation, participant;
