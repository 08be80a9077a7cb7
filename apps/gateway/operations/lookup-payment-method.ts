import { paymentMethods } from '#command-handling/facts';
import { parseStreamId } from '#contracts';
import type {
  PaymentMethod,
  PaymentMethodCommand,
  PaymentMethodEvent,
  PaymentMethodLookupRequested,
} from '#domain/payment-method';

import { sameDetails, sealDetails } from './details.js';
import type { Answer, Operation } from './operation.js';
import { unchanged } from './operation.js';

const detached = (at: string): Answer<PaymentMethodCommand> => ({
  kind: 'detached',
  facts: [{ type: 'RecordPaymentMethodDetached', at }],
});

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

  async send(call, desk, { attachment, customerId }) {
    const { tenantId } = call;
    const paymentMethodId = parseStreamId(call.streamId).id;
    const token = await desk.tokens.open({ tenantId, paymentMethodId });
    if (token === undefined || attachment.phase !== 'attached') return unchanged('erased');
    const method = await desk.line.run(call, () => desk.processor.retrievePaymentMethod(token));
    const at = desk.now().toISOString();
    if (!method?.processorCustomerId) return detached(at);
    const of = { tenantId, customerId, paymentMethodId };
    if (await sameDetails(of, attachment.details, method, desk.keys)) return unchanged('unchanged');
    const details = await sealDetails(of, method, desk.keys);
    return { kind: 'updated', facts: [{ type: 'RecordPaymentMethodUpdated', details, at }] };
  },

  look: (call, desk, _certainty, state) => lookupPaymentMethod.send(call, desk, state),
};
