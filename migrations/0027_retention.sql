-- Retention: events are kept for seven years. What is older may go, a stream whole or not at all, once a verified copy of it lies outside of the
-- database, while no legal hold covers it, and by one role that can do nothing else (billing_retention). Everybody else is refused, the owner too.

-- What must not be removed, however old it is: all of a tenant, or one stream of it. Placed and released by an operator; a hold that was
-- released stays written down, and another one is placed rather than that one taken up again.
create table legal_hold (
  tenant_id uuid not null references tenant (id),
  hold_id uuid not null default gen_random_uuid(),
  -- Null: every stream of the tenant, those to come too.
  stream_id text check (length(stream_id) between 3 and 100),
  reason text not null check (length(reason) between 1 and 64),
  placed_at timestamptz not null default now(),
  release_reason text check (length(release_reason) between 1 and 64),
  released_at timestamptz check (released_at >= placed_at),
  primary key (tenant_id, hold_id),
  check ((released_at is null) = (release_reason is null))
);

-- A month (UTC) of one shard whose copy was read back and is, row for row, what the database and the audit log have.
create table retention_archive (
  shard smallint not null check (shard between 0 and 15),
  month date not null check (month = date_trunc('month', month)),
  event_count bigint not null check (event_count > 0),
  positions int8multirange not null check (not isempty(positions)),
  -- Where the copy is: a store, and the manifest in it, which names the files.
  store text not null,
  manifest text not null,
  manifest_sha256 bytea not null check (length(manifest_sha256) = 32),
  -- Leaves of the checkpoint in the manifest, which has a leaf for each of the events.
  tree_size bigint not null check (tree_size >= event_count),
  verified_at timestamptz not null default now(),
  primary key (shard, month)
);

-- Positions that are empty, because their events were removed: readers go on behind them, and stop at any other gap.
create table event_removed (
  shard smallint not null check (shard between 0 and 15),
  first_position bigint not null check (first_position > 0),
  last_position bigint not null check (last_position >= first_position),
  removed_at timestamptz not null default now(),
  primary key (shard, first_position)
);

-- What removed events had in the books: a fold of what is left begins with it.
create table balance_brought_forward (
  tenant_id uuid not null references tenant (id),
  currency text not null,
  account text not null,
  amount bigint not null,
  primary key (tenant_id, currency, account)
);

do $$
declare
  relation text;
begin
  foreach relation in array array['legal_hold', 'retention_archive', 'event_removed', 'balance_brought_forward'] loop
    execute format('alter table %I enable row level security', relation);
    execute format('alter table %I force row level security', relation);
    execute format('create policy owner on %I to billing_owner using (true) with check (true)', relation);
  end loop;
end $$;

-- Three hands: the operator places holds and says what is archived, and removes nothing; billing_retention removes, and can neither release a
-- hold nor say that something is archived; what was removed is written down by a trigger.
create policy operator_reads on legal_hold for select to billing_operator using (true);
create policy operator_places on legal_hold for insert to billing_operator with check (released_at is null);
create policy operator_releases on legal_hold for update to billing_operator using (released_at is null) with check (released_at is not null);
create policy operator on retention_archive to billing_operator using (true) with check (true);
grant select, insert (tenant_id, stream_id, reason) on legal_hold to billing_operator;
grant update (release_reason, released_at) on legal_hold to billing_operator;
grant select, insert (shard, month, event_count, positions, store, manifest, manifest_sha256, tree_size) on retention_archive to billing_operator;

create policy retention on event to billing_retention using (true) with check (false);
create policy retention on legal_hold for select to billing_retention using (true);
create policy retention on retention_archive for select to billing_retention using (true);
create policy retention on audit_leaf_run for select to billing_retention using (true);
create policy retention on processor_token for select to billing_retention using (true);
create policy retention on processor_call for select to billing_retention using (true);
create policy retention on dead_letter for select to billing_retention using (true);
create policy projector_place on checkpoint for select to billing_retention using (consumer like 'projector:%');
grant usage on schema billing to billing_retention;
grant execute on function tenant_in_context to billing_retention;
grant select, delete on event to billing_retention;
grant select on legal_hold, retention_archive, audit_leaf_run to billing_retention;
grant select (tenant_id, payment_method_id) on processor_token to billing_retention;
grant select (tenant_id, stream_id) on processor_call, dead_letter to billing_retention;
grant select (consumer, shard, position) on checkpoint to billing_retention;

