import { setupIntents } from '#command-handling/facts';
import type { SetupIntent } from '#domain/setup-intent';
import type { SetupNews } from '#processor';

import type { Desk } from '../desk.js';
import { notYet, quarantine } from '../verdict.js';
import { checkCustomer } from './customer.js';
import type { FoundStream } from './tenant.js';
import { checkTenant, isId, readStream } from './tenant.js';

/**
 * The setup that an event claims to be of. The look that follows proves it. Throws `account_mismatch`, `tenant_unknown`, `no_tenant`,
 * `object_mismatch`, `customer_mismatch`, or waits for what is not in its stream yet.
 */
export const setupIntentOf = async (
  desk: Desk,
  { claim, processorSetupId }: SetupNews,
  account: string | undefined,
): Promise<FoundStream<SetupIntent>> => {
  const { tenantId, setupIntentId, processorCustomerId } = claim;
  if (account !== undefined) throw quarantine('account_mismatch');
  if (tenantId === undefined) throw quarantine('no_tenant');
  await checkTenant(desk, claim);
  if (!isId(setupIntentId)) throw quarantine('object_mismatch', tenantId);
  const found = await readStream(desk, setupIntents, tenantId, 'setup_intent', setupIntentId);
  if (found.version === 0) throw notYet('object_unknown');
  const { customerId, processorSetupIntentId = processorSetupId } = found.state;
  if (processorSetupIntentId !== processorSetupId) throw quarantine('object_mismatch', tenantId);
  await checkCustomer(desk, { tenantId, customerId }, processorCustomerId);
  return found;
};
