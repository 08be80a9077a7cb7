-- Rebuilding a read model: a table beside the live one, equal to it in everything but its rows, which takes its place at the end.
-- `billing rebuild` calls these functions as the owner, who alone may make and drop tables; rows are folded as the projector.

-- What a rebuild has left out, because the live read model's consumer had set it aside: retried later, it is folded late.
create table rebuild_aside (
  model text not null check (length(model) between 1 and 50),
  shard smallint not null check (shard between 0 and 15),
  position bigint not null,
  tenant_id uuid not null,
  primary key (model, shard, position)
);
alter table rebuild_aside enable row level security;
alter table rebuild_aside force row level security;
create policy owner on rebuild_aside to billing_owner using (true) with check (true);
create policy projector on rebuild_aside to billing_projector using (true) with check (true);
grant select, insert, delete on rebuild_aside to billing_projector;

-- Copies the indexes of read model p_live that are unique, or those that are not, to its rebuild, unless it has them already.
create function copy_indexes_to_rebuild(p_live name, p_unique boolean) returns void language plpgsql
set search_path = billing, pg_catalog, pg_temp
as $$
declare
  beside name := p_live || '_rebuild';
  each record;
begin
  for each in
    select i.relname || '_rebuild' as name, x.indisprimary as is_primary,
      regexp_replace(pg_get_indexdef(x.indexrelid), ' INDEX \S+ ON \S+ ', format(' INDEX %I ON billing.%I ', i.relname || '_rebuild', beside)) as definition
    from pg_index x join pg_class i on i.oid = x.indexrelid
    where x.indrelid = format('billing.%I', p_live)::regclass and x.indisunique = p_unique
      and to_regclass(format('billing.%I', i.relname || '_rebuild')) is null
    order by 1
  loop
    execute each.definition;
    if each.is_primary then
      execute format('alter table %I add constraint %I primary key using index %2$I', beside, each.name);
    end if;
  end loop;
end $$;

-- Makes the empty rebuild of read model p_live, with its columns, options, primary key, row-level security and grants. The other
-- indexes come once it is full, which takes less than keeping them while it fills.
create function create_rebuild(p_live name) returns void language plpgsql
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
    select a.privilege_type, case a.grantee when 0 then 'public' else a.grantee::regrole::text end as grantee
    from pg_class c cross join aclexplode(c.relacl) a where c.oid = live and a.grantee <> c.relowner
  loop
    execute format('grant %s on %I to %s', each.privilege_type, beside, each.grantee);
  end loop;
end $$;

-- Puts the rebuild of read model p_live into its place, names of indexes and constraints included. Whoever waits for the live
-- table meanwhile finds the new one. The caller's transaction has set a lock_timeout.
create function swap_rebuild(p_live name) returns void language plpgsql
set search_path = billing, pg_catalog, pg_temp
as $$
declare
  index_name name;
begin
  execute format('lock table %I in access exclusive mode', p_live);
  execute format('drop table %I', p_live);
  execute format('alter table %I rename to %I', p_live || '_rebuild', p_live);
  for index_name in
    select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid
    where x.indrelid = format('billing.%I', p_live)::regclass and i.relname like '%\_rebuild'
  loop
    execute format('alter index %I rename to %I', index_name, regexp_replace(index_name, '_rebuild$', ''));
  end loop;
end $$;

revoke execute on function copy_indexes_to_rebuild, create_rebuild, swap_rebuild from public;
