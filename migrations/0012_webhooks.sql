-- What the processor tells of its own accord: every verified webhook, sealed, until it has been applied and for a while after. The
-- platform's own keys, and the secrets that webhooks are verified with.

-- One row an event of the processor, however often it is delivered. Written before the delivery is answered; whatever comes of it
-- is decided afterwards, from this row. An event is done with when it is applied, not when it was seen.
create table webhook_events (
  processor text not null check (processor ~ '^[a-z]{1,20}$'),
  event_id text not null check (length(event_id) between 1 and 255),
  -- delivered: by webhook. reconciled: found in the processor's list of events, never delivered.
  source text not null default 'delivered' check (source in ('delivered', 'reconciled')),
  -- The connected account it happened on; null for the platform's own.
  account text check (length(account) between 1 and 255),
  type text not null check (length(type) between 1 and 255),
  -- Null for thin events.
  api_version text check (length(api_version) between 1 and 255),
  livemode boolean not null,
  -- The processor's time.
  created_at timestamptz not null,
  received_at timestamptz not null default now(),
  -- Body and signature header, sealed under the platform's inbox key for this very event.
  sealed text not null,
  -- SHA-256 of the body without what differs from delivery to delivery (`pending_webhooks`): tells the same event with another
  -- content apart. The first one stands. Only of delivered ones is it compared: a list writes the same event otherwise.
  body_hash bytea not null check (length(body_hash) = 32),
  -- received: to be applied. waiting: for an object that we do not know yet. applied, ignored: done. quarantined: it must not be
  -- applied. failed: our own code failed on it, again and again. The last two wait for a person.
  state text not null default 'received'
    check (state in ('received', 'waiting', 'applied', 'ignored', 'quarantined', 'failed')),
  -- What applying it came to.
  outcome text check (outcome in ('recorded', 'nothing_new', 'looked_up')),
  -- A code, never a message: messages may quote what must not stand here.
  reason text check (length(reason) between 1 and 200),
  -- How often it was taken up; also tells an owner who was overtaken from the present one.
  tries integer not null default 0 check (tries >= 0),
  -- How often it was looked at in vain since it came, or since a person had it tried again: its time to wait is over only once
  -- somebody has looked, and not while nobody did.
  looks integer not null default 0 check (looks >= 0),
  -- When a person last had it tried again; its time to wait begins anew with that.
  replayed_at timestamptz,
  -- How often our own code failed on it.
  faults integer not null default 0 check (faults >= 0),
  -- Nobody else takes the event before then: a lease while it is in hand, a delay after a try.
  not_before timestamptz not null default now(),
  -- The process that has it in hand.
  owner integer check (owner > 0),
  -- Whose it is, once that was found out and checked. A claim until then, and so it stands in no key.
  tenant_id uuid,
  applied_at timestamptz,
  -- Who said that one which waited for a person is to be left alone, and why.
  dismissed_by text check (length(dismissed_by) between 1 and 100),
  dismiss_reason text check (length(dismiss_reason) between 1 and 500),
  primary key (processor, event_id),
  check ((dismissed_by is null) = (dismiss_reason is null)),
  check ((state = 'applied') = (applied_at is not null)),
  check (outcome is null or state = 'applied')
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000);
-- What is sealed does not compress.
alter table webhook_events alter column sealed set storage external;
create index webhook_events_due on webhook_events (state, not_before) where state in ('received', 'waiting');
create index webhook_events_state on webhook_events (state, received_at);

-- The platform's data encryption keys, wrapped by the KMS with context {processor, purpose, environment}.
create table platform_key (
  processor text not null check (processor ~ '^[a-z]{1,20}$'),
  purpose text not null check (purpose in ('inbox', 'webhook_secret')),
  version integer not null check (version > 0),
  wrapped bytea not null,
  created_at timestamptz not null default now(),
  primary key (processor, purpose, version)
);

-- Secrets of the processor, sealed under the platform's key of their kind for this very row. While one rotates, the old one is
-- still valid until it retires: two at a time at most.
create table processor_secret (
  processor text not null check (processor ~ '^[a-z]{1,20}$'),
  -- '' for the platform's own endpoint, 'connect' for that of all connected accounts, an account's id for one of its own.
  account text not null check (length(account) <= 255),
  environment text not null check (environment in ('development', 'test', 'production')),
  kind text not null check (kind in ('webhook')),
  version integer not null check (version > 0),
  ciphertext text not null check (length(ciphertext) between 1 and 10000),
  created_at timestamptz not null default now(),
  -- From then on it is not valid any more. Null for the newest.
  retires_at timestamptz,
  primary key (processor, account, environment, kind, version)
);
create unique index processor_secret_newest on processor_secret (processor, account, environment, kind) where retires_at is null;

do $$
declare
  relation text;
begin
  foreach relation in array array['webhook_events', 'platform_key', 'processor_secret'] loop
    execute format('alter table %I enable row level security', relation);
    execute format('alter table %I force row level security', relation);
    execute format('create policy owner on %I to billing_owner using (true) with check (true)', relation);
  end loop;
end $$;

-- The ingest works for every tenant: whose an event is, it finds out.
create policy ingest on webhook_events to billing_webhook_ingest using (true) with check (true);
grant select, insert, update, delete on webhook_events to billing_webhook_ingest;
-- The gateway adds what reconciliation found undelivered, and neither reads a body nor decides what becomes of one.
create policy gateway_place on webhook_events for select to billing_gateway using (true);
create policy gateway on webhook_events for insert to billing_gateway with check (source = 'reconciled' and state = 'received');
grant select (processor, event_id, state),
  insert (processor, event_id, source, account, type, api_version, livemode, created_at, received_at, sealed, body_hash)
  on webhook_events to billing_gateway;

create policy ingest on platform_key to billing_webhook_ingest using (true) with check (true);
create policy gateway on platform_key to billing_gateway using (purpose = 'inbox') with check (purpose = 'inbox');
grant select, insert on platform_key to billing_webhook_ingest, billing_gateway;

-- The ingest reads the secrets, and outside of production stores the first one of its environment. Rotation is the operator's.
create policy ingest on processor_secret for select to billing_webhook_ingest using (true);
create policy ingest_first on processor_secret for insert to billing_webhook_ingest
  with check (environment <> 'production' and version = 1 and retires_at is null);
grant select, insert on processor_secret to billing_webhook_ingest;
