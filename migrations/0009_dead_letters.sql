-- An operator has a dead letter retried, or discards it; the consumer that runs sees that here. Operators work in the consumer's
-- own role, so its policies and grants suffice.
alter table dead_letter
  add column retry_requested_at timestamptz,
  add column discarded_at timestamptz,
  add column discarded_by text,
  add column discard_reason text,
  add constraint dead_letter_discarded check (num_nonnulls(discarded_at, discarded_by, discard_reason) in (0, 3));

-- What still waits, stream by stream in the order of the log: looked at every second while there is any.
create index dead_letter_waiting on dead_letter (consumer, tenant_id, stream_id, position) where discarded_at is null;
drop index dead_letter_stream;

-- A position is found in Kafka without it: no record of a position lies before the offset that is one less.
alter table checkpoint drop column kafka_offset;
