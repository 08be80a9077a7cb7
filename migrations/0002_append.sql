-- The only way to write an event: a batch of commands for one shard, decided and written in one autocommit call.
--
-- Parallel arrays, one row each: commands c_*, their events e_*, their claims k_* (values to hold) and their counters n_*
-- (amounts to add, each with the most the sum may then be). e_command, k_command and n_command are 1-based indexes into c_*.
-- One row comes back for each command, by `ord`:
--   ok         appended; version and position are those of its last event
--   duplicate  this command id was appended before (or earlier in this batch): its stream, version and fingerprint
--   conflict   the stream has moved (version says where to), or another command of this batch took the same claim: decide again
--   refused    `rule` names the claim or counter that stands against it; for a claim, stream_id says who holds it
-- Raises for a tenant of another shard and for an event type that session_user may not append; then nothing is written.
create function append(
  p_shard smallint,
  c_tenant uuid[], c_command uuid[], c_fingerprint bytea[], c_stream text[], c_expected integer[],
  e_command integer[], e_id uuid[], e_type text[], e_schema_version smallint[], e_correlation uuid[], e_data text[], e_metadata jsonb[],
  k_command integer[], k_kind text[], k_value text[],
  n_command integer[], n_kind text[], n_key text[], n_amount bigint[], n_max bigint[]
) returns table (ord integer, status text, rule text, stream_id text, version integer, fingerprint bytea, "position" bigint)
language plpgsql security definer
set search_path = billing, pg_catalog, pg_temp
set lock_timeout = '5s'
-- Planned on empty tables, the joins below would scan `command` and `stream` on every batch for ever.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  base bigint;
  appended bigint;
  foreign_tenant uuid;
  forbidden text;
  -- Commands held back by a claim or a counter; contended ones lost to a neighbour in the batch and may try again.
  refused_command integer[] := '{}';
  refused_rule text[] := '{}';
  refused_stream text[] := '{}';
  contended integer[] := '{}';
begin
  select t.type into forbidden from unnest(e_type) as t (type)
    where not exists (select from appendable a where a.role_name = session_user and a.event_type = t.type) limit 1;
  if forbidden is not null then
    raise insufficient_privilege using message = format('%s may not append %s', session_user, forbidden);
  end if;

  select c.id into foreign_tenant from unnest(c_tenant) as c (id)
    where not exists (select from tenant where tenant.id = c.id and tenant.shard = p_shard) limit 1;
  if foreign_tenant is not null then
    raise foreign_key_violation using message = format('tenant %s does not exist in shard %s', foreign_tenant, p_shard);
  end if;

  select log_head.position into strict base from log_head where shard = p_shard for no key update; -- held to commit

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

  return query
  with asked as (
    select * from unnest(c_tenant, c_command, c_fingerprint, c_stream, c_expected)
      with ordinality as c (tenant_id, command_id, fingerprint, stream_id, expected, ord)
  ), judged as (
    select asked.*, coalesce(stream.version, 0) as current,
      earlier.stream_id as done_stream, earlier.version as done_version, earlier.fingerprint as done_fingerprint,
      row_number() over (partition by asked.tenant_id, asked.command_id order by asked.ord) as repeat,
      row_number() over (partition by asked.tenant_id, asked.stream_id order by asked.ord) as turn,
      (select count(*) from unnest(e_command) as e (command) where e.command = asked.ord)::integer as events,
      array_position(refused_command, asked.ord::integer) as refusal
    from asked
    left join command earlier on earlier.tenant_id = asked.tenant_id and earlier.command_id = asked.command_id
    left join stream on stream.tenant_id = asked.tenant_id and stream.stream_id = asked.stream_id
  ), decided as (
    select judged.*, case
      when done_stream is not null or repeat > 1 then 'duplicate'
      when current <> expected or turn > 1 then 'conflict'
      when refusal is not null then 'refused'
      when ord = any (contended) then 'conflict'
      else 'ok' end as status
    from judged
  ), won as (
    select tenant_id, command_id, fingerprint, stream_id, expected, ord, events,
      base + sum(events) over (order by ord) as last_position
    from decided where decided.status = 'ok'
  ), streams as (
    insert into stream as s (tenant_id, stream_id, version) select tenant_id, stream_id, expected + events from won
      on conflict (tenant_id, stream_id) do update set version = excluded.version
  ), commands as (
    insert into command (tenant_id, command_id, fingerprint, stream_id, version)
      select tenant_id, command_id, fingerprint, stream_id, expected + events from won
  ), claims as (
    insert into claim (tenant_id, kind, value, stream_id)
      select won.tenant_id, k.kind, k.value, won.stream_id
      from unnest(k_command, k_kind, k_value) as k (command, kind, value) join won on won.ord = k.command
  ), counters as (
    insert into counter as n (tenant_id, kind, key, total)
      select won.tenant_id, u.kind, u.key, sum(u.amount)
      from unnest(n_command, n_kind, n_key, n_amount) as u (command, kind, key, amount) join won on won.ord = u.command
      group by won.tenant_id, u.kind, u.key
      on conflict (tenant_id, kind, key) do update set total = n.total + excluded.total
  ), written as (
    insert into event (shard, position, tenant_id, stream_id, version, event_id, type, schema_version, correlation_id, causation_id, data, metadata)
      select p_shard, won.last_position - won.events + e.turn, won.tenant_id, won.stream_id, won.expected + e.turn,
        e.id, e.type, e.schema_version, e.correlation_id, won.command_id, e.data, e.metadata
      from (select u.*, row_number() over (partition by u.command order by u.ord) as turn
            from unnest(e_command, e_id, e_type, e_schema_version, e_correlation, e_data, e_metadata)
              with ordinality as u (command, id, type, schema_version, correlation_id, data, metadata, ord)) e
      join won on won.ord = e.command
      returning 1
  ), head as (
    update log_head set position = base + (select count(*) from written) where shard = p_shard
  )
  select decided.ord::integer, decided.status,
    case when decided.status = 'refused' then refused_rule[refusal] end,
    case decided.status when 'duplicate' then coalesce(done_stream, decided.stream_id)
      when 'refused' then refused_stream[refusal] else decided.stream_id end,
    case decided.status when 'duplicate' then done_version when 'ok' then decided.expected + decided.events else current end,
    case decided.status when 'duplicate' then done_fingerprint end,
    won.last_position::bigint
  from decided left join won on won.ord = decided.ord;

  select log_head.position - base into appended from log_head where shard = p_shard;
  if appended > 0 then
    perform pg_notify('billing_log', p_shard::text);
  end if;
end $$;

grant create on schema billing to billing_appender;
alter function append owner to billing_appender;
revoke create on schema billing from billing_appender;
revoke execute on function append from public;
grant execute on function append to billing_api, billing_command_worker, billing_gateway, billing_webhook_ingest, billing_privacy;

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
      'RefundRequested'
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