create policy appender on event_removed for insert to billing_appender with check (true);
grant insert on event_removed to billing_appender;
create policy appender on balance_brought_forward to billing_appender using (true) with check (true);
grant select, insert, update on balance_brought_forward to billing_appender;
create policy log_reader on event_removed for select
  to billing_gateway, billing_projector, billing_relay, billing_merkle_anchor, billing_command_worker, billing_analyst, billing_operator, billing_retention
  using (true);
grant select on event_removed to billing_gateway, billing_projector, billing_relay, billing_merkle_anchor, billing_command_worker,
  billing_analyst, billing_operator, billing_retention;
create policy projector on balance_brought_forward for select to billing_projector using (true);
grant select on balance_brought_forward to billing_projector;

-- Finding the rows of a month without an index entry for each of them.
create index event_recorded on event using brin (recorded_at);

-- What was recorded before this may be removed: seven years of the calendar before now by the clock of the database, whatever the session's time zone.
create function retention_ends() returns timestamptz language sql stable
  set search_path = pg_catalog, pg_temp
  return (now() at time zone 'UTC' - interval '7 years') at time zone 'UTC';

-- Why an event must stay; null where it may be removed. The one rule: the trigger below refuses by it, and `billing retention` tells by it. With
-- the rights of who asks, who must see all of the tables in it. Volatile, so that in a trigger it sees what was committed meanwhile.
create function retention_refusal(p_shard smallint, p_position bigint, p_tenant uuid, p_stream text, p_recorded_at timestamptz)
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
    where e.shard = p_shard and e.tenant_id = p_tenant and e.stream_id = p_stream
      and e.recorded_at >= (select retention_ends()) -- called once a look: not inlined, it would be for every event of a stream of thousands
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

-- Nobody appends to the shard until this transaction has ended: a stream that is looked at here does not grow behind our back. Whoever waits for it gives
-- up before a removal's statement has had its four seconds (libs/retention/removal): a shard that is busy is told from streams that are too many for one.
--
-- Whoever closes a shard has it for as long as they are at work in it. A client that falls asleep in the middle of its transaction (a laptop that is shut)
-- has it for four seconds more: less than an append waits (migrations/0002_append.sql), so that appends come later and none fails. The setting is the
-- transaction's, and lasts when the function has ended: it is none of those that the function has for itself. A shorter bound of the session stays. It
-- binds who forgets: a session can set another one.
create function hold_shard(p_shard smallint) returns void language sql security definer
set search_path = billing, pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
  select set_config('idle_in_transaction_session_timeout', '4s', true)
    where current_setting('idle_in_transaction_session_timeout')::interval not between '1 ms' and '4 s';
  select from log_head where shard = p_shard for no key update
$$;

-- A tenant's events are in one shard, which a removal holds: whoever places a hold waits for one that is under way, and none begins beside.
create function no_removal_beside() returns trigger language plpgsql security definer
set search_path = billing, pg_catalog, pg_temp
set lock_timeout = '30s'
as $$
begin
  perform set_config('idle_in_transaction_session_timeout', '4s', true)
    where current_setting('idle_in_transaction_session_timeout')::interval not between '1 ms' and '4 s';
  perform from log_head where shard = (select t.shard from tenant t where t.id = new.tenant_id) for no key update;
  return new;
end $$;
create trigger no_removal_beside before insert on legal_hold for each row execute function no_removal_beside();
alter table legal_hold enable always trigger no_removal_beside;

-- The rule, for whoever asks.
create function keep_event() returns trigger language plpgsql
set search_path = billing, pg_catalog, pg_temp
as $$
declare
  why text;
begin
  if tg_op <> 'DELETE' or current_user <> 'billing_retention' then
    raise insufficient_privilege using
      message = format('%s on %s is refused: what the audit log has sealed is never changed, and removed by billing_retention alone', lower(tg_op), tg_table_name),
      hint = 'A mistake is mended by another event. See docs/operations/audit-log.md and docs/operations/retention.md.';
  end if;
  -- Under any other level the rule would be asked about the database as it was when the transaction began: before a hold, say.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise insufficient_privilege using
      message = format('events are removed under read committed, not %s: a hold that was placed meanwhile would not be seen', current_setting('transaction_isolation')),
      hint = 'billing retention remove does so. See docs/operations/retention.md.';
  end if;
  perform hold_shard(old.shard);
  why := retention_refusal(old.shard, old.position, old.tenant_id, old.stream_id, old.recorded_at);
  if why is not null then
    raise insufficient_privilege using
      message = format('the event at %s:%s must stay (%s): %s', old.shard, old.position, why, case why
        when 'young' then 'it is not seven years old'
        when 'open' then 'its stream has events that are not seven years old'
        when 'held' then 'it is under a legal hold'
        when 'referred' then 'its stream is still referred to'
        when 'unarchived' then 'there is no verified copy of it'
        when 'unread' then 'the read models have not digested it'
        else 'it is the newest event of its shard that the audit log has sealed' end),
      hint = 'billing retention status tells what may be removed. See docs/operations/retention.md.';
  end if;
  return old;
