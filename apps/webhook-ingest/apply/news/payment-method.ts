import { clearDefaultOf, paymentMethods } from '#command-handling/facts';
import type { PaymentMethod, PaymentMethodFact } from '#domain/payment-method';
import type { MandateNews, PaymentMethodNews } from '#processor';

import type { Desk, Heard } from '../desk.js';
import { recordHeard } from '../desk.js';
import type { FoundMethod } from '../whose/payment-method.js';
import { paymentMethodOf } from '../whose/payment-method.js';
import type { Handler } from './handler.js';

const isAskedFor = ({ detachments = {} }: PaymentMethod): boolean => Object.values(detachments).includes('requested');

const clearDefault = (
  { tenantId, shard, state: { customerId, paymentMethodId } }: FoundMethod,
  { at }: Heard,
  { streams }: Desk,
): Promise<void> =>
  clearDefaultOf(streams, { tenantId, shard, customerId, paymentMethodId, correlationId: paymentMethodId }, at);

/**
 * Records that a payment method was detached. What a person recognises it by is sealed before it is kept, which is the gateway's to do:
 * of an update it is asked to look, of an attachment that nobody has recorded, and of what no more than a claim says. Of a detachment that
 * we have asked for ourselves, its own answer tells.
 */
export const applyPaymentMethod: Handler<PaymentMethodNews> = async ({ change, token, claim }, heard, desk) => {
  const { at, account } = heard;
  const found = await paymentMethodOf(desk, { token, claim, account });
  const isGone = change === 'detached' && found.isProven && !isAskedFor(found.state);
  if (isGone) await clearDefault(found, heard, desk);
  return recordHeard(desk, heard, paymentMethods, found, (state, lookupId): PaymentMethodFact[] => {
    if (change === 'detached' && isAskedFor(state)) return [];
    if (isGone) return [{ type: 'RecordPaymentMethodDetached', at }];
    if (change === 'attached' && state.attachment.phase !== 'failed') return [];
    return [{ type: 'RequestPaymentMethodLookup', lookupId, reason: change, at }];
  });
};

/** Records how the payer's permission for bank debits stands. A mandate names its payment method by the token alone. */
export const applyMandate: Handler<MandateNews> = async ({ processorMandateId, status, token }, heard, desk) => {
  const { at, account } = heard;
  const found = await paymentMethodOf(desk, { token, claim: {}, account });
  return recordHeard(desk, heard, paymentMethods, found, (): PaymentMethodFact[] => [
    { type: 'RecordMandate', processorMandateId, status, at },
  ]);
};
