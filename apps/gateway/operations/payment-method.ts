import { paymentMethods } from '#command-handling/facts';
import type {
  PaymentMethod,
  PaymentMethodAttachRequested,
  PaymentMethodCommand,
  PaymentMethodEvent,
} from '#domain/payment-method';
import type { ProcessorMethod } from '#processor';

import type { TakenCall } from '../calls/call.js';
import { sealDetails } from './details.js';
import type { Answer, Desk, Operation } from './operation.js';
import { customerFor, failureOf, unreachable } from './operation.js';

type AttachCall = TakenCall<PaymentMethodAttachRequested>;

const failed = (kind: string, code: string, at: string, declineCode?: string): Answer<PaymentMethodCommand> => ({
  kind,
  facts: [{ type: 'RecordPaymentMethodAttachFailed', code, declineCode, at }],
});

const attached = async (
  { tenantId, request: { customerId, paymentMethodId } }: AttachCall,
  method: ProcessorMethod,
  { keys, now }: Desk,
): Promise<Answer<PaymentMethodCommand>> => {
  const details = await sealDetails({ tenantId, customerId, paymentMethodId }, method, keys);
  return { kind: 'attached', facts: [{ type: 'RecordPaymentMethodAttached', details, at: now().toISOString() }] };
};

/** The token first: once the event is in the log, a charge looks for it. */
const keep = async (call: AttachCall, method: ProcessorMethod, sent: string, desk: Desk): Promise<void> => {
  if (method.token === sent) return;
  const { tenantId, request } = call;
  await desk.tokens.replace(call, { tenantId, paymentMethodId: request.paymentMethodId }, method.token, desk.now());
};

/** Attaches a payment method to its customer at the processor. */
export const attachPaymentMethod: Operation<
  PaymentMethodAttachRequested,
  PaymentMethod,
  PaymentMethodCommand,
  PaymentMethodEvent
> = {
  aggregate: paymentMethods,

  ended: (_, { attachment }) => attachment.phase !== 'requested' && {},

  async send(call, desk) {
    const { tenantId, request, idempotencyKey } = call;
    const { paymentMethodId } = request;
    const processorCustomerId = await customerFor(call, request.customerId, desk);
    const refuse = (kind: string, code: string) => ({
      ...failed(kind, code, desk.now().toISOString()),
      unsent: true,
    });
    if (processorCustomerId === undefined) return refuse('customer_not_registered', 'customer_not_registered');
    const token = await desk.tokens.open({ tenantId, paymentMethodId });
    if (token === undefined) return refuse('erased', 'payment_method_erased');
    if (call.tokenReplaced) {
      const method = await desk.line.run(call, () => desk.processor.retrievePaymentMethod(token));
      return method
        ? attached(call, method, desk)
        : failed('missing', 'payment_method_missing', desk.now().toISOString());
    }
    const outcome = await desk.line.run(call, () =>
      desk.processor.attachPaymentMethod({ tenantId, paymentMethodId, processorCustomerId, token }, idempotencyKey),
    );
    if (outcome.outcome !== 'succeeded') {
      const { code, declineCode } = failureOf(outcome);
      return failed(outcome.outcome, code, desk.now().toISOString(), declineCode);
    }
    await keep(call, outcome.value, token, desk);
    return attached(call, outcome.value, desk);
  },

  async look(call, desk, certainty) {
    const { tenantId, request } = call;
    const { paymentMethodId } = request;
    const at = desk.now().toISOString();
    const processorCustomerId = await customerFor(call, request.customerId, desk);
    if (processorCustomerId === undefined)
      return { ...failed('customer_not_registered', 'customer_not_registered', at), unsent: true };
    const found = await desk.line.run(call, () =>
      desk.processor.findPaymentMethod({ tenantId, paymentMethodId, processorCustomerId }),
    );
    if (typeof found === 'object') {
      await keep(call, found.found, (await desk.tokens.open({ tenantId, paymentMethodId })) ?? '', desk);
      return attached(call, found.found, desk);
    }
    return certainty === 'certain' && found === 'absent' ? failed('unreachable', unreachable, at) : undefined;
  },
};
