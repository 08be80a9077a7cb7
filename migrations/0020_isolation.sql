-- What looking at the whole catalogue brought to light: grants that nobody needs.

-- Policies ask it, so whoever may use the schema may; and nobody else who can log in to this database.
revoke execute on function tenant_in_context from public;
do $$
declare
  grantee text;
begin
  for grantee in
    select a.grantee::regrole::text from pg_namespace n cross join aclexplode(n.nspacl) a
    where n.nspname = 'billing' and a.privilege_type = 'USAGE' and a.grantee <> 0
  loop
    execute format('grant execute on function tenant_in_context to %s', grantee);
  end loop;
end $$;

-- Of tenants that are not in context, a shard is all that is ever asked; names are theirs. The projector, the relay and the anchor
-- find the tenant in the event.
revoke select on tenant from billing_gateway, billing_webhook_ingest, billing_analyst, billing_projector, billing_relay, billing_merkle_anchor;
grant select (id, shard) on tenant to billing_gateway, billing_webhook_ingest, billing_analyst;
alter policy log_reader on tenant to billing_gateway, billing_webhook_ingest;

-- The heads of the shards are there already, and neither a command nor a claim is ever changed, not even by append.
revoke insert on log_head from billing_appender;
revoke update on command, claim from billing_appender;

-- As in 0011, and grants of single columns too: without them a rebuilt table would be closed to a role that its predecessor was open to.
create or replace function create_rebuild(p_live name) returns void language plpgsql
set search_path = billing, pg_catalog, pg_temp
as $$
declare
  live regclass := format('billing.%I', p_live)::regclass;
  beside name := p_live || '_rebuild';
  options text := (select array_to_string(reloptions, ', ') from pg_class where oid = live);
  each record;
begin
  if p_live not like 'rm\_%' then
    raise exception '% is no read model', p_live;
  end if;
  execute format('create table %I (like %I including all excluding indexes)', beside, p_live);
  if options is not null then
    execute format('alter table %I set (%s)', beside, options);
  end if;
  perform copy_indexes_to_rebuild(p_live, true);
  execute format('alter table %I enable row level security', beside);
  execute format('alter table %I force row level security', beside);
  for each in
    select polname, polpermissive,
      case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end as command,
      (select string_agg(case role when 0 then 'public' else role::regrole::text end, ', ') from unnest(polroles) as role) as roles,
      pg_get_expr(polqual, polrelid) as visible, pg_get_expr(polwithcheck, polrelid) as allowed
    from pg_policy where polrelid = live
  loop
    execute format('create policy %I on %I as %s for %s to %s', each.polname, beside,
      case when each.polpermissive then 'permissive' else 'restrictive' end, each.command, each.roles)
      || coalesce(' using (' || each.visible || ')', '') || coalesce(' with check (' || each.allowed || ')', '');
  end loop;
  for each in
    select a.privilege_type, '' as columns, a.grantee
      from pg_class c cross join aclexplode(c.relacl) a where c.oid = live and a.grantee <> c.relowner
    union all
    select a.privilege_type, format('(%I)', att.attname), a.grantee
      from pg_attribute att cross join aclexplode(att.attacl) a where att.attrelid = live and att.attnum > 0 and not att.attisdropped
  loop
    execute format('grant %s %s on %I to %s', each.privilege_type, each.columns, beside,
      case each.grantee when 0 then 'public' else each.grantee::regrole::text end);
  end loop;
end $$;
