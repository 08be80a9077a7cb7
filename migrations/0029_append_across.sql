-- `append` again, as in 0018 but for batches that span shards: what a commit, its NOTIFY and the statements of a batch cost is paid once for the
-- commands of all tenants, and no longer once a shard. Its owner alone may replace it, and its grants stay.
grant create on schema billing to billing_appender;
set local role billing_appender;

-- The only way to write an event: a batch of commands, decided and written in one autocommit call.
--
-- Parallel arrays, one row each: commands c_*, their events e_*, their claims k_* (values to hold) and their counters n_*
-- (amounts to add, each with the most the sum may then be). e_command, k_command and n_command are 1-based indexes into c_*;
-- c_events is how many events a command has, e_turn each one's place among them, from 1; c_correlation and c_metadata go with all of them.
-- `p_shard` is the shard of all of them, whose head the batch waits for; or null, for commands of several shards, of which the batch takes
-- those whose heads nobody holds. It waits for none, so that it can neither meet another in a deadlock nor make one shard wait for another's writer.
-- One row comes back for each command, by `ord`:
--   ok         appended; version and position are those of its last event
--   duplicate  this command id was appended before (or earlier in this batch): its stream, version and fingerprint
--   conflict   the stream has moved (version says where to), or another command of this batch took the same claim: decide again
--   busy       another transaction holds the head of its shard, and `p_shard` is null: nothing was decided, ask again with the shard
--   refused    `rule` names the claim or counter that stands against it; for a claim, stream_id says who holds it
-- Raises for a tenant of another shard or of none, for an event type that session_user may not append to that kind of stream, for claims and counters
-- that it may not bring there, and, with SQLSTATE TS001, for one that it may
-- not append while the tenant is suspended; then nothing is written. An event that suspends or reinstates a tenant comes alone in its
-- batch, so that nothing is decided beside it, and sets or clears tenant.suspended_at in the same transaction. Arrays that do not count
-- from 1 in one dimension are refused: what is judged by index would not be what is written.
create or replace function append(
  p_shard smallint,
  c_tenant uuid[], c_command uuid[], c_fingerprint bytea[], c_stream text[], c_expected integer[], c_events integer[],
  c_correlation uuid[], c_metadata jsonb[],
  e_command integer[], e_turn integer[], e_id uuid[], e_type text[], e_schema_version smallint[], e_data text[],
  k_command integer[], k_kind text[], k_value text[],
  n_command integer[], n_kind text[], n_key text[], n_amount bigint[], n_max bigint[]
) returns table (ord integer, status text, rule text, stream_id text, version integer, fingerprint bytea, "position" bigint)
language plpgsql security definer
set search_path = billing, pg_catalog, pg_temp
set lock_timeout = '5s'
-- Planned on empty tables, the joins below would scan `command` and `stream` on every batch for ever. What belongs to one batch
-- is matched by array index, never by a join, which could then only be a nested loop over the whole batch.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
-- Planning these statements anew takes longer than running them for a small batch.
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  -- The shard of each command, and the position of each shard whose head is held, by the shard plus one.
  c_shard smallint[];
  bases bigint[];
  head record;
  appended bigint;
  expected_events bigint;
  foreign_tenant text;
  forbidden text;
  -- Whose rows of `appendable` count: the login's, and the operator's where the login may act as one.
  acting name := session_user;
  suspended uuid;
  -- Whether the batch is the one event that suspends or reinstates a tenant.
  turns boolean := e_type && array['TenantSuspended', 'TenantReinstated'];
  -- Commands held back by a claim or a counter; contended ones lost to a neighbour in the batch and may try again.
  refused_command integer[] := '{}';
  refused_rule text[] := '{}';
  refused_stream text[] := '{}';
  contended integer[] := '{}';
  -- What became of each command, by its index.
  statuses text[];
  events integer[]; -- 0 unless the command won
  lasts bigint[]; -- position of its last event in its shard
  currents integer[];
  done_streams text[];
  done_versions integer[];
  done_fingerprints bytea[];