end $$;

-- A stream goes whole or not at all: half of one would be read as something that never was.
create function whole_streams_go() returns trigger language plpgsql
set search_path = billing, pg_catalog, pg_temp
as $$
declare
  half text;
begin
  select e.stream_id into half
    from (select distinct shard, tenant_id, stream_id from gone) g
    join event e on e.shard = g.shard and e.tenant_id = g.tenant_id and e.stream_id = g.stream_id limit 1;
  if half is not null then
    raise insufficient_privilege using message = format('%s would lose some of its events: a stream is removed whole or not at all', half);
  end if;
  return null;
end $$;

-- What one event has in the books, from the event alone: `postingsOf` (libs/domain/ledger), for events that are removed. A spec holds the two together.
create function bookings_of(p_type text, p_schema_version integer, p_data text)
returns table (currency text, account text, amount bigint) language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  event json;
begin
  if p_type not in ('PaymentCaptured', 'RefundRequested', 'RefundPending', 'RefundSucceeded', 'RefundFailed', 'DisputeOpened', 'DisputeClosed',
    'DisputeFundsMoved', 'SettlementRecorded', 'PayoutReported', 'PayoutPaid', 'PayoutFailed') then
    return;
  end if;
  if p_schema_version <> 1 then
    raise feature_not_supported using message = format('what %s v%s has in the books is not known here: it cannot be removed', p_type, p_schema_version);
  end if;
  -- Without what JSON may escape and Postgres has no text for: NUL, and halves of surrogates. No amount, currency or stage has any.
  event := regexp_replace(p_data, '(?<!\\)((?:\\\\)*)\\u[[:xdigit:]]{4}', '\1', 'g')::json;
  if p_type = 'SettlementRecorded' then
    return query
      select event ->> b.of, b.in_account, b.sum
      from (values (event ->> 'currency', (event ->> 'gross')::bigint, (event ->> 'net')::bigint, (event ->> 'sourceAmount')::bigint,
        coalesce(event ->> 'sourceCurrency' <> event ->> 'currency' and event ->> 'sourceAmount' is not null, false)))
        as s (settled_in, gross, net, source, is_converted)
      cross join lateral (values
        ('currency', 'processor_balance', s.net, true),
        ('currency', 'processing_fees', s.gross - s.net, true),
        ('currency', 'processor_receivable', -s.gross, not s.is_converted),
        ('currency', 'currency_conversion', -s.gross, s.is_converted),
        ('sourceCurrency', 'currency_conversion', s.source, s.is_converted),
        ('sourceCurrency', 'processor_receivable', -s.source, s.is_converted)) as b (of, in_account, sum, applies)
      where b.applies and b.sum <> 0;
    return;
  end if;
  -- The way from what a refund, dispute or payout had before to what it has then; a capture had nothing.
  return query
    with way (had, has) as (
      select
        case
          when p_type in ('PaymentCaptured', 'RefundRequested') then 'nothing'
          when p_type in ('RefundFailed', 'PayoutFailed') then event ->> 'reverses'
          else event ->> 'booked' end,
        case p_type
          when 'PaymentCaptured' then 'captured'
          when 'RefundRequested' then 'pending'
          when 'RefundPending' then case event ->> 'booked' when 'succeeded' then 'succeeded' else 'pending' end
          when 'RefundSucceeded' then 'succeeded'
          when 'DisputeOpened' then case event ->> 'booked' when 'nothing' then 'open' else event ->> 'booked' end
          when 'DisputeClosed' then coalesce(event ->> 'becomes', case event ->> 'booked' when 'lost' then 'lost' else event ->> 'outcome' end)
          when 'DisputeFundsMoved' then event ->> 'becomes'
          when 'PayoutReported' then case event ->> 'booked' when 'paid' then 'paid' else 'in_transit' end
          when 'PayoutPaid' then 'paid'
          else 'nothing' end
    )
    select event ->> 'currency', h.in_account, sum(h.unit * (case h.stage when w.has then 1 else 0 end - case h.stage when w.had then 1 else 0 end))::bigint
      * (event ->> 'amount')::bigint
    from way w
    join (values
      ('captured', 'processor_receivable', 1), ('captured', 'tenant_payable', -1),
      ('pending', 'tenant_payable', 1), ('pending', 'refunds_in_flight', -1),
      ('succeeded', 'tenant_payable', 1), ('succeeded', 'processor_receivable', -1),
      ('open', 'disputes_held', 1), ('open', 'processor_receivable', -1),
      ('lost', 'tenant_payable', 1), ('lost', 'processor_receivable', -1),
      ('in_transit', 'payouts_in_transit', 1), ('in_transit', 'connected_balance', -1),
      ('paid', 'payouts_paid', 1), ('paid', 'connected_balance', -1)) as h (stage, in_account, unit) on h.stage in (w.had, w.has)
    group by h.in_account
    having sum(h.unit * (case h.stage when w.has then 1 else 0 end - case h.stage when w.had then 1 else 0 end)) <> 0
      and (event ->> 'amount')::bigint <> 0;
