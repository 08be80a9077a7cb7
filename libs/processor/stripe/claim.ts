import type { Claim } from '../objects.js';
import type { Fields } from './fields.js';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const ids = [
  'tenantId',
  'customerId',
  'paymentId',
  'captureId',
  'refundId',
  'paymentMethodId',
  'setupIntentId',
] as const satisfies (keyof Claim)[];

/**
 * Whom an object says it belongs to. Metadata that is not of the form in which we write it is somebody else's, and claims
 * nothing. Throws Unreadable where `metadata` is no object.
 */
export const claimOf = (object: Fields, processorCustomerId?: string): Claim => {
  const metadata = object.maybeFields('metadata');
  const claim: Claim = processorCustomerId === undefined ? {} : { processorCustomerId };
  for (const name of ids) {
    const value = metadata?.raw(name);
    if (typeof value === 'string' && uuid.test(value)) claim[name] = value;
  }
  const attempt = metadata?.raw('attempt');
  if (typeof attempt === 'string' && /^[1-9]\d{0,5}$/.test(attempt)) claim.attempt = Number(attempt);
  return claim;
};
