-- Roles of the cluster and the schema of this database. Run by the administrator before the migrations, every time: a role
-- is shared by all databases of a cluster, so this cannot be a migration of one of them. Safe to repeat.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['billing_owner', 'billing_appender', 'billing_tailer', 'billing_operator', 'billing_retention'] loop
    if not exists (select from pg_roles where rolname = wanted) then
      begin
        execute format('create role %I nologin noinherit', wanted);
      exception when duplicate_object or unique_violation then null; -- another database of this cluster was faster
      end;
    end if;
  end loop;
  -- One login role an app, and one for people who read the log. None owns a table, none bypasses row-level security.
  foreach wanted in array array[
    'billing_api', 'billing_command_worker', 'billing_gateway', 'billing_projector', 'billing_webhook_ingest', 'billing_relay',
    'billing_merkle_anchor', 'billing_privacy', 'billing_console', 'billing_analyst'
  ] loop
    if not exists (select from pg_roles where rolname = wanted) then
      begin
        execute format('create role %I login noinherit nocreatedb nocreaterole connection limit 40', wanted);
      exception when duplicate_object or unique_violation then null;
      end;
    end if;
  end loop;
end $$;

-- A client that stops in the middle of a transaction loses it, and what it holds, also where it is none of our pools: a login that was stolen, or psql.
-- By default: a session can say otherwise, and a role of itself. People who read the log have longer, to think. Written where there is no
-- bound: one that an operator has set stays, and databases of a cluster that are migrated at the same time are not in each other's way.
do $$
declare
  wanted text;
  longest text;
begin
  for wanted, longest in
    select rolname, case rolname when 'billing_analyst' then '1min' else '10s' end from pg_roles
    where rolcanlogin and rolname in ('billing_api', 'billing_command_worker', 'billing_gateway', 'billing_projector', 'billing_webhook_ingest',
      'billing_relay', 'billing_merkle_anchor', 'billing_privacy', 'billing_console', 'billing_analyst')
    order by rolname
  loop
    if not exists (
      select from pg_db_role_setting s where s.setdatabase = 0 and s.setrole = (select oid from pg_roles where rolname = wanted)
        and exists (select from unnest(s.setconfig) as setting where setting like 'idle\_in\_transaction\_session\_timeout=%')
    ) then
      begin
        execute format('alter role %I set idle_in_transaction_session_timeout = %L', wanted, longest);
      exception
        when unique_violation or internal_error then null; -- another database of this cluster was faster
        when insufficient_privilege then
          raise warning '% may hold a transaction open while it does nothing: whoever made the role can "alter role % set idle_in_transaction_session_timeout = ''%''"',
            wanted, wanted, longest;
      end;
    end if;
  end loop;
end $$;

-- The administrator acts as the owner, and the operator's tools as the role that their work needs; the owner may hand a
-- function to the two roles that functions run as.
do $$
declare
  wanted text;
begin
  foreach wanted in array array[
    'billing_owner', 'billing_projector', 'billing_gateway', 'billing_relay', 'billing_merkle_anchor', 'billing_command_worker', 'billing_analyst',
    'billing_webhook_ingest', 'billing_operator', 'billing_retention'
  ] loop
    if not pg_has_role(current_user, wanted, 'set') then
      execute format('grant %I to %I', wanted, current_user);
    end if;
  end loop;
end $$;
grant billing_appender, billing_tailer to billing_owner;

create schema if not exists billing authorization billing_owner;
