-- The processor's API keys beside the secrets of its webhooks. Who may read which follows who works with it: the gateway the API keys, the
-- ingest the webhook secrets, and neither anything of the other's.

alter table processor_secret
  drop constraint processor_secret_kind_check,
  add constraint processor_secret_kind_check check (kind in ('webhook', 'api')),
  -- candidate: a key that a gateway has yet to look at. checked, refused: what it said of it. None of these is used. valid: used until it
  -- retires.
  add column state text not null default 'valid' check (state in ('candidate', 'checked', 'refused', 'valid')),
  -- How a key begins, which is no secret: whether it is restricted, and of which mode. Null for webhooks.
  add column form text check (form in ('sk_test', 'rk_test', 'sk_live', 'rk_live')),
  -- The processor's id of the account that the key is of, once a gateway has asked.
  add column processor_account text check (length(processor_account) between 1 and 255),
  -- When the KMS sealed it, the first time or anew under a newer master key. What begins with v1 is sealed under a key of the platform.
  add column wrapped_at timestamptz not null default now(),
  -- Why a candidate was refused: one line, which quotes nothing of the key.
  add column refusal text check (length(refusal) between 1 and 1000),
  -- When an operator ended it at once, for good. Null for one that has only been followed by another.
  add column revoked_at timestamptz,
  add constraint processor_secret_revoked check (coalesce(retires_at <= revoked_at, revoked_at is null)),
  add constraint processor_secret_form check ((kind = 'api') = (form is not null)),
  -- A test key in production charges nobody, a live one elsewhere charges real cards.
  add constraint processor_secret_mode check (form is null or (environment = 'production') = (right(form, 5) = '_live')),
  add constraint processor_secret_candidate check (state = 'valid' or (kind = 'api' and retires_at is null)),
  add constraint processor_secret_refusal check ((state = 'refused') = (refusal is not null));

drop index processor_secret_newest;
create unique index processor_secret_newest on processor_secret (processor, account, environment, kind)
  where retires_at is null and state = 'valid';
create unique index processor_secret_candidate on processor_secret (processor, account, environment, kind) where state <> 'valid';

-- No secret is sealed under a key of the platform any more: the ingest opens those that were.
drop policy ingest on platform_key;
create policy ingest on platform_key for select to billing_webhook_ingest using (purpose in ('inbox', 'webhook_secret'));
create policy ingest_seals on platform_key for insert to billing_webhook_ingest with check (purpose = 'inbox');

drop policy ingest on processor_secret;
drop policy ingest_first on processor_secret;
create policy ingest on processor_secret for select to billing_webhook_ingest using (kind = 'webhook');
create policy ingest_first on processor_secret for insert to billing_webhook_ingest
  with check (kind = 'webhook' and environment <> 'production' and version = 1 and retires_at is null and state = 'valid');

-- The gateway reads the keys that it calls the processor with, says what it found of a candidate, and outside of production stores the key
-- that its environment names. In production that is the operator's alone.
create policy gateway on processor_secret for select to billing_gateway using (kind = 'api');
create policy gateway_trial on processor_secret for insert to billing_gateway
  with check (kind = 'api' and environment <> 'production' and retires_at is null and state = 'valid');
create policy gateway_finds on processor_secret for update to billing_gateway using (kind = 'api') with check (kind = 'api');
grant select, insert, update (state, processor_account, refusal, retires_at) on processor_secret to billing_gateway;

-- A policy sees a row before or after, and this is about both: in production the gateway says what it found of a candidate, and once whose a
-- key is. Which keys are used, and until when, is the operator's word there, also for whoever has stolen the gateway's role.
create function gateway_finds_no_more() returns trigger
language plpgsql
set search_path = billing, pg_catalog, pg_temp
as $$
begin
  if old.state = 'candidate' and new.state in ('checked', 'refused') and new.retires_at is null then
    return new;
  end if;
  if old.state = 'valid' and old.processor_account is null
    and (new.state, new.retires_at, new.refusal) is not distinct from (old.state, old.retires_at, old.refusal) then
    return new;
  end if;
  raise exception 'in production the gateway judges candidates, and does no more' using errcode = 'insufficient_privilege';
end $$;
revoke execute on function gateway_finds_no_more from public;
create trigger gateway_finds_no_more before update on processor_secret for each row
  when (old.environment = 'production' and current_user = 'billing_gateway') execute function gateway_finds_no_more();

-- How old the secrets are that are in use, and no more than that: for readiness, metrics and alerts of every app that has a door.
create function secret_ages(p_environment text)
returns table (kind text, oldest timestamptz, overdue bigint)
language sql stable security definer
set search_path = billing, pg_catalog, pg_temp
as $$
  select s.kind, min(s.created_at), count(*) filter (where s.created_at < now() - interval '90 days')
  from processor_secret s
  where s.environment = p_environment and s.state = 'valid' and s.retires_at is null
  group by s.kind
$$;
revoke execute on function secret_ages from public;
grant execute on function secret_ages to billing_api, billing_gateway, billing_webhook_ingest;
-- What only reads runs as the tailer, who can write nothing.
grant select (environment, kind, state, created_at, retires_at) on processor_secret to billing_tailer;
create policy tailer on processor_secret for select to billing_tailer using (true);
grant create on schema billing to billing_tailer;
alter function secret_ages owner to billing_tailer;
revoke create on schema billing from billing_tailer;
