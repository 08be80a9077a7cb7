export { accountOfKey, keyStandingOf } from './key-standing.js';
export { StripeProcessor } from './stripe-processor.js';
export type { StripeProcessorOptions } from './client.js';
