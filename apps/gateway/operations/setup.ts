import { setupIntents } from '#command-handling/facts';
import type { SetupIntent, SetupIntentEvent, SetupIntentFact, SetupIntentRequested } from '#domain/setup-intent';

import type { TakenCall } from '../calls/call.js';
import type { Answer, Desk, Operation } from './operation.js';
import { customerFor, failureOf, madeWithin, unreachable } from './operation.js';
import { answerOfSetup } from './setup-answer.js';

type SetupCall = TakenCall<SetupIntentRequested>;

/** It was never made at the processor. */
const failed = (
  kind: string,
  why: { code: string; declineCode?: string },
  { now }: Desk,
): Answer<SetupIntentFact, SetupIntent> => ({
  kind,
  facts: [{ type: 'RecordSetupIntentFailure', ...why, at: now().toISOString() }],
});

/** The confirmation token that the payer has presented: none where they have not, `gone` where it has expired. */
const presentedBy = async (
  { tenantId, request: { confirmationId } }: SetupCall,
  { tokens }: Desk,
): Promise<{ confirmationToken?: string } | 'gone'> => {
  if (confirmationId === undefined) return {};
  const confirmationToken = await tokens.open({ tenantId, paymentMethodId: confirmationId });
  return confirmationToken === undefined ? 'gone' : { confirmationToken };
};

/** Makes a setup at the processor, and confirms it where the payer has presented a confirmation token. */
export const requestSetup: Operation<SetupIntentRequested, SetupIntent, SetupIntentFact, SetupIntentEvent> = {
  aggregate: setupIntents,

  ended: (_, { stage }) => stage.phase !== 'requested' && {},

  async send(call, desk, intent) {
    const { tenantId, request, idempotencyKey } = call;
    const { setupIntentId, customerId, methodKinds, usage } = request;
    const [processorCustomerId, presented] = await Promise.all([
      customerFor(call, customerId, desk),
      presentedBy(call, desk),
    ]);
    if (processorCustomerId === undefined) {
      return { ...failed('customer_not_registered', { code: 'customer_not_registered' }, desk), unsent: true };
    }
    if (presented === 'gone')
      return { ...failed('expired', { code: 'confirmation_token_expired' }, desk), unsent: true };
    const wanted = { tenantId, setupIntentId, processorCustomerId, methodKinds, usage, ...presented };
    const outcome = await desk.line.run(call, () => desk.processor.requestSetup(wanted, idempotencyKey));
    if (outcome.outcome !== 'succeeded') return failed(outcome.outcome, failureOf(outcome), desk);
    return answerOfSetup(call, intent, outcome.value, desk);
  },

  async look(call, desk, certainty, intent) {
    const { tenantId, request } = call;
    const { setupIntentId } = request;
    const processorCustomerId = await customerFor(call, request.customerId, desk);
    const wanted = processorCustomerId && { tenantId, setupIntentId, processorCustomerId };
    const found = wanted
      ? await desk.line.run(call, () => desk.processor.findSetup(wanted, madeWithin(call, desk.now())))
      : 'absent';
    if (typeof found === 'object') return answerOfSetup(call, intent, found.found, desk);
    return certainty === 'certain' && found === 'absent'
      ? failed('unreachable', { code: unreachable }, desk)
      : undefined;
  },
};
