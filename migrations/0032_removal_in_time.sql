-- A removal in its time. The trigger asks about each event of a stream whether any of it is young: where each of those looks called retention_ends()
-- for every event that is left (it has settings, and is not inlined), a stream of thousands of events did not go within thirty seconds, and stood in
-- the way of every later one. Here it is called once a look.
create or replace function billing.retention_refusal(p_shard smallint, p_position bigint, p_tenant uuid, p_stream text, p_recorded_at timestamptz)
returns text language plpgsql
set search_path = billing, pg_catalog, pg_temp
as $$
declare
  sealed_up_to bigint;
begin
  if p_recorded_at >= retention_ends() then
    return 'young';
  end if;
  if exists (
    select from event e
    where e.shard = p_shard and e.tenant_id = p_tenant and e.stream_id = p_stream and e.recorded_at >= (select retention_ends())
  ) then
    return 'open';
  end if;
  if exists (
    select from legal_hold h
    where h.tenant_id = p_tenant and (h.stream_id is null or h.stream_id = p_stream) and h.released_at is null
  ) then
    return 'held';
  end if;
  -- What others know by its id for as long as the tenant is there: customers, connected accounts, the tenant itself, keys of the audit log.
  if split_part(p_stream, '-', 1) not in ('payment', 'payout', 'setup_intent', 'checkout_session', 'payment_method', 'access') then
    return 'referred';
  end if;
  if p_stream like 'payment\_method-%' and exists (
    select from processor_token t where t.tenant_id = p_tenant and t.payment_method_id::text = substr(p_stream, length('payment_method-') + 1)
  ) then
    return 'referred';
  end if;
  if exists (select from processor_call c where c.tenant_id = p_tenant and c.stream_id = p_stream)
    or exists (select from dead_letter d where d.tenant_id = p_tenant and d.stream_id = p_stream) then
    return 'referred';
  end if;
  if not exists (
    select from retention_archive a
    where a.shard = p_shard and a.month = date_trunc('month', p_recorded_at at time zone 'UTC')::date and a.positions @> p_position
  ) then
    return 'unarchived';
  end if;
  -- The read models have it, before what it had in the books is brought forward.
  if not exists (select from checkpoint c where c.consumer = 'projector:read-models' and c.shard = p_shard and c.position >= p_position) then
    return 'unread';
  end if;
  -- The newest event of a shard that the audit log has sealed stays: by it the anchor and the relay see that they look at the same log.
  select r.first_position + r.count - 1 into sealed_up_to from audit_leaf_run r where r.shard = p_shard order by r.first_position desc limit 1;
  if sealed_up_to is null or sealed_up_to <= p_position then
    return 'newest';
  end if;
  return null;
end $$;

-- Whoever waits for a shard gives up before a removal's statement has had its four seconds (libs/retention/removal): a shard that is busy is then told
-- from streams that are too many for one statement.
grant create on schema billing to billing_appender;
set local role billing_appender;
create or replace function billing.hold_shard(p_shard smallint) returns void language sql security definer
set search_path = billing, pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
  select set_config('idle_in_transaction_session_timeout', '4s', true)
    where current_setting('idle_in_transaction_session_timeout')::interval not between '1 ms' and '4 s';
  select from log_head where shard = p_shard for no key update
$$;

set local role billing_owner;
revoke create on schema billing from billing_appender;
