-- The key of each tenant that salts its leaves of the audit log, and the history of the keys that sign the log.

-- Salts are compared with those of years ago: this key is wrapped anew and never followed by another version.
alter table tenant_key
  add constraint tenant_key_audit_lasts check (not starts_with(purpose, 'audit') or version = 1);

-- The anchor salts what it seals, and the operator what is exported: both see keys for that alone, and make one where there is none yet.
create policy audit_alone on tenant_key as restrictive to billing_merkle_anchor, billing_operator
  using (starts_with(purpose, 'audit')) with check (starts_with(purpose, 'audit'));
grant select, insert (tenant_id, purpose, version, wrapped) on tenant_key to billing_merkle_anchor, billing_operator;

-- Which keys sign the log, of the platform's own tenant, which always is suspended. An operator says so; the anchor reads it, and appends nothing.
insert into appendable (role_name, event_type, while_suspended, aggregate) values
  ('billing_operator', 'AuditKeyIntroduced', true, 'audit_key'),
  ('billing_operator', 'AuditKeyRetired', true, 'audit_key');
