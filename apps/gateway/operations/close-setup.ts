import type { SetupIntent } from '#domain/setup-intent';
import type { ProcessorSetup } from '#processor';
import { OutcomeUnknown } from '#processor';

import type { TakenCall } from '../calls/call.js';
import type { Desk } from './operation.js';
import { NotReady } from './operation.js';

/**
 * The setup as it is to be recorded. Of a checkout page, one that was refused is canceled first: its payer has the client secret, and could
 * bring another payment method into it beside the next attempt, or after the page is over. A setup knows no confirmation that is ours alone,
 * as payments do; so there is never more than one of a page that can succeed. Where the payer was faster, it is given as it stands then.
 * Throws NotReady where nobody can tell yet, or what the line and the processor throw.
 */
export const closedWhereRefused = async (
  call: TakenCall,
  { checkoutSessionId }: SetupIntent,
  setup: ProcessorSetup,
  { line, processor }: Desk,
): Promise<ProcessorSetup> => {
  if (checkoutSessionId === undefined || setup.status !== 'method_required') return setup;
  const { processorSetupIntentId } = setup;
  try {
    // A key of its own for each try: the memory of a failure would be no news.
    const key = `${call.idempotencyKey}:close:${call.tries}`;
    const outcome = await line.run(call, () => processor.cancelSetup(processorSetupIntentId, key));
    if (outcome.outcome === 'succeeded') return setup;
    const now = await line.run(call, () => processor.retrieveSetup(processorSetupIntentId));
    if (now?.status === 'method_required') throw new NotReady('setup_not_closed', 500, 60_000);
    return now && now.status !== 'canceled' ? now : setup;
  } catch (error) {
    if (error instanceof OutcomeUnknown) throw new NotReady('setup_not_closed', 500, 60_000);
    throw error;
  }
};
