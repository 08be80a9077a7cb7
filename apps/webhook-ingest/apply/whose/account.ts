import { connectedAccounts } from '#command-handling/facts';
import type { ConnectedAccount } from '#domain/connected-account';
import type { Claim } from '#processor';
import { findProcessorObjects } from '#projections';

import type { Desk } from '../desk.js';
import { notYet, quarantine } from '../verdict.js';
import type { FoundStream } from './tenant.js';
import { checkTenant, readStream } from './tenant.js';

/**
 * The connected account that an operator linked to a tenant, as its stream has it. Nothing that is heard of an account counts before.
 * Throws `tenant_unknown`; `tenant_mismatch` where the event claims to be another tenant's; or waits for an account that nobody
 * has linked yet.
 */
export const connectedAccountOf = async (
  desk: Desk,
  processorAccountId: string,
  claim: Claim,
): Promise<FoundStream<ConnectedAccount>> => {
  await checkTenant(desk, claim);
  const candidates = await findProcessorObjects(desk.pool, 'connected_account', processorAccountId);
  const [candidate, ...others] = candidates;
  if (!candidate) throw notYet('no_tenant');
  const tenantId = claim.tenantId ?? candidate.tenantId;
  if (candidates.some((each) => each.tenantId !== tenantId)) throw quarantine('tenant_mismatch');
  if (others.length > 0) throw quarantine('object_mismatch', tenantId);
  const found = await readStream(desk, connectedAccounts, tenantId, 'connected_account', candidate.objectId);
  if (found.state.processorAccountId !== processorAccountId) throw notYet('object_unknown');
  return found;
};
