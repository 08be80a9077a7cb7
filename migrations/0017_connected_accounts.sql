-- An account at the processor is one tenant's. Claims are unique within a tenant only, so this is what holds an account against the
-- others. A row stays: who was paid what is told by the account's stream, in that tenant, for ever.
create table connected_account_holder (
  processor text not null check (processor = 'stripe'),
  processor_account_id text not null check (length(processor_account_id) between 1 and 255),
  tenant_id uuid not null references tenant (id),
  held_since timestamptz not null default now(),
  primary key (processor, processor_account_id)
);

alter table connected_account_holder enable row level security;
alter table connected_account_holder force row level security;
create policy owner on connected_account_holder to billing_owner using (true) with check (true);

-- Holds an account for the tenant in context, and says whether it does: false where another one has it, and not a word of whom. Of two
-- tenants at once, the second waits for the first one's commit and then sees its row.
create function hold_connected_account(p_processor text, p_processor_account_id text) returns boolean
language plpgsql security definer
set search_path = billing, pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
declare
  for_tenant uuid := tenant_in_context();
begin
  if for_tenant is null then
    raise insufficient_privilege using message = 'no tenant is in context';
  end if;
  insert into connected_account_holder (processor, processor_account_id, tenant_id)
    values (p_processor, p_processor_account_id, for_tenant)
    on conflict do nothing;
  return exists (
    select from connected_account_holder h
    where h.processor = p_processor and h.processor_account_id = p_processor_account_id and h.tenant_id = for_tenant);
end $$;

revoke execute on function hold_connected_account from public;
grant execute on function hold_connected_account to billing_api;
grant create on schema billing to billing_appender;
alter function hold_connected_account owner to billing_appender;
revoke create on schema billing from billing_appender;

-- The appender owns no table, and nobody can log in as it.
grant select, insert on connected_account_holder to billing_appender;
create policy appender on connected_account_holder to billing_appender using (true) with check (true);
