-- Who may write what stands in the access log. Of a suspended tenant too, and of the platform's own, which always is: whoever is turned
-- away is recorded, and whoever uses a privilege.
insert into appendable (role_name, event_type, while_suspended, aggregate)
  select role_name, event_type, true, 'access' from (values
    ('billing_api'::name, 'AccessDenied'), ('billing_command_worker', 'AccessDenied'), ('billing_webhook_ingest', 'AccessDenied'),
    ('billing_api', 'PrivilegedAccessGranted'), ('billing_command_worker', 'PrivilegedAccessGranted'),
    ('billing_operator', 'PrivilegedAccessGranted'), ('billing_analyst', 'PrivilegedAccessGranted')
  ) as r (role_name, event_type);

-- People who read the log record that they do, before they do; it is all that they write.
set local role billing_appender;
grant execute on function append to billing_analyst;
set local role billing_owner;

