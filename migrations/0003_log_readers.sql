-- What readers of the log keep: their place, and what they could not digest.

create table checkpoint (
  consumer text not null check (length(consumer) between 1 and 100),
  shard smallint not null check (shard between 0 and 15),
  position bigint not null default 0 check (position >= 0),
  kafka_offset bigint,
  epoch bigint not null default 0,
  updated_at timestamptz not null default now(),
  primary key (consumer, shard)
) with (fillfactor = 50);

-- An event a consumer failed on for good (`poison`), and the later ones of its stream, which wait behind it (`blocked`).
create table dead_letter (
  consumer text not null,
  shard smallint not null,
  position bigint not null,
  tenant_id uuid not null,
  stream_id text not null,
  event_id uuid not null,
  event_type text not null,
  reason text not null check (reason in ('poison', 'blocked')),
  error text,
  tries integer not null default 1,
  created_at timestamptz not null default now(),
  primary key (consumer, shard, position)
);
create index dead_letter_stream on dead_letter (consumer, tenant_id, stream_id);

alter table checkpoint enable row level security;
alter table checkpoint force row level security;
alter table dead_letter enable row level security;
alter table dead_letter force row level security;
create policy owner on checkpoint to billing_owner using (true) with check (true);
create policy owner on dead_letter to billing_owner using (true) with check (true);

-- A consumer touches its own rows: the role's name begins the consumer's (billing_projector -> projector:...).
create policy consumer on checkpoint
  to billing_projector, billing_gateway, billing_relay, billing_merkle_anchor, billing_command_worker
  using (consumer like replace(replace(current_user, 'billing_', ''), '_', '-') || ':%')
  with check (consumer like replace(replace(current_user, 'billing_', ''), '_', '-') || ':%');
create policy consumer on dead_letter
  to billing_projector, billing_gateway, billing_relay, billing_merkle_anchor, billing_command_worker
  using (consumer like replace(replace(current_user, 'billing_', ''), '_', '-') || ':%')
  with check (consumer like replace(replace(current_user, 'billing_', ''), '_', '-') || ':%');
grant select, insert, update on checkpoint to billing_projector, billing_gateway, billing_relay, billing_merkle_anchor, billing_command_worker;
grant select, insert, update, delete on dead_letter to billing_projector, billing_gateway, billing_relay, billing_merkle_anchor, billing_command_worker;

-- The api waits for read models: it may see how far they are, and nothing else about them.
create policy waiter on checkpoint for select to billing_api using (true);
grant select on checkpoint to billing_api;

-- What an api process may learn of other tenants' appends: that they happened. It wakes waiters, who then read as their tenant.
create function tail(p_shards smallint[], p_after bigint[], p_limit integer)
returns table (shard smallint, "position" bigint, tenant_id uuid, stream_id text, version integer, correlation_id uuid)
language plpgsql stable security definer
set search_path = billing, pg_catalog, pg_temp
as $$
begin
  -- One statement a shard, so that each opens one partition and not sixteen.
  for at in 1 .. cardinality(p_shards) loop
    return query
      select e.shard, e.position, e.tenant_id, e.stream_id, e.version, e.correlation_id
      from event e where e.shard = p_shards[at] and e.position > p_after[at] order by e.position limit p_limit;
  end loop;
end $$;
revoke execute on function tail from public;
grant execute on function tail to billing_api, billing_command_worker;
grant create on schema billing to billing_tailer;
alter function tail owner to billing_tailer;
revoke create on schema billing from billing_tailer;
grant select on event to billing_tailer;
create policy tailer on event for select to billing_tailer using (true);
