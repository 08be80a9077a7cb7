-- Services that call the api, known by the SPIFFE id of their client certificates. A registration is one service's, whether it publishes
-- commands, calls the api, or both.
alter table producer add column spiffe_id text
  check (length(spiffe_id) <= 200 and spiffe_id ~ '^spiffe://[a-z0-9._-]+(/[A-Za-z0-9._-]+)+$');
-- One living registration an id. A revoked one keeps its own as history, and stands in nobody's way.
create unique index producer_spiffe_id on producer (spiffe_id) where revoked_at is null;

-- The api reads which services there are and what they may do. It can neither register one nor bring a revoked one back.
create policy api on producer for select to billing_api using (true);
create policy api on producer_key for select to billing_api using (true);
grant select on producer, producer_key to billing_api;
