-- Calls to the processor that are not finished: each ...Requested event is copied here together with the gateway's
-- checkpoint, worked off with bounded concurrency, and removed once its outcome is in the log. The log is the history.
-- No foreign key to tenant: the event that a call comes from has been checked against it.
create table processor_call (
  tenant_id uuid not null,
  -- The id of the ...Requested event, or one derived from it.
  call_id uuid not null,
  shard smallint not null check (shard between 0 and 15),
  stream_id text not null,
  operation text not null,
  request jsonb not null,
  -- The one key of this object, operation and attempt, however often it is sent.
  idempotency_key text not null check (length(idempotency_key) between 1 and 230),
  correlation_id uuid not null,
  traceparent text,
  -- queued: not executed. sent: a process is at it until `not_before`. unknown: it may have been executed. parked: it
  -- failed in our own code, again and again, and waits for a person.
  state text not null default 'queued' check (state in ('queued', 'sent', 'unknown', 'parked')),
  -- Stored before the first sending: the processor forgets a key after a day, and then only looking tells what happened.
  first_sent_at timestamptz,
  -- How often it was taken up; also tells an owner who was overtaken from the present one.
  tries integer not null default 0,
  -- How often our own code failed on it.
  faults integer not null default 0,
  -- The processor's own token has taken the place of the one that was sent, so this call can no longer be repeated: look.
  token_replaced boolean not null default false,
  -- A code, never a message: messages may quote what must not stand here.
  last_error text,
  -- Nobody else takes the call before then: a lease while it is being sent, a backoff after a failure.
  not_before timestamptz not null,
  -- The gateway that has it in hand, by the number of the advisory lock it holds while it lives.
  owner integer check (owner > 0),
  created_at timestamptz not null,
  primary key (tenant_id, call_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000);
create index processor_call_due on processor_call (not_before) where state <> 'parked';
create index processor_call_owned on processor_call (owner) where owner is not null;

alter table processor_call enable row level security;
alter table processor_call force row level security;
create policy owner on processor_call to billing_owner using (true) with check (true);
create policy gateway on processor_call to billing_gateway using (true) with check (true);
create policy tenant on processor_call for select using (tenant_id = (select tenant_in_context()));
grant select, insert, update, delete on processor_call to billing_gateway;
-- The gateway works for every tenant: it opens each one's tokens and keys, and stores what the processor gave back.
create policy gateway on processor_token to billing_gateway using (true) with check (true);
create policy gateway on client_secret to billing_gateway using (true) with check (true);
create index client_secret_expiry on client_secret (expires_at);
