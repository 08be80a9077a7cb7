-- What the processor says of its own accord, by webhook or by a look, and who may append it.
--
-- The answers to our own calls are the gateway's alone: nothing that a webhook says leads to them.
delete from appendable where role_name = 'billing_webhook_ingest' and event_type in (
  'CustomerRegistered', 'CustomerRegistrationFailed', 'PaymentMethodAttached', 'PaymentMethodAttachFailed', 'CaptureFailed', 'CancelFailed');

insert into appendable (role_name, event_type)
  select role_name, event_type
  from unnest(array['billing_gateway', 'billing_webhook_ingest']::name[]) as r (role_name),
    unnest(array[
      'CustomerDeletedAtProcessor', 'FinancialAccountReported', 'PaymentMethodDetached', 'MandateReported', 'DisputeReported',
      'DisputeFundsMoved', 'ProcessorReviewReported', 'FraudWarningReceived', 'PayoutReported', 'PayoutPaid', 'PayoutFailed'
    ]) as e (event_type)
  union all
  -- Personal data that has to be sealed, what was just looked up, and answers to our own calls.
  select 'billing_gateway', event_type
  from unnest(array[
    'PaymentMethodUpdated', 'DisputeEvidenceSubmitted', 'DisputeEvidenceFailed', 'ConnectedAccountReported'
  ]) as e (event_type)
  union all
  -- What a webhook does not settle is for the gateway to look at: it alone may ask the processor.
  select 'billing_webhook_ingest', event_type
  from unnest(array[
    'PaymentLookupRequested', 'PaymentMethodLookupRequested', 'ConnectedAccountLookupRequested'
  ]) as e (event_type)
  union all
  select role_name, 'DisputeEvidenceRequested'
  from unnest(array['billing_api', 'billing_command_worker']::name[]) as r (role_name)
  union all
  -- An operator's word, given through the CLI.
  select 'billing_api', 'ConnectedAccountLinked';

-- It seals and opens nothing of a tenant's: its keys are the platform's.
revoke select, insert on tenant_key, subject_key from billing_webhook_ingest;
