-- Checkout: payments with the payer present. The browser brings a confirmation token of the processor; the gateway looks what it holds and
-- only then requests the attempt, so that what judges a charge by its card has a place between the two.

insert into appendable (role_name, event_type, while_suspended, aggregate)
  select role_name, event_type, while_suspended, aggregate from (values
    ('billing_api'::name, 'ConfirmationTokenPresented', false, 'payment'),
    ('billing_command_worker', 'ConfirmationTokenPresented', false, 'payment'),
    -- What was presented before a tenant was suspended is carried out, as everything that was asked for is.
    ('billing_gateway', 'ConfirmationTokenInspected', true, 'payment'),
    ('billing_gateway', 'ConfirmationTokenRefused', true, 'payment'),
    ('billing_gateway', 'PaymentRequested', true, 'payment'),
    -- The payer has done what the processor asked: a claim, which the gateway looks at.
    ('billing_api', 'PaymentActionFinished', false, 'payment'),
    ('billing_command_worker', 'PaymentActionFinished', false, 'payment'),
    ('billing_gateway', 'PaymentActionStillRequired', true, 'payment'),
    ('billing_api', 'CheckoutSessionCreated', false, 'checkout_session'),
    ('billing_api', 'CheckoutSessionSetupStarted', false, 'checkout_session'),
    ('billing_api', 'CheckoutSessionExpired', false, 'checkout_session')
  ) as r (role_name, event_type, while_suspended, aggregate);

-- A confirmation token is good for one payment, within hours. Its row has our id of the presentation for a payment method's, and goes.
alter table processor_token add column expires_at timestamptz;
create index processor_token_expiry on processor_token (expires_at) where expires_at is not null;

-- The gateway clears away what has expired, and can remove nothing else: a payment method's token has no end.
drop policy gateway on processor_token;
create policy gateway_reads on processor_token for select to billing_gateway using (true);
create policy gateway_replaces on processor_token for update to billing_gateway using (true) with check (true);
create policy gateway_clears on processor_token for delete to billing_gateway using (expires_at < now());
create policy gateway_clears_nothing_else on processor_token as restrictive for delete to billing_gateway using (expires_at < now());
grant delete on processor_token to billing_gateway;
