import type { PersonalPlace, TokenPlace } from './keys.js';

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

/** Where the personal data stands that a customer was created with. A storage format, as the others. */
export const customerPersonalPlace = (tenantId: string, customerId: string): PersonalPlace => ({
  tenantId,
  subjectId: customerId,
  purpose: 'contact',
  record: 'CustomerCreated.personal',
});

/** Where the details stand that a person recognises an attached payment method by. A storage format, as the others. */
export const methodDetailsPlace = (tenantId: string, customerId: string, paymentMethodId: string): PersonalPlace => ({
  tenantId,
  subjectId: customerId,
  purpose: 'contact',
  record: `PaymentMethodAttached.details/${paymentMethodId}`,
});
