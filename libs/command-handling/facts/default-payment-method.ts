import { derivedId, streamIdOf } from '#contracts';

import { customers } from './aggregates.js';
import type { FactRecorder } from './recorder.js';

/** A payment method, whose it is, and the story in which it was detached. */
export interface DetachedMethod {
  tenantId: string;
  shard: number;
  customerId: string;
  paymentMethodId: string;
  correlationId: string;
  traceparent?: string;
}

/** Records that a customer has lost their default, where it is this one: before its own stream says that it is detached. Once for each. */
export const clearDefaultOf = async (
  streams: FactRecorder,
  { customerId, paymentMethodId, ...story }: DetachedMethod,
  at: string,
): Promise<void> => {
  const context = {
    ...story,
    streamId: streamIdOf('customer', customerId),
    commandId: derivedId(paymentMethodId, 'default no more'),
  };
  const fact = { type: 'ClearDefaultPaymentMethod', paymentMethodId, at } as const;
  await streams.record(customers, context, [fact], await streams.load(customers, context));
};
