import { payments } from '#command-handling/facts';
import type { Payment, PaymentEvent, PaymentFact, PaymentLookupRequested } from '#domain/payment';

import { attemptBehind, factsOfLook, keepSecret } from './look.js';
import type { Operation } from './operation.js';
import { unchanged } from './operation.js';

/** Looks at a payment with everything about it, because something was heard of it that did not say enough. */
export const lookupPayment: Operation<PaymentLookupRequested, Payment, PaymentFact, PaymentEvent> = {
  aggregate: payments,

  // Looking twice does no harm, and a look that was interrupted may have missed what came since.
  ended: () => false,

  async send(call, desk, state) {
    const { processorPaymentId } = call.request;
    const standing = await desk.line.run(call, () => desk.processor.retrieveStanding(processorPaymentId));
    if (!standing) return unchanged('missing');
    const attempt = attemptBehind(call.tenantId, state, standing);
    if (attempt === undefined) {
      return { ...unchanged('mismatch'), warning: 'a payment at the processor is none of those it was said to be of' };
    }
    await keepSecret(desk, call.tenantId, state, attempt, standing.payment);
    const at = desk.now().toISOString();
    return {
      ...factsOfLook(call.tenantId, state, attempt, standing, at),
      recordedAs: `looked, try ${call.tries}`,
      factsFor: (moved) => factsOfLook(call.tenantId, moved, attempt, standing, at),
    };
  },

  look: (call, desk, _certainty, state) => lookupPayment.send(call, desk, state),
};
