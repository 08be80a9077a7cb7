-- Reconciliation: what the processor holds is compared with what our log says, window by window. The gateway does it; an operator asks
-- for it by a row.

-- One comparison of a window of time. Of no tenant: the processor's account is the platform's.
create table reconciliation_run (
  run_id uuid primary key,
  asked_by text not null check (asked_by in ('schedule', 'operator')),
  -- The turn of the schedule that a run is for: gateways that all see that it is due make one run of it.
  turn timestamptz unique,
  window_from timestamptz not null,
  window_to timestamptz not null check (window_to > window_from),
  state text not null default 'requested' check (state in ('requested', 'running', 'done', 'failed')),
  -- Where it goes on: the pass, the step of it, and how far within the step. Saved with every step, so that a run survives its gateway.
  pass smallint not null default 0,
  step integer not null default 0,
  within text,
  steps_done integer not null default 0,
  steps_total integer not null default 0,
  compared bigint not null default 0,
  repaired bigint not null default 0,
  drift bigint not null default 0,
  -- The gateway that is at it, by the number of the advisory lock it holds while it lives, and until when even so.
  owner integer check (owner > 0),
  not_before timestamptz not null,
  -- How often it was taken up, which tells an owner who was overtaken from the present one; and how often since it last got further.
  takes integer not null default 0,
  stuck integer not null default 0,
  -- A code, never a message.
  last_error text,
  requested_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  constraint reconciliation_run_owned check (owner is null or state = 'running')
);
-- However many gateways there are, one run is under way.
create unique index reconciliation_run_under_way on reconciliation_run ((true)) where state = 'running';
create index reconciliation_run_newest on reconciliation_run (requested_at desc);

-- What a run found to be not as it should be: put right by a dropped fact (`repaired`), or left for a person (`drift`).
create table reconciliation_finding (
  run_id uuid not null references reconciliation_run (run_id) on delete cascade,
  -- Null where the processor's object names no tenant of ours.
  tenant_id uuid,
  outcome text not null check (outcome in ('repaired', 'drift')),
  finding text not null check (finding in ('missing_here', 'missing_there', 'differs', 'undelivered', 'unreadable')),
  object text not null check (object in ('payment', 'refund', 'dispute', 'settlement', 'payout', 'account', 'event', 'balance')),
  -- What about it, such as `captured`; or why, such as `tenant_unknown`.
  aspect text not null check (length(aspect) between 1 and 100),
  -- Ours, where there is one; and the processor's.
  object_id text check (length(object_id) <= 100),
  processor_id text not null check (length(processor_id) <= 300),
  -- Minor units of `currency`, or a status.
  ours text check (length(ours) <= 200),
  theirs text check (length(theirs) <= 200),
  currency text check (length(currency) <= 10),
  found_at timestamptz not null,
  unique nulls not distinct (run_id, tenant_id, object, processor_id, finding, aspect)
);

do $$
declare
  relation text;
begin
  foreach relation in array array['reconciliation_run', 'reconciliation_finding'] loop
    execute format('alter table %I enable row level security', relation);
    execute format('alter table %I force row level security', relation);
    execute format('create policy owner on %I to billing_owner using (true) with check (true)', relation);
    execute format('create policy gateway on %I to billing_gateway using (true) with check (true)', relation);
  end loop;
end $$;
grant select, insert, update, delete on reconciliation_run, reconciliation_finding to billing_gateway;

-- What we believe to have at the processor, over all tenants, beside what the processor says.
create policy gateway on rm_balance for select to billing_gateway using (true);
grant select on rm_balance to billing_gateway;
-- Such a comparison needs books at rest: how far their projector is, and nothing else about it.
create policy reconciliation on checkpoint for select to billing_gateway using (consumer = 'projector:read-models');
-- The linked accounts, a page at a time, among the many payments and customers.
create index rm_processor_object_accounts on rm_processor_object (processor_id, tenant_id, object_id) where kind = 'connected_account';
