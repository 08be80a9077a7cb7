-- The relays that carry the log to Kafka, and which of them has which shard. Both tables belong to no tenant.

-- A relay writes down every second that it lives; the others count whom they share the shards with.
create table relay (
  id uuid primary key,
  seen_at timestamptz not null
);

-- One row a shard, from here on. `epoch` grows with every change of owner and stands in every record.
create table relay_lease (
  shard smallint primary key check (shard between 0 and 15),
  owner uuid,
  epoch bigint not null default 0 check (epoch >= 0),
  expires_at timestamptz not null default '-infinity'
) with (fillfactor = 20);

alter table relay enable row level security;
alter table relay force row level security;
alter table relay_lease enable row level security;
alter table relay_lease force row level security;
create policy owner on relay to billing_owner using (true) with check (true);
create policy owner on relay_lease to billing_owner using (true) with check (true);
create policy relay on relay to billing_relay using (true) with check (true);
create policy relay on relay_lease to billing_relay using (true) with check (true);
grant select, insert, update, delete on relay to billing_relay;
grant select, update on relay_lease to billing_relay;

insert into relay_lease (shard) select generate_series(0, 15);