begin
  -- Those that are read by index; an empty one has neither bound nor dimension.
  if 1 <> any (array[array_lower(c_tenant, 1), array_lower(c_command, 1), array_lower(c_stream, 1), array_lower(c_expected, 1),
      array_lower(c_correlation, 1), array_lower(c_metadata, 1), array_lower(e_type, 1), array_lower(e_data, 1),
      array_ndims(c_tenant), array_ndims(c_command), array_ndims(c_stream), array_ndims(c_expected),
      array_ndims(c_correlation), array_ndims(c_metadata), array_ndims(e_type), array_ndims(e_data)]) then
    raise check_violation using message = 'the arrays of a batch count from 1 in one dimension';
  end if;
  if turns and (cardinality(c_command) > 1 or cardinality(e_type) > 1) then
    raise check_violation using message = 'an event that suspends or reinstates a tenant comes alone in its batch';
  end if;

  -- A null would be found first and look as if nothing had been found. A tenant's shard is fixed for life, so that it may be read before the lock.
  select
      (select format('%s to %s', coalesce(e.type, 'null'), left(c_stream[e.command], 100)) from unnest(e_command, e_type) as e (command, type)
        where not exists (
          select from appendable a
          where a.role_name = session_user and a.event_type = e.type and starts_with(c_stream[e.command], a.aggregate || '-'))
        limit 1),
      (select array_agg(tenant.shard order by c.ord) from unnest(c_tenant) with ordinality as c (id, ord) left join tenant on tenant.id = c.id)
    into forbidden, c_shard;
  if forbidden is not null and pg_has_role(session_user, 'billing_operator', 'member') then
    acting := 'billing_operator';
    select format('%s to %s', coalesce(e.type, 'null'), left(c_stream[e.command], 100)) into forbidden
      from unnest(e_command, e_type) as e (command, type)
      where not exists (
        select from appendable a
        where a.role_name in (session_user, acting) and a.event_type = e.type and starts_with(c_stream[e.command], a.aggregate || '-'))
      limit 1;
  end if;
  -- That each command has the events which it says it has is seen below, so that the stream tells what a command is about.
  if forbidden is null and cardinality(k_command) + cardinality(n_command) > 0 then
    select format('claims and counters to %s', left(c_stream[u.command], 100)) into forbidden from unnest(k_command || n_command) as u (command)
      where not exists (
        select from appendable a
        where a.role_name in (session_user, acting) and a.claims and starts_with(c_stream[u.command], a.aggregate || '-'))
      limit 1;
  end if;
  if forbidden is not null then
    raise insufficient_privilege using message = format('%s may not append %s', session_user, forbidden);
  end if;
  if array_position(c_shard, null) is not null or p_shard <> any (c_shard) then
    select coalesce(c.id::text, 'null') into foreign_tenant from unnest(c_tenant, c_shard) as c (id, shard)
      where c.shard is null or c.shard <> p_shard limit 1;
    raise foreign_key_violation using message = format('tenant %s does not exist in %s', foreign_tenant, coalesce('shard ' || p_shard, 'any shard'));
  end if;

  -- The row locks of the heads are held to commit.
  if p_shard is null then
    for head in select h.shard, h.position from log_head h where h.shard = any (c_shard) for no key update skip locked loop
      bases[head.shard + 1] := head.position;
    end loop;
  else
    select h.shard, h.position into strict head from log_head h where h.shard = p_shard for no key update;
    bases[p_shard + 1] := head.position;
  end if;

  -- After the lock, and in a statement of its own: an earlier one sees the tenants as they were before it waited.
  select tenant.id into suspended from tenant
    where tenant.id = any (c_tenant) and tenant.suspended_at is not null and exists (
      select from unnest(e_command, e_type) as e (command, type)
      where c_tenant[e.command] = tenant.id and not exists (
        select from appendable a where a.role_name in (session_user, acting) and a.event_type = e.type and a.while_suspended))
    limit 1;
  if suspended is not null then
    raise sqlstate 'TS001' using message = format('tenant %s is suspended', suspended);
  end if;

  if cardinality(k_command) > 0 then
    select coalesce(array_agg(k.command), '{}'), coalesce(array_agg(k.kind), '{}'), coalesce(array_agg(claim.stream_id), '{}')
      into refused_command, refused_rule, refused_stream
      from unnest(k_command, k_kind, k_value) as k (command, kind, value)
      join claim on claim.tenant_id = c_tenant[k.command] and claim.kind = k.kind and claim.value = k.value;
    select coalesce(array_agg(k.command), '{}') into contended
      from (select command, row_number() over (partition by c_tenant[command], kind, value order by command) as place
            from unnest(k_command, k_kind, k_value) as u (command, kind, value)) k
      where k.place > 1;
  end if;

  if cardinality(n_command) > 0 then
    with wanted as (
      select n.command, n.kind, n.amount, n.max, coalesce(counter.total, 0) as total,
        sum(n.amount) over (partition by c_tenant[n.command], n.kind, n.key order by n.command) as running
      from unnest(n_command, n_kind, n_key, n_amount, n_max) as n (command, kind, key, amount, max)
      left join counter on counter.tenant_id = c_tenant[n.command] and counter.kind = n.kind and counter.key = n.key)
    select
      refused_command || coalesce(array_agg(command) filter (where total + amount > max), '{}'),
      refused_rule || coalesce(array_agg(kind) filter (where total + amount > max), '{}'),
      refused_stream || coalesce(array_agg(null::text) filter (where total + amount > max), '{}'),
      contended || coalesce(array_agg(command) filter (where total + amount <= max and total + running > max), '{}')
      into refused_command, refused_rule, refused_stream, contended
      from wanted;
  end if;

  select array_agg(d.status order by d.ord), array_agg(d.won order by d.ord), array_agg(d.last order by d.ord),
      array_agg(d.current order by d.ord), array_agg(d.done_stream order by d.ord), array_agg(d.done_version order by d.ord),
      array_agg(d.done_fingerprint order by d.ord), sum(d.won)
    into statuses, events, lasts, currents, done_streams, done_versions, done_fingerprints, expected_events
    from (
      select w.*, bases[w.shard + 1] + sum(w.won) over (partition by w.shard order by w.ord) as last from (
        select j.*, case when j.status = 'ok' then j.wanted else 0 end as won from (
          select c.ord, c.shard, c.events as wanted, coalesce(stream.version, 0) as current,
            earlier.stream_id as done_stream, earlier.version as done_version, earlier.fingerprint as done_fingerprint,
            case
              when bases[c.shard + 1] is null then 'busy'
              when earlier.stream_id is not null or row_number() over (partition by c.tenant_id, c.command_id order by c.ord) > 1 then 'duplicate'
              when coalesce(stream.version, 0) <> c.expected or row_number() over (partition by c.tenant_id, c.stream_id order by c.ord) > 1
                then 'conflict'
              when c.ord = any (refused_command) then 'refused'
              when c.ord = any (contended) then 'conflict'
              else 'ok' end as status
          from unnest(c_tenant, c_command, c_stream, c_expected, c_events, c_shard) with ordinality
            as c (tenant_id, command_id, stream_id, expected, events, shard, ord)
          left join command earlier on earlier.tenant_id = c.tenant_id and earlier.command_id = c.command_id
          left join stream on stream.tenant_id = c.tenant_id and stream.stream_id = c.stream_id
        ) j
      ) w
    ) d;

  insert into stream as s (tenant_id, stream_id, version)
    select c.tenant_id, c.stream_id, c.expected + c.won
    from unnest(c_tenant, c_stream, c_expected, events) as c (tenant_id, stream_id, expected, won) where c.won > 0
    on conflict (tenant_id, stream_id) do update set version = excluded.version;

  insert into command (tenant_id, command_id, fingerprint, stream_id, version)
    select c.tenant_id, c.command_id, c.fingerprint, c.stream_id, c.expected + c.won
    from unnest(c_tenant, c_command, c_fingerprint, c_stream, c_expected, events)
      as c (tenant_id, command_id, fingerprint, stream_id, expected, won) where c.won > 0;

  if cardinality(k_command) > 0 then
    insert into claim (tenant_id, kind, value, stream_id)
      select c_tenant[k.command], k.kind, k.value, c_stream[k.command]
      from unnest(k_command, k_kind, k_value) as k (command, kind, value) where events[k.command] > 0;
  end if;

  if cardinality(n_command) > 0 then
    insert into counter as n (tenant_id, kind, key, total)
      select c_tenant[u.command], u.kind, u.key, sum(u.amount)
      from unnest(n_command, n_kind, n_key, n_amount) as u (command, kind, key, amount) where events[u.command] > 0
      group by c_tenant[u.command], u.kind, u.key
      on conflict (tenant_id, kind, key) do update set total = n.total + excluded.total;
  end if;

  insert into event (shard, position, tenant_id, stream_id, version, event_id, type, schema_version, correlation_id, causation_id, data, metadata)
    select c_shard[e.command], lasts[e.command] - events[e.command] + e.turn, c_tenant[e.command], c_stream[e.command], c_expected[e.command] + e.turn,
      e.id, e.type, e.schema_version, c_correlation[e.command], c_command[e.command], e.data, c_metadata[e.command]
    from unnest(e_command, e_turn, e_id, e_type, e_schema_version, e_data) as e (command, turn, id, type, schema_version, data)
    where e.turn between 1 and events[e.command];
  get diagnostics appended = row_count;

  if appended <> expected_events then
    raise check_violation using message = 'c_events does not count the events of each command';
  end if;
  if turns and appended > 0 then
    update tenant
      set suspended_at = case e_type[1] when 'TenantSuspended' then coalesce((e_data[1]::jsonb ->> 'at')::timestamptz, now()) end
      where id = c_tenant[1];
  end if;
  if appended > 0 and p_shard is not null then
    update log_head h set position = head.position + appended where h.shard = p_shard;
    perform pg_notify('billing_log', p_shard::text);
  elsif appended > 0 then
    update log_head h set position = moved.position
      from (select c.shard, max(c.last) as position from unnest(c_shard, lasts, events) as c (shard, last, won) where c.won > 0 group by c.shard) moved
      where h.shard = moved.shard;
    -- A transaction notifies of the same payload once.
    perform pg_notify('billing_log', c.shard::text) from unnest(c_shard, events) as c (shard, won) where c.won > 0;
  end if;

  return query
  select r.ord::integer, r.status,
    case when r.status = 'refused' then refused_rule[array_position(refused_command, r.ord::integer)] end,
    case r.status
      when 'duplicate' then coalesce(r.done_stream, r.stream_id)
      when 'refused' then refused_stream[array_position(refused_command, r.ord::integer)]
      else r.stream_id end,
    case r.status when 'duplicate' then r.done_version when 'ok' then r.expected + r.won else r.current end,
    r.done_fingerprint,
    case when r.status = 'ok' then r.last end
  from unnest(statuses, c_stream, c_expected, events, lasts, currents, done_streams, done_versions, done_fingerprints) with ordinality
    as r (status, stream_id, expected, won, last, current, done_stream, done_version, done_fingerprint, ord);
end $$;

set local role billing_owner;
revoke create on schema billing from billing_appender;
