-- What Postgres lets every login make in any database, and no role of ours needs: temporary tables, and large objects, which stand outside
-- of every schema and policy. Run by the administrator after the roles, every time. Temporary tables are the database owner's to take away,
-- large objects a superuser's: where the administrator is neither, what stays open is said in a warning.
do $$
declare
  mine constant boolean := (select pg_has_role(datdba, 'usage') from pg_database where datname = current_database());
  -- Of large objects, those that everybody may call.
  open_functions regprocedure[] := array(
    select p.oid from pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace and p.proname ~ '^lo(_.*|read|write)$' and has_function_privilege('public', p.oid, 'execute'));
  each regprocedure;
begin
  if has_database_privilege('public', current_database(), 'temporary') then
    if mine then
      execute format('revoke temporary on database %I from public', current_database());
    else
      raise warning 'every login may make temporary tables in %: its owner can "grant temporary on database % to billing_projector" and revoke it from public',
        current_database(), quote_ident(current_database());
    end if;
  end if;
  -- `projections verify` folds the log into temporary tables, as the projector.
  if mine and not has_database_privilege('billing_projector', current_database(), 'temporary') then
    execute format('grant temporary on database %I to billing_projector', current_database());
  end if;
  foreach each in array open_functions loop
    if not pg_has_role((select proowner from pg_proc where oid = each), 'usage') then
      raise warning 'every login may make large objects in %: a superuser can revoke execute on the functions lo_* from public', current_database();
      exit;
    end if;
    execute format('revoke execute on function %s from public', each);
  end loop;
end $$;
