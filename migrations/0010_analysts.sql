-- What people who look at the log, and at what could not be digested, may read across tenants; they write nothing. Personal data
-- in events is sealed, and this role has no key.
create policy analyst on event for select to billing_analyst using (true);
create policy analyst on log_head for select to billing_analyst using (true);
create policy analyst on tenant for select to billing_analyst using (true);
create policy analyst on dead_letter for select to billing_analyst using (true);
create policy analyst on command_dead_letter for select to billing_analyst using (true);
grant usage on schema billing to billing_analyst;
grant select on event, log_head, tenant, dead_letter to billing_analyst;
grant select (kafka_partition, kafka_offset, appended_at, reason, detail, claimed_producer, claimed_tenant, message_id, command_type, created_at)
  on command_dead_letter to billing_analyst;

-- The api counts dead letters for its metrics, and learns nothing of whose they are.
create policy counter on dead_letter for select to billing_api using (true);
create policy counter on command_dead_letter for select to billing_api using (true);
grant select (consumer, reason, created_at, discarded_at) on dead_letter to billing_api;
grant select (reason, created_at) on command_dead_letter to billing_api;
