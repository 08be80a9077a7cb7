import { paymentMethods } from '#command-handling/facts';
import { parseStreamId } from '#contracts';
import type {
  PaymentMethod,
  PaymentMethodCommand,
  PaymentMethodEvent,
  PaymentMethodLookupRequested,
} from '#domain/payment-method';

import { detachedAnswer } from './detach.js';
import { sameDetails, sealDetails } from './details.js';
import type { Operation } from './operation.js';
import { unchanged } from './operation.js';

/** Looks at a payment method: whether it still is its customer's, and whether its bank has issued the card anew. */
export const lookupPaymentMethod: Operation<
  PaymentMethodLookupRequested,
  PaymentMethod,
  PaymentMethodCommand,
  PaymentMethodEvent
> = {
  aggregate: paymentMethods,

  // While its attachment is under way, that call's own answer tells all; and what was detached stays so.
  ended: (_, { attachment, detached }) => (attachment.phase !== 'attached' || detached === true) && {},

  async send(call, desk, state) {
    const { attachment, customerId } = state;
    const { tenantId } = call;
    const paymentMethodId = parseStreamId(call.streamId).id;
    const token = await desk.tokens.open({ tenantId, paymentMethodId });
    if (token === undefined || attachment.phase !== 'attached') return unchanged('erased');
    const method = await desk.line.run(call, () => desk.processor.retrievePaymentMethod(token));
    if (!method?.processorCustomerId) return detachedAnswer(call, state, desk);
    const of = { tenantId, customerId, paymentMethodId };
    if (await sameDetails(of, attachment.details, method, desk.keys)) return unchanged('unchanged');
    const details = await sealDetails(of, method, desk.keys);
    return { kind: 'updated', facts: [{ type: 'RecordPaymentMethodUpdated', details, at: desk.now().toISOString() }] };
  },

  look: (call, desk, _certainty, state) => lookupPaymentMethod.send(call, desk, state),
};
