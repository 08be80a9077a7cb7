import { paymentMethods } from '#command-handling/facts';
import type { PaymentMethodFact } from '#domain/payment-method';
import type { MandateNews, PaymentMethodNews, SetupNews } from '#processor';

import { recordHeard } from '../desk.js';
import { paymentMethodOf } from '../whose/payment-method.js';
import type { Handler } from './handler.js';

/**
 * Records that a payment method was detached. What a person recognises it by is sealed before it is kept, which is the gateway's to do:
 * of an update it is asked to look, of an attachment that nobody has recorded, and of what no more than a claim says.
 */
export const applyPaymentMethod: Handler<PaymentMethodNews> = async ({ change, token, claim }, heard, desk) => {
  const { at, account } = heard;
  const found = await paymentMethodOf(desk, { token, claim, account });
  return recordHeard(desk, heard, paymentMethods, found, ({ attachment }, lookupId): PaymentMethodFact[] => {
    if (change === 'detached' && found.isProven) return [{ type: 'RecordPaymentMethodDetached', at }];
    if (change === 'attached' && attachment.phase !== 'failed') return [];
    return [{ type: 'RequestPaymentMethodLookup', lookupId, reason: change, at }];
  });
};

/** A payment method was set up for later charges: the gateway is to look how it stands. */
export const applySetup: Handler<SetupNews> = async ({ token, claim }, heard, desk) => {
  const { at, account } = heard;
  const found = await paymentMethodOf(desk, { token, claim, account });
  return recordHeard(desk, heard, paymentMethods, found, (_, lookupId): PaymentMethodFact[] => [
    { type: 'RequestPaymentMethodLookup', lookupId, reason: 'setup', at },
  ]);
};

/** Records how the payer's permission for bank debits stands. A mandate names its payment method by the token alone. */
export const applyMandate: Handler<MandateNews> = async ({ processorMandateId, status, token }, heard, desk) => {
  const { at, account } = heard;
  const found = await paymentMethodOf(desk, { token, claim: {}, account });
  return recordHeard(desk, heard, paymentMethods, found, (): PaymentMethodFact[] => [
    { type: 'RecordMandate', processorMandateId, status, at },
  ]);
};
