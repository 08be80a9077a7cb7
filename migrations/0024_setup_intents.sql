-- Payment methods that are set up without a charge, taken from their customers, chosen as default, and told of before they end.

insert into appendable (role_name, event_type, aggregate, while_suspended)
  select role_name, event_type, aggregate, false
  from unnest(array['billing_api', 'billing_command_worker']::name[]) as r (role_name),
    (values
      ('SetupIntentRequested', 'setup_intent'),
      ('PaymentMethodDetachRequested', 'payment_method'),
      ('CustomerDefaultPaymentMethodSet', 'customer')
    ) as e (event_type, aggregate)
  union all
  -- What comes of its own calls and looks alone. What has been set up, it asks itself to attach.
  select 'billing_gateway', event_type, aggregate, true
  from (values
      ('SetupIntentCreated', 'setup_intent'),
      ('SetupIntentActionRequired', 'setup_intent'),
      ('SetupIntentProcessing', 'setup_intent'),
      ('SetupIntentSucceeded', 'setup_intent'),
      ('SetupIntentFailed', 'setup_intent'),
      ('SetupIntentCanceled', 'setup_intent'),
      ('PaymentMethodAttachRequested', 'payment_method'),
      ('PaymentMethodDetachFailed', 'payment_method'),
      ('PaymentMethodExpiring', 'payment_method')
    ) as e (event_type, aggregate)
  union all
  select role_name, 'CustomerDefaultPaymentMethodCleared', 'customer', true
  from unnest(array['billing_gateway', 'billing_webhook_ingest']::name[]) as r (role_name)
  union all
  select 'billing_webhook_ingest', 'SetupIntentLookupRequested', 'setup_intent', true;

-- The token of what was set up comes from the processor, not from an edge.
create policy gateway_adds on processor_token for insert to billing_gateway with check (true);
grant insert on processor_token to billing_gateway;

-- The payment methods of all tenants, a page at a time: what ends soon is found by opening their details.
create policy gateway on rm_payment_method for select to billing_gateway using (true);
grant select on rm_payment_method to billing_gateway;

-- The daily walk through them. One row: whoever moves `not_before` on has the next page in hand until then.
create table expiry_sweep (
  only_row boolean primary key default true check (only_row),
  not_before timestamptz not null,
  -- Where the walk goes on; null at its beginning.
  after_tenant uuid,
  after_method uuid,
  constraint expiry_sweep_place check ((after_tenant is null) = (after_method is null))
);
insert into expiry_sweep (not_before) values ('2026-01-01T00:00:00Z');
alter table expiry_sweep enable row level security;
alter table expiry_sweep force row level security;
create policy owner on expiry_sweep to billing_owner using (true) with check (true);
create policy gateway on expiry_sweep to billing_gateway using (true) with check (true);
grant select, update on expiry_sweep to billing_gateway;
