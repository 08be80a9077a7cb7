-- Services that publish commands to Kafka, the public keys they sign them with, and what was no command.

-- Registered with `billing producers add`. For some tenants, or for all of them where that was said in so many words.
create table producer (
  name text primary key check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  all_tenants boolean not null default false,
  tenants uuid[] not null default '{}' check (cardinality(tenants) <= 1000),
  -- A refund, a payout or a verdict takes a person with a second factor: those scopes are never a service's own.
  scopes text[] not null check (cardinality(scopes) > 0 and scopes <@ array['billing:read', 'billing:write']),
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  check (all_tenants = (cardinality(tenants) = 0))
);

-- Several keys at a time, so that a new one can take over from an old one. The id of a key is its thumbprint (RFC 7638): no two
-- producers share a key.
create table producer_key (
  kid text primary key check (kid ~ '^[A-Za-z0-9_-]{43}$'),
  producer text not null references producer (name),
  algorithm text not null check (algorithm in ('ES256', 'EdDSA')),
  -- A JWK (RFC 7517), public members only.
  public_key jsonb not null check (not public_key ? 'd'),
  added_at timestamptz not null default now(),
  revoked_at timestamptz
);
create index producer_key_producer on producer_key (producer);

-- Records of billing.commands.v1 that were no command, by where they stood. What they claim to be is what they say: nobody has
-- proved it. The signature is never kept. The body is sealed under the key of the tenant it names, and left out where there is no
-- such tenant or the body holds a card number; then nothing else of the record is kept either.
create table command_dead_letter (
  kafka_partition integer not null check (kafka_partition >= 0),
  kafka_offset bigint not null check (kafka_offset >= 0),
  -- The broker's time: a topic that is made anew counts from 0 again.
  appended_at timestamptz not null,
  reason text not null check (length(reason) between 1 and 100),
  detail text not null check (length(detail) <= 1000),
  claimed_producer text,
  claimed_tenant text,
  message_id text,
  command_type text,
  sealed_body text,
  created_at timestamptz not null default now(),
  primary key (kafka_partition, kafka_offset, appended_at)
);
create index command_dead_letter_created on command_dead_letter (created_at);

do $$
declare
  relation text;
begin
  foreach relation in array array['producer', 'producer_key', 'command_dead_letter'] loop
    execute format('alter table %I enable row level security', relation);
    execute format('alter table %I force row level security', relation);
    execute format('create policy owner on %I to billing_owner using (true) with check (true)', relation);
  end loop;
end $$;

-- The worker reads who may send, and writes down what was no command. It can neither register a producer nor bring a key back.
create policy worker on producer for select to billing_command_worker using (true);
create policy worker on producer_key for select to billing_command_worker using (true);
grant select on producer, producer_key to billing_command_worker;
create policy worker on command_dead_letter for insert to billing_command_worker with check (true);
-- Select only for `on conflict do nothing`, by the key: a record that comes again is written down once.
create policy worker_place on command_dead_letter for select to billing_command_worker using (true);
grant insert, select (kafka_partition, kafka_offset, appended_at, created_at) on command_dead_letter to billing_command_worker;
-- After 30 days, because a sealed body may hold personal data that nobody can erase one person at a time.
create policy worker_expiry on command_dead_letter for delete to billing_command_worker
  using (created_at < now() - interval '30 days');
grant delete on command_dead_letter to billing_command_worker;
