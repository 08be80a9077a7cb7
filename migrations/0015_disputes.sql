-- The read model of disputes, as rm_refund is made. The command worker reads it too: evidence names a dispute, and this is what
-- finds the payment whose stream decides.
create table rm_dispute (
  tenant_id uuid not null,
  dispute_id uuid not null,
  payment_id uuid not null,
  status text not null,
  created_at timestamptz not null,
  version integer not null,
  state text not null,
  primary key (tenant_id, dispute_id)
) with (fillfactor = 70);
create index rm_dispute_newest on rm_dispute (tenant_id, created_at desc, dispute_id desc);
create index rm_dispute_status on rm_dispute (tenant_id, status, created_at desc, dispute_id desc);
create index rm_dispute_payment on rm_dispute (tenant_id, payment_id, created_at desc, dispute_id desc);

alter table rm_dispute enable row level security;
alter table rm_dispute force row level security;
create policy owner on rm_dispute to billing_owner using (true) with check (true);
create policy tenant on rm_dispute for select using (tenant_id = (select tenant_in_context()));
create policy projector on rm_dispute to billing_projector using (true) with check (true);
grant select, insert, update, delete on rm_dispute to billing_projector;
grant select on rm_dispute to billing_api, billing_command_worker;

-- Who has a dispute from the log may be faster than the read models: the command worker waits for them, as the api does.
create policy evidence_waiter on checkpoint for select to billing_command_worker using (consumer = 'projector:read-models');
