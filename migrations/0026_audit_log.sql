-- The audit log: where each event's leaf is, who may seal, and that nothing of the log is ever changed.

-- Leaves that lie next to each other in the log and come from one shard: `count` positions from `first_position` on, from leaf `first_index`
-- on. A copy of what the log store decided (interleaving/...), so that the leaf of an event is one look; the anchor makes it anew where it is missing.
create table audit_leaf_run (
  first_index bigint primary key check (first_index >= 0),
  shard smallint not null check (shard between 0 and 15),
  first_position bigint not null check (first_position > 0),
  count integer not null check (count > 0),
  unique (shard, first_position),
  unique (shard, first_index)
);

-- Who seals. One row: `epoch` grows with every change of owner.
create table audit_lease (
  only_row boolean primary key default true check (only_row),
  owner uuid,
  epoch bigint not null default 0 check (epoch >= 0),
  expires_at timestamptz not null default '-infinity'
) with (fillfactor = 20);
insert into audit_lease default values;

alter table audit_leaf_run enable row level security;
alter table audit_leaf_run force row level security;
alter table audit_lease enable row level security;
alter table audit_lease force row level security;
create policy owner on audit_leaf_run to billing_owner using (true) with check (true);
create policy owner on audit_lease to billing_owner using (true) with check (true);
create policy reader on audit_leaf_run for select to billing_merkle_anchor, billing_api, billing_operator using (true);
create policy anchor on audit_leaf_run for insert to billing_merkle_anchor with check (true);
create policy anchor on audit_lease to billing_merkle_anchor using (true) with check (true);
grant select on audit_leaf_run to billing_merkle_anchor, billing_api, billing_operator;
grant insert on audit_leaf_run to billing_merkle_anchor;
grant select, update on audit_lease to billing_merkle_anchor;

-- Whoever asks for a proof has the id of an event, and nothing else. Appends wait while it is made: docs/operations.md, before an upgrade of a large database.
create index event_by_id on event (event_id);

-- Grants alone do not bind the owner and the administrator: a trigger does. Events and leaves are written once.
create function refuse_change_of_log() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise insufficient_privilege using
    message = format('%s on %s is refused: what the audit log has sealed is never changed or removed', lower(tg_op), tg_table_name),
    hint = 'A mistake is mended by another event. See docs/operations/audit-log.md.';
end $$;
revoke execute on function refuse_change_of_log from public;

-- What a role that may insert could do at worst is to say too early, and wrongly, how the log goes on: the anchor finds that as soon as it comes
-- there itself. Two who insert need no lock: both begin with the same first_index, so the second waits for the first.
create function continue_leaf_runs() returns trigger language plpgsql
set search_path = billing, pg_catalog, pg_temp
as $$
declare
  wrong record;
begin
  -- What stands before a row is looked up where it is no row of the statement: for its first, and for its first of each shard.
  select a.first_index, a.shard, a.first_position into wrong from (
    select n.first_index, n.shard, n.first_position,
      lag(n.first_index + n.count) over (order by n.first_index) as next_index,
      lag(n.first_position + n.count) over (partition by n.shard order by n.first_index) as next_position
    from added n) a
  where a.first_index is distinct from a.next_index and a.first_index <> coalesce(
      (select r.first_index + r.count from audit_leaf_run r where r.first_index < a.first_index order by r.first_index desc limit 1), 0)
    or a.first_position is distinct from a.next_position and a.first_position <> coalesce(
      (select r.first_position + r.count from audit_leaf_run r
        where r.shard = a.shard and r.first_index < a.first_index order by r.first_index desc limit 1), 1)
  order by a.first_index limit 1;
  if found then
    raise check_violation using
      constraint = 'audit_leaf_run_continues', table = 'audit_leaf_run',
      message = format('leaf %s, position %s of shard %s, does not continue audit_leaf_run', wrong.first_index, wrong.first_position, wrong.shard),
      hint = 'Rows follow each other without a gap, in the log and in each shard. See docs/operations/audit-log.md.';
  end if;
  return null;
end $$;
revoke execute on function continue_leaf_runs from public;
create trigger continues after insert on audit_leaf_run referencing new table as added for each statement execute function continue_leaf_runs();
alter table audit_leaf_run enable always trigger continues;

-- A row trigger on the table is a row trigger on its partitions; one for truncate is not. `always`: also for sessions that apply changes
-- of elsewhere (session_replication_role), which skip other triggers.
create trigger append_only before update or delete on event for each row execute function refuse_change_of_log();
alter table event enable always trigger append_only;
create trigger append_only before update or delete on audit_leaf_run for each row execute function refuse_change_of_log();
alter table audit_leaf_run enable always trigger append_only;

do $$
declare
  relation text;
begin
  for relation in
    select 'audit_leaf_run' union all select 'event'
    union all select inhrelid::regclass::text from pg_inherits where inhparent = 'event'::regclass
  loop
    execute format('create trigger never_truncated before truncate on %s for each statement execute function refuse_change_of_log()', relation);
    execute format('alter table %s enable always trigger never_truncated', relation);
  end loop;
end $$;
