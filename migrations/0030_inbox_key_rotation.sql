-- The key of the webhook inbox is replaced by whoever takes webhooks in, every KEY_ROTATION_DAYS. The ingest adds the version that follows the
-- newest, of that key and no other, and of that once a day at most, which is as often as KEY_ROTATION_DAYS can ask for: how many days it says, the
-- database does not know. Two that find the same version due add the same one, of which the primary key leaves one; by the time that stands, none of
-- them adds the one behind it. The gateway adds the first alone, as before, and every other version is the operator's.
drop policy first_version on platform_key;
create policy first_version on platform_key as restrictive for insert to billing_gateway with check (version = 1);
create policy next_version on platform_key as restrictive for insert to billing_webhook_ingest
  with check (version = 1 or (purpose = 'inbox' and exists (
    select from platform_key before
    where before.processor = platform_key.processor and before.purpose = platform_key.purpose
      and before.version = platform_key.version - 1 and before.created_at <= now() - interval '1 day')));