end $$;

-- Readers have to know which gaps are ours, and the books go on from what the removed had in them: nobody can remove without, or bring anything else forward.
create function record_removal() returns trigger language plpgsql security definer
set search_path = billing, pg_catalog, pg_temp
as $$
begin
  insert into event_removed (shard, first_position, last_position)
    select shard, min(position), max(position)
    from (select shard, position, position - row_number() over (partition by shard order by position) as island from gone) g
    group by shard, island;
  insert into balance_brought_forward as f (tenant_id, currency, account, amount)
    select g.tenant_id, b.currency, b.account, sum(b.amount)
    from gone g cross join lateral bookings_of(g.type, g.schema_version, g.data) b
    group by g.tenant_id, b.currency, b.account
    on conflict (tenant_id, currency, account) do update set amount = f.amount + excluded.amount;
  return null;
end $$;

revoke execute on function retention_ends, retention_refusal, hold_shard, no_removal_beside, keep_event, whole_streams_go, bookings_of, record_removal
  from public;
grant execute on function retention_ends to billing_operator, billing_retention;
grant execute on function retention_refusal, hold_shard to billing_retention;
grant execute on function bookings_of to billing_appender;
-- What holds, copies and removals say was so: written once. A hold is released, once; nothing else about any of them changes, for whoever asks.
create function keep_record() returns trigger language plpgsql
set search_path = billing, pg_catalog, pg_temp
as $$
begin
  -- Two ifs: of the other tables' rows the second could not be asked.
  if tg_op = 'UPDATE' and tg_table_name = 'legal_hold' then
    if old.released_at is null and new.released_at is not null
      and (new.tenant_id, new.hold_id, new.reason, new.placed_at) = (old.tenant_id, old.hold_id, old.reason, old.placed_at)
      and new.stream_id is not distinct from old.stream_id then
      return new;
    end if;
  end if;
  raise insufficient_privilege using
    message = format('%s on %s is refused: what it says is written once', lower(tg_op), tg_table_name),
    hint = 'A hold that was released by mistake is placed again. See docs/operations/retention.md.';
end $$;
revoke execute on function keep_record from public;
do $$
declare
  relation text;
begin
  foreach relation in array array['legal_hold', 'retention_archive', 'event_removed'] loop
    execute format('create trigger written_once before update or delete on %I for each row execute function keep_record()', relation);
    execute format('alter table %I enable always trigger written_once', relation);
    execute format('create trigger truncated_never before truncate on %I for each statement execute function keep_record()', relation);
    execute format('alter table %I enable always trigger truncated_never', relation);
  end loop;
end $$;

-- In the place of the trigger that refuses everything; truncating stays refused, and leaves are never removed.
drop trigger append_only on event;
create trigger append_only before update or delete on event for each row execute function keep_event();
alter table event enable always trigger append_only;
-- Nobody else gets here: a row that another role deletes, having taken the trigger above away, is no removal, and stays a gap that readers stop at.
create trigger whole_streams_go after delete on event referencing old table as gone for each statement
  when (current_user = 'billing_retention') execute function whole_streams_go();
alter table event enable always trigger whole_streams_go;
create trigger removal_recorded after delete on event referencing old table as gone for each statement
  when (current_user = 'billing_retention') execute function record_removal();
alter table event enable always trigger removal_recorded;

-- They write as append does. Last: from here on the owner may not even name them.
grant create on schema billing to billing_appender;
alter function hold_shard owner to billing_appender;
alter function no_removal_beside owner to billing_appender;
alter function record_removal owner to billing_appender;
revoke create on schema billing from billing_appender;
