-- Read models: written by the projector alone, rebuilt from the log at any time, read by tenants under row-level security.

create table rm_payment (
  tenant_id uuid not null,
  payment_id uuid not null,
  customer_id uuid not null,
  order_id text,
  status text not null,
  amount bigint not null,
  currency text not null,
  created_at timestamptz not null,
  version integer not null,
  -- The folded aggregate, so that the next event needs no earlier one and a query shows what the write side would.
  state jsonb not null,
  primary key (tenant_id, payment_id)
) with (fillfactor = 70);
create index rm_payment_newest on rm_payment (tenant_id, created_at desc, payment_id desc);
create index rm_payment_status on rm_payment (tenant_id, status, created_at desc, payment_id desc);
create index rm_payment_customer on rm_payment (tenant_id, customer_id, created_at desc, payment_id desc);
create index rm_payment_order on rm_payment (tenant_id, order_id, created_at desc, payment_id desc) where order_id is not null;

create table rm_refund (
  tenant_id uuid not null,
  refund_id uuid not null,
  payment_id uuid not null,
  amount bigint not null,
  currency text not null,
  status text not null,
  reason text,
  failure_code text,
  created_at timestamptz not null,
  version integer not null,
  primary key (tenant_id, refund_id)
) with (fillfactor = 80);
create index rm_refund_newest on rm_refund (tenant_id, created_at desc, refund_id desc);
create index rm_refund_payment on rm_refund (tenant_id, payment_id, created_at desc, refund_id desc);

create table rm_customer (
  tenant_id uuid not null,
  customer_id uuid not null,
  -- Sealed under the customer's own key; opened by the api, which may, and by nobody else who reads this table.
  personal text not null,
  status text not null,
  processor_customer_id text,
  created_at timestamptz not null,
  version integer not null,
  primary key (tenant_id, customer_id)
) with (fillfactor = 80);
create index rm_customer_newest on rm_customer (tenant_id, created_at desc, customer_id desc);

create table rm_payment_method (
  tenant_id uuid not null,
  payment_method_id uuid not null,
  customer_id uuid not null,
  kind text not null,
  status text not null,
  details text,
  failure_code text,
  decline_code text,
  created_at timestamptz not null,
  version integer not null,
  primary key (tenant_id, payment_method_id)
) with (fillfactor = 80);
create index rm_payment_method_customer on rm_payment_method (tenant_id, customer_id, created_at desc, payment_method_id desc);

-- Double entry: the sum over all accounts of a tenant and currency is zero, always.
create table rm_balance (
  tenant_id uuid not null,
  currency text not null,
  account text not null,
  -- Minor units; debits positive.
  amount bigint not null,
  primary key (tenant_id, currency, account)
) with (fillfactor = 50);

-- Settled money by the day it may be paid out.
create table rm_settlement (
  tenant_id uuid not null,
  settlement_id text not null,
  currency text not null,
  net bigint not null,
  available_on timestamptz not null,
  primary key (tenant_id, settlement_id)
);
create index rm_settlement_available on rm_settlement (tenant_id, currency, available_on);

do $$
declare
  relation text;
begin
  foreach relation in array array['rm_payment', 'rm_refund', 'rm_customer', 'rm_payment_method', 'rm_balance', 'rm_settlement'] loop
    execute format('alter table %I enable row level security', relation);
    execute format('alter table %I force row level security', relation);
    execute format('create policy owner on %I to billing_owner using (true) with check (true)', relation);
    execute format('create policy tenant on %I for select using (tenant_id = (select tenant_in_context()))', relation);
    execute format('create policy projector on %I to billing_projector using (true) with check (true)', relation);
    execute format('grant select, insert, update, delete on %I to billing_projector', relation);
    execute format('grant select on %I to billing_api', relation);
  end loop;
end $$;
