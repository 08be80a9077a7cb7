import type { TokenPlace } from './keys.js';

/** Under which attempt the client secret is kept of what has no more than one, such as a setup. */
export const onlyAttempt = 0;

/** Where the client secret of a payment's attempt (1, 2, ...) stands, or that of a setup. A storage format: what was sealed for it opens there alone. */
export const clientSecretPlace = (tenantId: string, id: string, attempt: number): TokenPlace => ({
  tenantId,
  table: 'client_secret',
  column: 'sealed',
  row: `${id}:${attempt}`,
});

/** Where the processor's token of a payment method stands, or a payer's confirmation token. A storage format, too. */
export const processorTokenPlace = (tenantId: string, paymentMethodId: string): TokenPlace => ({
  tenantId,
  table: 'processor_token',
  column: 'sealed',
  row: paymentMethodId,
});
