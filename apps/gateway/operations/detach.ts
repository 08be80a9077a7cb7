import { clearDefaultOf, paymentMethods } from '#command-handling/facts';
import { parseStreamId } from '#contracts';
import type {
  PaymentMethod,
  PaymentMethodCommand,
  PaymentMethodDetachRequested,
  PaymentMethodEvent,
} from '#domain/payment-method';

import type { TakenCall } from '../calls/call.js';
import type { Answer, Desk, Operation } from './operation.js';
import { unreachable } from './operation.js';

type DetachCall = TakenCall<PaymentMethodDetachRequested>;

const failed = ({ request }: DetachCall, kind: string, code: string, { now }: Desk): Answer<PaymentMethodCommand> => ({
  kind,
  facts: [{ type: 'RecordPaymentMethodDetachFailed', detachId: request.detachId, code, at: now().toISOString() }],
});

/** What is nobody's any more. The customer's default goes first: whoever reads that it is detached finds none. */
export const detachedAnswer = async (
  call: TakenCall,
  { customerId }: PaymentMethod,
  { streams, now }: Desk,
): Promise<Answer<PaymentMethodCommand>> => {
  const { tenantId, shard, correlationId, traceparent } = call;
  const paymentMethodId = parseStreamId(call.streamId).id;
  const at = now().toISOString();
  await clearDefaultOf(streams, { tenantId, shard, customerId, paymentMethodId, correlationId, traceparent }, at);
  return { kind: 'detached', facts: [{ type: 'RecordPaymentMethodDetached', at }] };
};

/** Takes a payment method from its customer at the processor. */
export const detachPaymentMethod: Operation<
  PaymentMethodDetachRequested,
  PaymentMethod,
  PaymentMethodCommand,
  PaymentMethodEvent
> = {
  aggregate: paymentMethods,

  ended: ({ request: { detachId } }, { detached, detachments }) =>
    (detached === true || detachments?.[detachId] === 'failed') && {},

  async send(call, desk, method) {
    const { tenantId, idempotencyKey } = call;
    const token = await desk.tokens.open({ tenantId, paymentMethodId: parseStreamId(call.streamId).id });
    if (token === undefined) return { ...failed(call, 'erased', 'payment_method_erased', desk), unsent: true };
    const outcome = await desk.line.run(call, () => desk.processor.detachPaymentMethod({ token }, idempotencyKey));
    // What the processor does not know any more is nobody's.
    if (outcome.outcome === 'succeeded' || outcome.code === 'resource_missing') {
      return detachedAnswer(call, method, desk);
    }
    return failed(call, outcome.outcome, outcome.code, desk);
  },

  async look(call, desk, certainty, method) {
    const { tenantId } = call;
    const token = await desk.tokens.open({ tenantId, paymentMethodId: parseStreamId(call.streamId).id });
    if (token === undefined) return { ...failed(call, 'erased', 'payment_method_erased', desk), unsent: true };
    const found = await desk.line.run(call, () => desk.processor.retrievePaymentMethod(token));
    if (found?.processorCustomerId === undefined) return detachedAnswer(call, method, desk);
    return certainty === 'certain' ? failed(call, 'unreachable', unreachable, desk) : undefined;
  },
};
