import { actionOfCommand, needsPerson } from '#access';
import type { CommandType } from '#command-handling';
import { commandTypes } from '#command-handling';

const tenantId = '11111111-1111-4111-8111-111111111111';
const ids = {
  customer: '0b8f6a52-5c1f-5d0c-9a53-2f9a4f0f7a11',
  payment_method: '7d5b5f0e-8a7c-5a41-8f4e-3b1c2d9e6a22',
  payment: '3f1d2c4b-9e8a-5b7c-8d6e-1a2b3c4d5e33',
  dispute: '2b3c4d5e-6f7a-5b8c-9d0e-1f2a3b4c5d77',
};
/** The stream of events whose type begins so; of a payment unless it is told here. */
const streams: Readonly<Record<string, string>> = {
  Customer: `customer-${ids.customer}`,
  FinancialAccount: `customer-${ids.customer}`,
  PaymentMethod: `payment_method-${ids.payment_method}`,
  Mandate: `payment_method-${ids.payment_method}`,
  SetupIntent: 'setup_intent-4c5d6e7f-0a1b-5c2d-9e3f-4a5b6c7d8ecc',
  Payout: 'payout-1f2a3b4c-6d7e-5f8a-8b9c-0d1e2f3a4b99',
  ConnectedAccount: 'connected_account-2a3b4c5d-7e8f-5a9b-9c0d-1e2f3a4b5caa',
};
const sealed = 'eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJzaG9wIn0.c2lnbmF0dXJl';

const cloudEvent = (type: string) => ({
  ce_specversion: '1.0',
  ce_type: type,
  'content-type': 'application/json',
  ce_tenantid: tenantId,
});

const commandHeaders = (type: string): Record<string, string> => {
  const { subject } = commandTypes[type as CommandType];
  const action = actionOfCommand(type);
  return {
    ...cloudEvent(type),
    ce_id: `order-1042-${type.toLowerCase()}`,
    ce_source: 'shop',
    ce_time: '2026-11-21T10:00:00.000Z',
    ce_schemaversion: '1',
    ...(subject && { ce_subject: ids[subject] }),
    ce_signature: sealed,
    ...(action && needsPerson(action) && { ce_onbehalfof: 'ACCESS_TOKEN_OF_A_PERSON' }),
  };
};

const streamOf = (type: string): string =>
  Object.entries(streams).find(([beginning]) => type.startsWith(beginning))?.[1] ?? `payment-${ids.payment}`;

const eventHeaders = (type: string): Record<string, string> => ({
  ...cloudEvent(type),
  ce_id: 'c3d4e5f6-a7b8-4c9d-8e0f-1a2b3c4d5e99',
  ce_source: '/billing-service',
  ce_subject: streamOf(type),
  ce_time: '2026-11-21T10:00:00.123456Z',
  ce_schemaversion: '1',
  ce_shard: '7',
  ce_position: '1042',
  ce_epoch: '3',
  ce_streamversion: '3',
  ce_correlationid: '9f0a1b2c-3d4e-5f60-8172-8394a5b6c777',
  ce_causationid: '9f0a1b2c-3d4e-5f60-8172-8394a5b6c777',
  ce_actortype: 'service',
  ce_actorsubject: 'shop',
});

/** Headers of an example of each type. */
export const headersFor = { command: commandHeaders, event: eventHeaders };
