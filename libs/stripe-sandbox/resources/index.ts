import type { Endpoint } from '../http/endpoint.js';
import { accounts } from './accounts.js';
import { balance } from './balance.js';
import { charges } from './charges.js';
import { confirmationTokens } from './confirmation-tokens.js';
import { control } from './control.js';
import { customers } from './customers.js';
import { disputes } from './disputes.js';
import { events } from './events.js';
import { paymentIntents } from './payment-intents.js';
import { paymentMethods } from './payment-methods.js';
import { payouts } from './payouts.js';
import { radar } from './radar.js';
import { refunds } from './refunds.js';
import { setupIntents } from './setup-intents.js';
import { webhookEndpoints } from './webhook-endpoints.js';

/** Every endpoint of the sandbox. */
export const endpoints: readonly Endpoint[] = [
  ...customers,
  ...paymentMethods,
  ...confirmationTokens,
  ...setupIntents,
  ...paymentIntents,
  ...charges,
  ...refunds,
  ...disputes,
  ...radar,
  ...accounts,
  ...payouts,
  ...balance,
  ...events,
  ...webhookEndpoints,
  ...control,
];
