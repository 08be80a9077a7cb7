-- Whoever closes a shard to appends, to remove or to place a hold, has it for as long as they are at work in it. A client that falls asleep in the
-- middle of its transaction (a laptop that is shut) has it for four seconds more: less than an append waits (migrations/0002_append.sql), so that
-- appends come later and none fails. A shorter bound of the session stays. It binds who forgets: a session can set another one.
grant create on schema billing to billing_appender;
set local role billing_appender;

-- The setting is the transaction's, and lasts when the function has ended: it is none of those that the function has for itself.
create or replace function billing.hold_shard(p_shard smallint) returns void language sql security definer
set search_path = billing, pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
  select set_config('idle_in_transaction_session_timeout', '4s', true)
    where current_setting('idle_in_transaction_session_timeout')::interval not between '1 ms' and '4 s';
  select from log_head where shard = p_shard for no key update
$$;

create or replace function billing.no_removal_beside() returns trigger language plpgsql security definer
set search_path = billing, pg_catalog, pg_temp
set lock_timeout = '30s'
as $$
begin
  perform set_config('idle_in_transaction_session_timeout', '4s', true)
    where current_setting('idle_in_transaction_session_timeout')::interval not between '1 ms' and '4 s';
  perform from log_head where shard = (select t.shard from tenant t where t.id = new.tenant_id) for no key update;
  return new;
end $$;

set local role billing_owner;
revoke create on schema billing from billing_appender;
