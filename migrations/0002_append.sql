-- The only way to write an event: a batch of commands for one shard, decided and written in one autocommit call.
--
-- Parallel arrays, one row each: commands c_*, their events e_*, their claims k_* (values to hold) and their counters n_*
-- (amounts to add, each with the most the sum may then be). e_command, k_command and n_command are 1-based indexes into c_*;
-- c_events is how many events a command has, e_turn each one's place among them, from 1; c_correlation and c_metadata go with all of them.
-- One row comes back for each command, by `ord`:
--   ok         appended; version and position are those of its last event
--   duplicate  this command id was appended before (or earlier in this batch): its stream, version and fingerprint
--   conflict   the stream has moved (version says where to), or another command of this batch took the same claim: decide again
--   refused    `rule` names the claim or counter that stands against it; for a claim, stream_id says who holds it
-- Raises for a tenant of another shard and for an event type that session_user may not append; then nothing is written.
create function append(
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
  base bigint;
  appended bigint;
  expected_events bigint;
  foreign_tenant uuid;
  forbidden text;
  -- Commands held back by a claim or a counter; contended ones lost to a neighbour in the batch and may try again.
  refused_command integer[] := '{}';
  refused_rule text[] := '{}';
  refused_stream text[] := '{}';
  contended integer[] := '{}';
  -- What became of each command, by its index.
  statuses text[];
  events integer[]; -- 0 unless the command won
  lasts bigint[]; -- position of its last event
  currents integer[];
  done_streams text[];
  done_versions integer[];
  done_fingerprints bytea[];
begin
  select log_head.position, -- its row lock is held to commit
      (select t.type from unnest(e_type) as t (type)
        where not exists (select from appendable a where a.role_name = session_user and a.event_type = t.type) limit 1),
      (select c.id from unnest(c_tenant) as c (id)
        where not exists (select from tenant where tenant.id = c.id and tenant.shard = p_shard) limit 1)
    into strict base, forbidden, foreign_tenant from log_head where shard = p_shard for no key update;
  if forbidden is not null then
    raise insufficient_privilege using message = format('%s may not append %s', session_user, forbidden);
  end if;
  if foreign_tenant is not null then
    raise foreign_key_violation using message = format('tenant %s does not exist in shard %s', foreign_tenant, p_shard);
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
      select w.*, base + sum(w.won) over (order by w.ord) as last from (
        select j.*, case when j.status = 'ok' then j.wanted else 0 end as won from (
          select c.ord, c.events as wanted, coalesce(stream.version, 0) as current,
            earlier.stream_id as done_stream, earlier.version as done_version, earlier.fingerprint as done_fingerprint,
            case
              when earlier.stream_id is not null or row_number() over (partition by c.tenant_id, c.command_id order by c.ord) > 1 then 'duplicate'
              when coalesce(stream.version, 0) <> c.expected or row_number() over (partition by c.tenant_id, c.stream_id order by c.ord) > 1
                then 'conflict'
              when c.ord = any (refused_command) then 'refused'
              when c.ord = any (contended) then 'conflict'
              else 'ok' end as status
          from unnest(c_tenant, c_command, c_stream, c_expected, c_events) with ordinality
            as c (tenant_id, command_id, stream_id, expected, events, ord)
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
    select p_shard, lasts[e.command] - events[e.command] + e.turn, c_tenant[e.command], c_stream[e.command], c_expected[e.command] + e.turn,
      e.id, e.type, e.schema_version, c_correlation[e.command], c_command[e.command], e.data, c_metadata[e.command]
    from unnest(e_command, e_turn, e_id, e_type, e_schema_version, e_data) as e (command, turn, id, type, schema_version, data)
    where e.turn between 1 and events[e.command];
  get diagnostics appended = row_count;

  if appended <> expected_events then
    raise check_violation using message = 'c_events does not count the events of each command';
  end if;
  if appended > 0 then
    update log_head set position = base + appended where shard = p_shard;
    perform pg_notify('billing_log', p_shard::text);
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

-- Grants first: once the function is another's, its old owner's revoke is only a warning.
revoke execute on function append from public;
grant execute on function append to billing_api, billing_command_worker, billing_gateway, billing_webhook_ingest, billing_privacy;
grant create on schema billing to billing_appender;
alter function append owner to billing_appender;
revoke create on schema billing from billing_appender;

-- The appender owns no table: it has these grants and these policies, and nobody can log in as it.
grant select on tenant, appendable to billing_appender;
grant select, insert, update on log_head, stream, command, claim, counter to billing_appender;
grant insert on event to billing_appender;
create policy appender on tenant for select to billing_appender using (true);
create policy appender on appendable for select to billing_appender using (true);
create policy appender on log_head to billing_appender using (true) with check (true);
create policy appender on stream to billing_appender using (true) with check (true);
create policy appender on command to billing_appender using (true) with check (true);
create policy appender on claim to billing_appender using (true) with check (true);
create policy appender on counter to billing_appender using (true) with check (true);
create policy appender on event for insert to billing_appender with check (true);

insert into appendable (role_name, event_type)
  select role_name, event_type
  from unnest(array['billing_api', 'billing_command_worker']::name[]) as r (role_name),
    unnest(array[
      'CustomerCreated', 'PaymentMethodAttachRequested', 'PaymentCreated', 'PaymentRequested', 'CaptureRequested', 'CancelRequested',
      'RefundRequested',
      -- A payment of which the processor knows nothing is canceled without asking it.
      'PaymentCanceled'
    ]) as e (event_type)
  union all
  select role_name, event_type
  from unnest(array['billing_gateway', 'billing_webhook_ingest']::name[]) as r (role_name),
    unnest(array[
      'CustomerRegistered', 'CustomerRegistrationFailed', 'PaymentMethodAttached', 'PaymentMethodAttachFailed', 'PaymentActionRequired',
      'PaymentProcessing', 'PaymentAuthorized', 'PaymentCaptured', 'PaymentFailed', 'CaptureFailed', 'AuthorizationReleased', 'CancelFailed',
      'PaymentCanceled', 'RefundPending', 'RefundSucceeded', 'RefundFailed', 'DisputeOpened', 'DisputeClosed', 'SettlementRecorded',
      'DriftDetected'
    ]) as e (event_type);
