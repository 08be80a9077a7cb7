import type { PaymentEvent } from '#domain/payment';

import { disputeOf, evolveDisputedPayment, initialDisputedPayment } from './fold.js';
import { disputeView } from './view.js';

const at = '2026-11-03T10:00:00.000Z';
const later = '2026-11-04T10:00:00.000Z';
const created: PaymentEvent = {
  type: 'PaymentCreated',
  paymentId: 'p1',
  customerId: 'c1',
  amount: 5_000,
  currency: 'usd',
  captureMethod: 'automatic',
  at,
};
const about = { disputeId: 'd1', amount: 5_000, currency: 'usd', at } as const;
const reported: PaymentEvent = {
  type: 'DisputeReported',
  ...about,
  processorDisputeId: 'du_1',
  status: 'needs_response',
  reason: 'fraudulent',
  evidenceDueBy: '2026-11-20T00:00:00.000Z',
  submissions: 0,
};
const opened: PaymentEvent = { type: 'DisputeOpened', ...about, booked: 'nothing' };
const moved = (movementId: string, direction: 'withdrawn' | 'reinstated'): PaymentEvent => ({
  type: 'DisputeFundsMoved',
  ...about,
  movementId,
  direction,
  booked: 'open',
  becomes: 'open',
});
const closed = (outcome: 'won' | 'lost'): PaymentEvent => ({
  type: 'DisputeClosed',
  ...about,
  outcome,
  booked: 'open',
});
const asked = (evidenceId: string, submit = true, when = at): PaymentEvent => ({
  type: 'DisputeEvidenceRequested',
  disputeId: 'd1',
  evidenceId,
  processorDisputeId: 'du_1',
  evidence: 'v1.1.sealed',
  submit,
  at: when,
});

const fold = (...events: PaymentEvent[]) => [created, ...events].reduce(evolveDisputedPayment, initialDisputedPayment);
const shown = (...events: PaymentEvent[]) => {
  const dispute = disputeOf(fold(...events), 'd1');
  if (!dispute) throw new Error('the payment has no such dispute');
  return disputeView(dispute);
};

describe('what is shown of a dispute', () => {
  it('that was reported and opened', () => {
    expect(shown(reported, opened, moved('txn_1', 'withdrawn'))).toEqual({
      id: 'd1',
      paymentId: 'p1',
      amount: 5_000,
      currency: 'usd',
      status: 'needs_response',
      reason: 'fraudulent',
      evidenceDueBy: '2026-11-20T00:00:00.000Z',
      evidenceSubmissions: 0,
      fundsWithdrawn: true,
      evidence: [],
      processorDisputeId: 'du_1',
      createdAt: at,
    });
  });

  it('of which only the money was heard so far', () => {
    const unknown = { reason: null, evidenceDueBy: null, processorDisputeId: null };
    expect(shown(opened)).toMatchObject({ ...unknown, status: 'needs_response', fundsWithdrawn: false });
    expect(shown(closed('lost'))).toMatchObject({ ...unknown, status: 'lost' });
  });

  it('says where the money is, whatever the outcome says', () => {
    const [out, back] = [moved('txn_1', 'withdrawn'), moved('txn_2', 'reinstated')];
    expect(shown(opened, out, closed('won'), back)).toMatchObject({ status: 'won', fundsWithdrawn: false });
    expect(shown(opened, out, closed('lost'), back)).toMatchObject({ status: 'lost', fundsWithdrawn: false });
    expect(shown(opened, out, closed('won'), back, moved('txn_3', 'withdrawn'))).toMatchObject({
      status: 'won',
      fundsWithdrawn: true,
    });
  });

  it('its evidence, oldest first, never with what it says', () => {
    const view = shown(
      reported,
      asked('e1', false),
      { type: 'DisputeEvidenceSubmitted', disputeId: 'd1', evidenceId: 'e1', submit: false, at: later },
      asked('e2', true, later),
      { type: 'DisputeEvidenceFailed', disputeId: 'd1', evidenceId: 'e2', code: 'dispute_past_due', at: later },
      asked('e0', true, '2026-11-05T10:00:00.000Z'),
    );
    expect(view.evidence).toEqual([
      { id: 'e1', status: 'staged', failureCode: null, createdAt: at },
      { id: 'e2', status: 'failed', failureCode: 'dispute_past_due', createdAt: later },
      { id: 'e0', status: 'pending', failureCode: null, createdAt: '2026-11-05T10:00:00.000Z' },
    ]);
    expect(JSON.stringify(fold(reported, asked('e1')))).not.toContain('sealed');
  });

  it('is nothing for a payment that has no such dispute', () => {
    expect(disputeOf(fold(reported), 'd2')).toBeUndefined();
  });
});
