-- Wrapped keys and sealed processor tokens. Nothing here is readable without the KMS.

-- A tenant's data encryption keys, wrapped by the KMS with context {tenantId, purpose, environment}.
create table tenant_key (
  tenant_id uuid not null references tenant (id),
  purpose text not null check (length(purpose) between 1 and 40),
  version integer not null check (version > 0),
  wrapped bytea not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, purpose, version)
);

-- A person's keys, wrapped by the tenant's key for personal data. Deleting the row erases what it sealed.
create table subject_key (
  tenant_id uuid not null references tenant (id),
  subject_id uuid not null,
  purpose text not null check (purpose in ('contact', 'tax', 'dispute')),
  version integer not null check (version > 0),
  wrapped bytea not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, subject_id, purpose, version)
);

-- The processor's token of a payment method, sealed. It is written before the event that names the payment method.
create table processor_token (
  tenant_id uuid not null references tenant (id),
  payment_method_id uuid not null,
  customer_id uuid not null,
  sealed text not null,
  updated_at timestamptz not null default now(),
  primary key (tenant_id, payment_method_id)
);

-- The client secret of an attempt that waits for its customer, sealed, for a day at most.
create table client_secret (
  tenant_id uuid not null references tenant (id),
  payment_id uuid not null,
  attempt integer not null,
  sealed text not null,
  expires_at timestamptz not null,
  primary key (tenant_id, payment_id, attempt)
);

do $$
declare
  relation text;
begin
  foreach relation in array array['tenant_key', 'subject_key', 'processor_token', 'client_secret'] loop
    execute format('alter table %I enable row level security', relation);
    execute format('alter table %I force row level security', relation);
    execute format('create policy owner on %I to billing_owner using (true) with check (true)', relation);
    execute format(
      'create policy tenant on %I using (tenant_id = (select tenant_in_context())) with check (tenant_id = (select tenant_in_context()))',
      relation);
  end loop;
end $$;

grant select, insert on tenant_key, subject_key to billing_api, billing_command_worker, billing_gateway, billing_webhook_ingest;
grant select, insert on tenant_key to billing_privacy;
grant select on subject_key to billing_privacy;
grant insert, select on processor_token to billing_api, billing_command_worker;
grant select, update on processor_token to billing_gateway;
grant select on client_secret to billing_api;
grant select, insert, update, delete on client_secret to billing_gateway;
