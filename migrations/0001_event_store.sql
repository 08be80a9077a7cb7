-- Tenants, the event table and what the append function decides by. Row-level security from the first table on.
-- Every table: enabled, forced (the owner is bound too), a policy for the owner, one for tenants, one for each role that
-- must look across tenants.

-- The tenant of this transaction, or null: then every tenant policy is false and nothing is seen.
create function tenant_in_context() returns uuid language sql stable parallel safe
  set search_path = pg_catalog, pg_temp
  return nullif(current_setting('app.tenant_id', true), '')::uuid;

create table tenant (
  id uuid primary key,
  name text not null check (length(name) between 1 and 200),
  -- First four bytes of SHA-256 of the id, big-endian, mod 16; fixed for life. A large tenant may be given one of its own.
  shard smallint not null check (shard between 0 and 15),
  created_at timestamptz not null default now()
);

-- The end of each shard. Its row lock makes position order commit order: one append at a time in a shard.
create table log_head (
  shard smallint primary key check (shard between 0 and 15),
  position bigint not null default 0 check (position >= 0)
) with (fillfactor = 10);

-- No foreign key to tenant: append, its only writer, looks the tenant up anyway, once a batch instead of once a row.
create table stream (
  tenant_id uuid not null,
  stream_id text not null check (length(stream_id) between 3 and 100),
  version integer not null check (version > 0),
  primary key (tenant_id, stream_id)
) with (fillfactor = 80);

-- One row for every command that changed something, for as long as its events live: a command repeated next year must not
-- charge again. `fingerprint` tells a repeat from a key used for something else.
create table command (
  tenant_id uuid not null,
  command_id uuid not null,
  fingerprint bytea not null,
  stream_id text not null,
  version integer not null,
  primary key (tenant_id, command_id)
);

-- Values that must be unique across the streams of a tenant, such as a customer's email (as a blind index).
create table claim (
  tenant_id uuid not null,
  kind text not null,
  value text not null,
  stream_id text not null,
  primary key (tenant_id, kind, value)
);

-- Sums that must stay within a bound across the streams of a tenant, such as an available balance.
create table counter (
  tenant_id uuid not null,
  kind text not null,
  key text not null,
  total bigint not null,
  primary key (tenant_id, kind, key)
) with (fillfactor = 80);

-- The log. `data` is RFC 8785 text, hashed as written and never rewritten (jsonb would lose bytes).
create table event (
  shard smallint not null,
  position bigint not null,
  tenant_id uuid not null,
  stream_id text not null,
  version integer not null,
  event_id uuid not null,
  type text not null,
  schema_version smallint not null,
  correlation_id uuid not null,
  causation_id uuid not null,
  data text not null,
  metadata jsonb not null,
  recorded_at timestamptz not null default now(),
  primary key (shard, position),
  unique (shard, tenant_id, stream_id, version)
) partition by list (shard);

do $$
begin
  for shard in 0..15 loop
    execute format('create table event_%s partition of event for values in (%s)', lpad(shard::text, 2, '0'), shard);
  end loop;
end $$;

-- Which login role may append which event type: api cannot write PaymentCaptured, gateway cannot write RefundRequested.
create table appendable (
  role_name name not null,
  event_type text not null,
  primary key (role_name, event_type)
);

do $$
declare
  relation text;
begin
  for relation in
    select format('%I', c.relname) from pg_class c
    where c.relnamespace = 'billing'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'migration'
  loop
    execute format('alter table %s enable row level security', relation);
    execute format('alter table %s force row level security', relation);
    execute format('create policy owner on %s to billing_owner using (true) with check (true)', relation);
  end loop;
end $$;

-- A tenant sees its own rows. `command`, `claim` and `counter` are read only by what decides.
create policy tenant on tenant for select using (id = (select tenant_in_context()));
create policy tenant on stream for select using (tenant_id = (select tenant_in_context()));
create policy tenant on command for select using (tenant_id = (select tenant_in_context()));
create policy tenant on claim for select using (tenant_id = (select tenant_in_context()));
create policy tenant on counter for select using (tenant_id = (select tenant_in_context()));
create policy tenant on event for select using (tenant_id = (select tenant_in_context()));

-- Readers of the log as a whole.
create policy log_reader on event for select
  to billing_gateway, billing_projector, billing_relay, billing_merkle_anchor using (true);
create policy log_reader on log_head for select
  to billing_api, billing_gateway, billing_projector, billing_relay, billing_merkle_anchor, billing_command_worker using (true);
create policy log_reader on tenant for select
  to billing_gateway, billing_projector, billing_webhook_ingest, billing_relay, billing_merkle_anchor using (true);
create policy gateway on command for select to billing_gateway using (true);

grant usage on schema billing to billing_appender, billing_tailer, billing_api, billing_command_worker, billing_gateway, billing_projector,
  billing_webhook_ingest, billing_relay, billing_merkle_anchor, billing_privacy, billing_console;
grant select on tenant, event to billing_api, billing_command_worker, billing_gateway, billing_projector, billing_webhook_ingest,
  billing_relay, billing_merkle_anchor, billing_privacy;
grant select on log_head to billing_api, billing_command_worker, billing_gateway, billing_projector, billing_relay, billing_merkle_anchor;
grant select on command to billing_api, billing_command_worker, billing_gateway, billing_webhook_ingest, billing_privacy;
grant select on claim to billing_api, billing_command_worker;

insert into log_head (shard) select generate_series(0, 15);
