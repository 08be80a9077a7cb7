import { paymentMethods } from '#command-handling/facts';
import { derivedId, streamIdOf } from '#contracts';
import type { PaymentMethodCommand, PaymentMethodKind } from '#domain/payment-method';
import type { SetupIntent, SetupIntentFact } from '#domain/setup-intent';
import { onlyAttempt } from '#keys';
import type { ProcessorSetup } from '#processor';

import type { TakenCall } from '../calls/call.js';
import { closedWhereRefused } from './close-setup.js';
import type { Answer, Desk } from './operation.js';

type Succeeded = Extract<ProcessorSetup, { status: 'succeeded' }>;

/** Nothing is left to do with what was refused on a checkout page. */
const isClosed = ({ checkoutSessionId }: SetupIntent, { status }: ProcessorSetup): boolean =>
  checkoutSessionId !== undefined && status === 'method_required';

/** Keeps what the payer's browser goes on with, before the event: whoever reads that may ask for it at once. */
const keepSecret = async (
  { tenantId }: TakenCall,
  intent: SetupIntent,
  setup: ProcessorSetup,
  { clientSecrets, now }: Desk,
): Promise<void> => {
  if (!('clientSecret' in setup) || setup.clientSecret === undefined || isClosed(intent, setup)) return;
  await clientSecrets.store(
    { tenantId, paymentId: intent.setupIntentId, attempt: onlyAttempt },
    setup.clientSecret,
    now(),
  );
};

/** Asks for the payment method, and tells the permission for bank debits that came with it, in its own stream: once, whoever finds it first. */
const askForAttachment = async (
  call: TakenCall,
  { setupIntentId, customerId, paymentMethodId }: SetupIntent,
  kind: PaymentMethodKind,
  { mandate }: Succeeded,
  { streams, now }: Desk,
): Promise<void> => {
  const { tenantId, shard, correlationId, traceparent } = call;
  const stream = { tenantId, shard, streamId: streamIdOf('payment_method', paymentMethodId) };
  const context = { ...stream, commandId: derivedId(setupIntentId, 'attach'), correlationId, traceparent };
  const at = now().toISOString();
  const facts: PaymentMethodCommand[] = [
    { type: 'AttachPaymentMethod', paymentMethodId, customerId, kind, at },
    ...(mandate === undefined
      ? []
      : [{ type: 'RecordMandate', processorMandateId: mandate, status: 'active', at } as const]),
  ];
  await streams.record(paymentMethods, context, facts, await streams.load(paymentMethods, stream));
};

/**
 * The token first, then the payment method, then the success: whoever dies in between is followed by another who does the same again, and
 * each of them changes nothing that is there. Whoever reads of the success finds the payment method.
 */
const succeeded = async (
  call: TakenCall,
  intent: SetupIntent,
  setup: Succeeded,
  desk: Desk,
): Promise<Answer<SetupIntentFact>> => {
  const { processorSetupIntentId, method, mandate } = setup;
  const { kind } = method.details;
  if (kind === 'other') {
    const code = 'payment_method_type_not_allowed';
    const fact = { type: 'RecordSetupIntentFailure', code, processorSetupIntentId } as const;
    const warning = 'a payment method of a type that nobody asked for was set up at the processor';
    return { kind: 'unusable', facts: [{ ...fact, at: desk.now().toISOString() }], warning };
  }
  const place = { tenantId: call.tenantId, paymentMethodId: intent.paymentMethodId };
  await desk.tokens.add(place, intent.customerId, method.token);
  await askForAttachment(call, intent, kind, setup, desk);
  const at = desk.now().toISOString();
  return {
    kind: 'succeeded',
    facts: [{ type: 'RecordSetupIntentSuccess', processorSetupIntentId, methodKind: kind, mandate, at }],
  };
};

/** What the processor's setup, as it stands, says of ours. */
export const answerOfSetup = async (
  call: TakenCall,
  intent: SetupIntent,
  found: ProcessorSetup,
  desk: Desk,
): Promise<Answer<SetupIntentFact>> => {
  const setup = await closedWhereRefused(call, intent, found, desk);
  if (setup.status === 'succeeded') return succeeded(call, intent, setup, desk);
  await keepSecret(call, intent, setup, desk);
  const { processorSetupIntentId } = setup;
  const at = desk.now().toISOString();
  switch (setup.status) {
    case 'method_required': {
      const { failure } = setup;
      return failure
        ? { kind: 'declined', facts: [{ type: 'RecordSetupIntentFailure', ...failure, processorSetupIntentId, at }] }
        : isClosed(intent, setup)
          ? { kind: 'canceled', facts: [{ type: 'RecordSetupIntentCancellation', processorSetupIntentId, at }] }
          : { kind: 'created', facts: [{ type: 'RecordSetupIntentCreated', processorSetupIntentId, at }] };
    }
    case 'action_required': {
      const { action } = setup;
      return {
        kind: 'action_required',
        facts: [{ type: 'RecordSetupIntentAction', processorSetupIntentId, action, at }],
      };
    }
    case 'processing':
      return { kind: 'processing', facts: [{ type: 'RecordSetupIntentProcessing', processorSetupIntentId, at }] };
    case 'canceled':
      return { kind: 'canceled', facts: [{ type: 'RecordSetupIntentCancellation', processorSetupIntentId, at }] };
  }
};
