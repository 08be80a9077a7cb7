import fc, { type Arbitrary } from 'fast-check';
import type { PaymentFact, SubmitDisputeEvidence } from '../payment/index.js';
import { ask } from './payments.js';

/** Random facts about two disputes of one payment. They agree about amounts, and about what each movement of money was. */

const amounts = { d1: 3_000, d2: 5_000 };
const disputeIds = ['d1', 'd2'] as const;
const movements = {
  taken: 'withdrawn',
  takenAgain: 'withdrawn',
  returned: 'reinstated',
  returnedAgain: 'reinstated',
} as const;
const statuses = [
  'inquiry',
  'inquiry_under_review',
  'inquiry_closed',
  'needs_response',
  'under_review',
  'won',
  'lost',
  'prevented',
] as const;

const dispute = fc.record({
  disputeId: fc.constantFrom(...disputeIds),
  processorPaymentId: fc.option(fc.constant('pi_1'), { nil: undefined }),
});
const withAmount = dispute.map((of) => ({ ...of, amount: amounts[of.disputeId] }));
const dueBy = fc.constantFrom(undefined, '2026-11-09T23:59:59Z', '2026-11-16T23:59:59Z');

export const arbitraryDisputeFact = (): Arbitrary<PaymentFact> =>
  fc.oneof(
    fc
      .record({
        status: fc.constantFrom(...statuses),
        reason: fc.constantFrom('fraudulent', 'general'),
        evidenceDueBy: dueBy,
        submissions: fc.integer({ min: 0, max: 2 }),
      })
      .chain((report) =>
        withAmount.map((of) =>
          ask('RecordDisputeReported', { ...of, ...report, processorDisputeId: `du_${of.disputeId}` }),
        ),
      ),
    withAmount.map((of) => ask('RecordDisputeOpened', of)),
    {
      weight: 2,
      arbitrary: fc
        .tuple(withAmount, fc.constantFrom(...(Object.keys(movements) as (keyof typeof movements)[])))
        .map(([of, movement]) =>
          ask('RecordDisputeFunds', {
            ...of,
            movementId: `txn_${of.disputeId}_${movement}`,
            direction: movements[movement],
          }),
        ),
    },
    fc
      .tuple(withAmount, fc.constantFrom('won' as const, 'lost' as const))
      .map(([of, outcome]) => ask('RecordDisputeClosed', { ...of, outcome })),
    fc
      .tuple(
        fc.constantFrom(...disputeIds),
        fc.constantFrom({ submitted: true }, { submitted: false }, { code: 'evidence_invalid' }),
      )
      .map(([disputeId, outcome]) => ask('RecordEvidenceOutcome', { disputeId, evidenceId: 'e1', outcome })),
  );

/** Evidence under ids that never meet those of facts asked for by nobody. */
export const arbitraryEvidence = (): Arbitrary<SubmitDisputeEvidence> =>
  fc
    .record({
      disputeId: fc.constantFrom(...disputeIds, 'unknown'),
      evidenceId: fc.constantFrom('ce1', 'ce2'),
      submit: fc.boolean(),
    })
    .map((of) => ask('SubmitDisputeEvidence', { ...of, evidence: 'sealed' }));
