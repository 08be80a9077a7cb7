export { StripeProcessor } from './stripe-processor.js';
export type { StripeProcessorOptions } from './client.js';
