import { customers } from '#command-handling/facts';
import type { Customer } from '#domain/customer';
import type { Claim } from '#processor';
import { findProcessorObjects } from '#projections';

import type { Desk } from '../desk.js';
import { notYet, quarantine } from '../verdict.js';
import type { FoundStream } from './tenant.js';
import { checkTenant, isId, readStream } from './tenant.js';

/**
 * Checks that a tenant's customer is the one whom the processor knows under `processorCustomerId`, where an event names one. Throws
 * `customer_mismatch`, or waits while the customer is being registered.
 */
export const checkCustomer = async (
  desk: Desk,
  { tenantId, customerId }: { tenantId: string; customerId: string },
  processorCustomerId: string | undefined,
): Promise<void> => {
  if (processorCustomerId === undefined) return;
  const key = `${tenantId}/${customerId}/${processorCustomerId}`;
  if (desk.registered.has(key)) return;
  const { state } = await readStream(desk, customers, tenantId, 'customer', customerId);
  if (state.processorCustomerIds.includes(processorCustomerId)) {
    desk.registered.set(key, true);
    return;
  }
  if (state.registration.phase === 'pending') throw notYet('object_unknown');
  throw quarantine('customer_mismatch', tenantId);
};

/**
 * The customer whom the processor knows under this id, by claim or by what the read model has, as its stream has it. Throws
 * `account_mismatch`, `tenant_unknown`, `tenant_mismatch`, `customer_mismatch`, or waits for a customer that we do not know.
 */
export const customerOf = async (
  desk: Desk,
  processorCustomerId: string,
  claim: Claim,
  account: string | undefined,
): Promise<FoundStream<Customer>> => {
  if (account !== undefined) throw quarantine('account_mismatch');
  await checkTenant(desk, claim);
  const claimed =
    claim.tenantId !== undefined && isId(claim.customerId)
      ? await readStream(desk, customers, claim.tenantId, 'customer', claim.customerId)
      : undefined;
  if (claimed?.state.processorCustomerIds.includes(processorCustomerId)) return claimed;

  const candidates = await findProcessorObjects(desk.pool, 'customer', processorCustomerId);
  const [candidate, ...others] = candidates;
  if (!candidate) throw unknownCustomer(claimed, claim);
  const tenantId = claim.tenantId ?? candidate.tenantId;
  if (candidates.some((each) => each.tenantId !== tenantId)) throw quarantine('tenant_mismatch');
  if (others.length > 0 || (claim.customerId !== undefined && claim.customerId !== candidate.objectId)) {
    throw quarantine('customer_mismatch', tenantId);
  }
  const found = await readStream(desk, customers, tenantId, 'customer', candidate.objectId);
  if (!found.state.processorCustomerIds.includes(processorCustomerId)) throw notYet('object_unknown');
  return found;
};

/** A customer who is registered under another id is not the one; any other may be: the event was faster than the answer. */
const unknownCustomer = (claimed: FoundStream<Customer> | undefined, { tenantId }: Claim): Error =>
  claimed?.state.registration.phase === 'registered'
    ? quarantine('customer_mismatch')
    : notYet(tenantId === undefined ? 'no_tenant' : 'object_unknown');
