-- Keys are replaced every 90 days and by hand: a new version seals, the older ones still open, and the gateway seals anew what stands
-- under them.

alter table tenant_key
  -- Since when a newer version seals in its place; null for the newest.
  add column superseded_at timestamptz,
  -- Since when nothing stands under it any more that would be sealed anew; null while something may.
  add column emptied_at timestamptz,
  -- When the KMS wrapped it, the first time or anew under a newer master key.
  add column wrapped_at timestamptz not null default now(),
  add constraint tenant_key_emptied check (emptied_at is null or superseded_at <= emptied_at),
  -- As many as a sealed text can name.
  add constraint tenant_key_version_named check (version between 1 and 999999999);
-- What is due, and how old the oldest is, by purpose.
create index tenant_key_newest on tenant_key (purpose, created_at, tenant_id) where superseded_at is null;
create index tenant_key_superseded on tenant_key (tenant_id, purpose, version) where superseded_at is not null;
create index tenant_key_to_empty on tenant_key (tenant_id, purpose, version) where superseded_at is not null and emptied_at is null;

alter table platform_key
  add column wrapped_at timestamptz not null default now(),
  add constraint platform_key_version_named check (version between 1 and 999999999);

-- A sealed text says which version sealed it: `v1.<version>.<...>`. Null for what is no sealed text.
alter table processor_token
  add column sealed_by integer generated always as (substring(sealed from '^v1\.([1-9][0-9]{0,8})\.')::integer) stored;
alter table subject_key
  add constraint subject_key_version_named check (version between 1 and 999999999),
  add column sealed_by integer generated always as
    (substring(encode(substr(wrapped, 1, 16), 'escape') from '^v1\.([1-9][0-9]{0,8})\.')::integer) stored;
-- What stands under a version, in order, a batch at a time.
create index processor_token_sealed_by on processor_token (tenant_id, sealed_by, payment_method_id);
create index subject_key_sealed_by on subject_key (tenant_id, sealed_by, subject_id, purpose, version);

-- One sealing anew of what stands under older versions. The gateway does it; an operator asks for it by a row.
create table key_reencryption (
  run_id uuid primary key,
  asked_by text not null check (asked_by in ('schedule', 'operator')),
  -- Null: of every tenant, and of every purpose.
  only_tenant uuid,
  only_purpose text check (only_purpose in ('token', 'personal')),
  state text not null default 'requested' check (state in ('requested', 'running', 'done', 'failed')),
  -- The version that it has done last: it goes on behind it. Saved with every batch, so that a run survives its gateway.
  done_tenant uuid,
  done_purpose text,
  done_version integer,
  rows_total bigint not null default 0,
  rows_done bigint not null default 0,
  -- Rows that do not open, which stay as they are.
  rows_broken bigint not null default 0,
  -- How often it was interrupted since it last got further.
  stuck smallint not null default 0,
  -- Nobody goes on with it before then.
  not_before timestamptz not null,
  -- A code, never a message.
  last_error text check (length(last_error) <= 100),
  requested_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  constraint key_reencryption_place check (num_nulls(done_tenant, done_purpose, done_version) in (0, 3))
);
create index key_reencryption_wanted on key_reencryption (requested_at) where state in ('requested', 'running');
create index key_reencryption_finished on key_reencryption (finished_at) where state in ('done', 'failed');

-- New material for the KMS's master key, and how far the keys under it are wrapped anew: what was wrapped before `rotated_at` is not yet.
create table master_key_rotation (
  begun_at timestamptz primary key,
  -- When the KMS was asked for it, noted before it is, and how often it had made new material by then: what was not answered is not asked
  -- for twice.
  sent_at timestamptz,
  rotations_before integer,
  -- When the KMS has made the new material.
  rotated_at timestamptz,
  finished_at timestamptz,
  constraint master_key_rotation_sent check ((sent_at is null) = (rotations_before is null))
);
create unique index master_key_rotation_under_way on master_key_rotation ((true)) where finished_at is null;

do $$
declare
  relation text;
begin
  foreach relation in array array['key_reencryption', 'master_key_rotation'] loop
    execute format('alter table %I enable row level security', relation);
    execute format('alter table %I force row level security', relation);
    execute format('create policy owner on %I to billing_owner using (true) with check (true)', relation);
  end loop;
end $$;
create policy gateway on key_reencryption to billing_gateway using (true) with check (true);
grant select, insert, update, delete on key_reencryption to billing_gateway;

-- The gateway finds what is due over all tenants. It changes one tenant's rows at a time, with that tenant in context.
create policy keeper on tenant_key for select to billing_gateway using (true);
grant update (superseded_at, emptied_at) on tenant_key to billing_gateway;
grant update (wrapped) on subject_key to billing_gateway;

-- A version of a key follows the one before it: none is left out, so that what an app adds is never newer than what the next rotation makes.
create function key_version_follows() returns trigger
language plpgsql
set search_path = billing, pg_catalog, pg_temp
as $$
declare
  follows boolean;
begin
  if new.version = 1 then
    return new;
  end if;
  if tg_table_name = 'tenant_key' then
    follows := exists (select from tenant_key
      where tenant_id = new.tenant_id and purpose = new.purpose and version = new.version - 1);
  else
    follows := exists (select from platform_key
      where processor = new.processor and purpose = new.purpose and version = new.version - 1);
  end if;
  if not follows then
    raise exception 'version % of a key is added after the version before it', new.version using errcode = 'check_violation';
  end if;
  return new;
end $$;
revoke execute on function key_version_follows from public;
create trigger version_follows before insert on tenant_key for each row execute function key_version_follows();
create trigger version_follows before insert on platform_key for each row execute function key_version_follows();

-- An app makes the first version where there is none. Of tenants' keys the gateway makes the later ones too, of the platform's the operator
-- alone; and nobody but the owner says when one was made.
revoke insert on tenant_key from billing_api, billing_command_worker, billing_gateway, billing_privacy;
grant insert (tenant_id, purpose, version, wrapped) on tenant_key
  to billing_api, billing_command_worker, billing_gateway, billing_privacy;
create policy first_version on tenant_key as restrictive for insert
  to billing_api, billing_command_worker, billing_privacy with check (version = 1);
revoke insert on platform_key from billing_webhook_ingest, billing_gateway;
grant insert (processor, purpose, version, wrapped) on platform_key to billing_webhook_ingest, billing_gateway;
create policy first_version on platform_key as restrictive for insert
  to billing_webhook_ingest, billing_gateway with check (version = 1);
revoke insert on subject_key from billing_api, billing_command_worker, billing_gateway;
grant insert (tenant_id, subject_id, purpose, version, wrapped) on subject_key
  to billing_api, billing_command_worker, billing_gateway;
create policy first_version on subject_key as restrictive for insert
  to billing_api, billing_command_worker, billing_gateway with check (version = 1);
