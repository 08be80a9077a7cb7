import { setupIntents } from '#command-handling/facts';
import type { SetupIntent, SetupIntentEvent, SetupIntentFact, SetupIntentLookupRequested } from '#domain/setup-intent';
import type { ProcessorSetup } from '#processor';

import type { TakenCall } from '../calls/call.js';
import type { Operation } from './operation.js';
import { customerFor, unchanged } from './operation.js';
import { answerOfSetup } from './setup-answer.js';

/** Whether the processor's setup is the one that was asked for: by what we wrote on it, its id where we know that, and its customer. */
const isOurs = (
  { tenantId }: TakenCall,
  { setupIntentId, processorSetupIntentId }: SetupIntent,
  setup: ProcessorSetup,
  processorCustomerId: string | undefined,
): boolean =>
  setup.claim.tenantId === tenantId &&
  setup.claim.setupIntentId === setupIntentId &&
  processorCustomerId !== undefined &&
  setup.claim.processorCustomerId === processorCustomerId &&
  (processorSetupIntentId === undefined || processorSetupIntentId === setup.processorSetupIntentId);

/** Looks how a setup stands, because something was heard of it. */
export const lookupSetup: Operation<SetupIntentLookupRequested, SetupIntent, SetupIntentFact, SetupIntentEvent> = {
  aggregate: setupIntents,

  // What has succeeded stays so, and its payment method has been asked for. What was refused on a checkout page is closed.
  ended: (_, { stage, checkoutSessionId }) =>
    (stage.phase === 'succeeded' || (stage.phase === 'failed' && checkoutSessionId !== undefined)) && {},

  async send(call, desk, intent) {
    const { processorSetupIntentId } = call.request;
    const setup = await desk.line.run(call, () => desk.processor.retrieveSetup(processorSetupIntentId));
    if (!setup) return unchanged('missing');
    if (!isOurs(call, intent, setup, await customerFor(call, intent.customerId, desk))) {
      return { ...unchanged('mismatch'), warning: 'a setup at the processor is not the one that it was said to be' };
    }
    const answer = await answerOfSetup(call, intent, setup, desk);
    return { ...answer, recordedAs: `${answer.kind}, try ${call.tries}` };
  },

  look: (call, desk, _certainty, intent) => lookupSetup.send(call, desk, intent),
};
