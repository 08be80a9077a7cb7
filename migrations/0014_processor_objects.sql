-- Which of our objects the processor may mean by an id of its own: where to look for whom a webhook is about. It finds candidates
-- only: what counts is their stream. A payment that was attempted several times has several rows.
create table rm_processor_object (
  tenant_id uuid not null,
  processor_id text not null,
  object_id uuid not null,
  kind text not null check (kind in ('customer', 'payment', 'connected_account')),
  primary key (tenant_id, processor_id, object_id)
);
create index rm_processor_object_by_id on rm_processor_object (processor_id);

alter table rm_processor_object enable row level security;
alter table rm_processor_object force row level security;
create policy owner on rm_processor_object to billing_owner using (true) with check (true);
create policy tenant on rm_processor_object for select using (tenant_id = (select tenant_in_context()));
create policy projector on rm_processor_object to billing_projector using (true) with check (true);
-- Whose an event is, is what they ask, so they look across tenants.
create policy finder on rm_processor_object for select to billing_webhook_ingest, billing_gateway using (true);
grant select, insert, update, delete on rm_processor_object to billing_projector;
grant select on rm_processor_object to billing_webhook_ingest, billing_gateway;

-- A payment method is known to the processor by its token, a secret that stands in no event: SHA-256 of it finds the sealed row, and
-- so whose a webhook is that names nothing else. Null where the token was sealed before there was a digest.
alter table processor_token add column token_digest bytea check (length(token_digest) = 32);
create index processor_token_digest on processor_token (token_digest) where token_digest is not null;
create policy finder on processor_token for select to billing_webhook_ingest using (true);
grant select (tenant_id, payment_method_id, token_digest) on processor_token to billing_webhook_ingest;

-- The projector has passed these events already. Rows follow from events alone, so it may write the same ones meanwhile.
insert into rm_processor_object (tenant_id, processor_id, object_id, kind)
  select distinct e.tenant_id, o.processor_id, substr(e.stream_id, strpos(e.stream_id, '-') + 1)::uuid,
    case e.type when 'CustomerRegistered' then 'customer' else 'payment' end
  from event e
  cross join lateral (
    select coalesce(e.data::jsonb ->> 'processorPaymentId', e.data::jsonb ->> 'processorCustomerId') as processor_id) o
  where e.type in (
      'CustomerRegistered', 'PaymentActionRequired', 'PaymentProcessing', 'PaymentAuthorized', 'PaymentCaptured', 'PaymentFailed')
    and o.processor_id is not null
  on conflict do nothing;
