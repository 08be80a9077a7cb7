import type { DisputeStatus } from '#domain/payment';
import { randomUUID } from 'node:crypto';

import type { RunningApi, TestTenant } from './running-api.js';

export interface Disputed {
  status?: DisputeStatus;
  /** Minor units; 50.00 left out. */
  amount?: number;
  evidenceDueBy?: string;
  submissions?: number;
  at?: string;
}

/** Reports a dispute about a charged payment, as a webhook would; gives its id. */
export const disputed = async (
  api: RunningApi,
  tenant: TestTenant,
  paymentId: string,
  {
    status = 'needs_response',
    amount = 5_000,
    evidenceDueBy = '2099-01-01T00:00:00.000Z',
    submissions = 0,
    at = '2026-11-03T10:00:00.000Z',
  }: Disputed = {},
): Promise<string> => {
  const disputeId = randomUUID();
  const about = { disputeId, processorPaymentId: `pi_${paymentId}`, amount, at };
  const processorDisputeId = `du_${disputeId}`;
  const standing = { status, reason: 'fraudulent', evidenceDueBy, submissions };
  await api.processor.report(tenant.id, paymentId, {
    type: 'RecordDisputeReported',
    ...about,
    processorDisputeId,
    ...standing,
  });
  if (status.startsWith('inquiry') || status === 'prevented') return disputeId;
  await api.processor.report(tenant.id, paymentId, { type: 'RecordDisputeOpened', ...about });
  const funds = { movementId: `txn_${disputeId}`, direction: 'withdrawn' } as const;
  await api.processor.report(tenant.id, paymentId, { type: 'RecordDisputeFunds', ...about, ...funds });
  if (status === 'won' || status === 'lost')
    await api.processor.report(tenant.id, paymentId, { type: 'RecordDisputeClosed', ...about, outcome: status });
  return disputeId;
};
