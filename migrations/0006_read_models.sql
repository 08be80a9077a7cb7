-- Read models: written by the projector alone, rebuilt from the log at any time, read by tenants under row-level security.
-- `state` is the folded object as JSON text: the next event needs no earlier one, and a query shows what a command's answer
-- would. `version` is the stream version it stands at. The other columns are what lists filter and sort by.

create table rm_payment (
  tenant_id uuid not null,
  payment_id uuid not null,
  customer_id uuid not null,
  order_id text,
  status text not null,
  created_at timestamptz not null,
  version integer not null,
  state text not null,
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
  status text not null,
  created_at timestamptz not null,
  version integer not null,
  state text not null,
  primary key (tenant_id, refund_id)
) with (fillfactor = 70);
create index rm_refund_newest on rm_refund (tenant_id, created_at desc, refund_id desc);
create index rm_refund_status on rm_refund (tenant_id, status, created_at desc, refund_id desc);
create index rm_refund_payment on rm_refund (tenant_id, payment_id, created_at desc, refund_id desc);

-- Personal data in `state` stays sealed under the customer's own key; opened by the api, which may, and by nobody else here.
create table rm_customer (
  tenant_id uuid not null,
  customer_id uuid not null,
  created_at timestamptz not null,
  version integer not null,
  state text not null,
  primary key (tenant_id, customer_id)
) with (fillfactor = 70);
create index rm_customer_newest on rm_customer (tenant_id, created_at desc, customer_id desc);

create table rm_payment_method (
  tenant_id uuid not null,
  payment_method_id uuid not null,
  customer_id uuid not null,
  created_at timestamptz not null,
  version integer not null,
  state text not null,
  primary key (tenant_id, payment_method_id)
) with (fillfactor = 70);
create index rm_payment_method_newest on rm_payment_method (tenant_id, created_at desc, payment_method_id desc);
create index rm_payment_method_customer on rm_payment_method (tenant_id, customer_id, created_at desc, payment_method_id desc);

-- Double entry: the sum over all accounts of a tenant and currency is zero, always. Amounts are minor units, debits positive.
create table rm_balance (
  tenant_id uuid not null,
  currency text not null,
  account text not null,
  amount bigint not null,
  primary key (tenant_id, currency, account)
) with (fillfactor = 50);

-- What was settled at the processor, by the time from which it may be paid out.
create table rm_settlement (
  tenant_id uuid not null,
  currency text not null,
  available_on timestamptz not null,
  amount bigint not null,
  primary key (tenant_id, currency, available_on)
) with (fillfactor = 50);
-- For what is not available yet: only the days to come are read, however long the past.
create index rm_settlement_to_come on rm_settlement (tenant_id, available_on);

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
