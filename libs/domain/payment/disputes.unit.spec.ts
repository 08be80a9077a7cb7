import * as words from '../testing/payments.js';
import {
  aCharge,
  ask,
  disputeClosed,
  disputeOpened,
  disputeReported,
  event,
  fundsMoved,
  given,
  refundRequested,
  refundSucceeded,
} from '../testing/payments.js';
import {
  DisputeHasEnded,
  DisputeNotFound,
  EvidenceTooLate,
  OperationInProgress,
  disputeAmountOf,
  disputeBooked,
  disputeStatusOf,
  disputed,
  foldPayment,
  refundable,
  statusOf,
  type PaymentEvent,
} from './index.js';

const disputeOf = (...events: PaymentEvent[]) => foldPayment([...aCharge(), ...events]).disputes.d1!;

describe('a dispute', () => {
  const open = ask('RecordDisputeOpened', { disputeId: 'd1', amount: 3_000 });
  const close = (outcome: 'won' | 'lost') => ask('RecordDisputeClosed', { disputeId: 'd1', outcome, amount: 3_000 });

  it('is recorded once, opened and closed', () => {
    given(aCharge())
      .when(open)
      .then([disputeOpened(3_000)]);
    given([...aCharge(), disputeOpened(3_000)])
      .when(open)
      .thenNothing();
    given([...aCharge(), disputeOpened(3_000)])
      .when(close('won'))
      .then([disputeClosed('won', 3_000)]);
    given([...aCharge(), disputeOpened(3_000), disputeClosed('won', 3_000)])
      .when(close('won'))
      .thenNothing();
    given([...aCharge(), { ...disputeClosed('won', 3_000), booked: 'nothing' }])
      .when(open)
      .thenNothing();
  });
  it('shows in the status while open and when lost', () => {
    const disputed = [...aCharge(), disputeOpened(3_000)];
    expect(statusOf(foldPayment(disputed))).toBe('disputed');
    expect(statusOf(foldPayment([...disputed, disputeClosed('lost', 3_000)]))).toBe('disputed');
    expect(statusOf(foldPayment([...disputed, disputeClosed('won', 3_000)]))).toBe('succeeded');
  });
  it('that was lost is never won by a later report (hyperswitch PR #11653)', () => {
    const lost = [...aCharge(), disputeOpened(3_000), disputeClosed('lost', 3_000)];
    const won = { ...disputeClosed('won', 3_000), booked: 'lost' as const, becomes: 'lost' as const };
    given(lost)
      .when(close('won'))
      .then([won, words.drift('DisputeClosed', 'dispute_outcome_contradicted', { disputeId: 'd1' })]);
    const payment = foldPayment([...lost, won]);
    expect([statusOf(payment), refundable(payment)]).toEqual(['disputed', 2_000]);
  });
  it('of money that was already refunded is recorded and flagged', () => {
    given([...aCharge(), refundRequested(4_000), refundSucceeded(4_000)])
      .when(open)
      .then([
        disputeOpened(3_000),
        words.drift('DisputeOpened', 'refunded_exceeds_captured', {
          captured: 5_000,
          refunded: 4_000,
          pending: 0,
          disputed: 3_000,
        }),
      ]);
  });
});

describe('what the processor says of a dispute', () => {
  const terms = { disputeId: 'd1', processorDisputeId: 'du_1', processorPaymentId: 'pi_1', amount: 3_000 };
  const report = (status: Parameters<typeof disputeReported>[0], submissions = 0) =>
    ask('RecordDisputeReported', { ...terms, status, reason: 'fraudulent', submissions });

  it('is recorded when it is news', () => {
    given(aCharge())
      .when(report('needs_response'))
      .then([disputeReported('needs_response')]);
    given([...aCharge(), disputeReported('needs_response')])
      .when(report('needs_response'))
      .thenNothing();
    given([...aCharge(), disputeReported('needs_response')])
      .when(report('needs_response', 1))
      .then([{ ...disputeReported('needs_response'), submissions: 1 }]);
  });
  it('changes nothing when it is stale', () => {
    given([...aCharge(), disputeReported('under_review')])
      .when(report('needs_response'))
      .thenNothing();
    given([...aCharge(), disputeReported('lost')])
      .when(report('won'))
      .thenNothing();
  });
  it('holds nothing for an inquiry, which can still become a dispute of another amount', () => {
    const inquiry = [...aCharge(), disputeReported('inquiry', 1_000)];
    const payment = foldPayment(inquiry);
    expect([statusOf(payment), disputed(payment), refundable(payment)]).toEqual(['succeeded', 0, 5_000]);
    expect(disputeAmountOf(payment.disputes.d1!)).toBe(1_000);
    given(inquiry)
      .when(ask('RecordDisputeOpened', { disputeId: 'd1', amount: 3_000 }))
      .then([disputeOpened(3_000)]);
    expect(disputeAmountOf(disputeOf(disputeReported('inquiry', 1_000), disputeOpened(3_000)))).toBe(3_000);
  });
  it('shows in its status, and the outcome before it', () => {
    expect(disputeStatusOf(disputeOf(disputeOpened(3_000)))).toBe('needs_response');
    const underReview = [disputeOpened(3_000), disputeReported('under_review')];
    expect(disputeStatusOf(disputeOf(...underReview))).toBe('under_review');
    expect(disputeStatusOf(disputeOf(...underReview, disputeClosed('won', 3_000)))).toBe('won');
    expect(disputeStatusOf(disputeOf(...underReview, disputeClosed('lost', 3_000)))).toBe('lost');
  });
});

describe('the money of a dispute', () => {
  const move = (movementId: string, direction: 'withdrawn' | 'reinstated') =>
    ask('RecordDisputeFunds', { disputeId: 'd1', movementId, direction, amount: 3_000 });
  const won = [
    ...aCharge(),
    disputeOpened(3_000),
    fundsMoved('withdrawn', 'open'),
    disputeClosed('won', 3_000),
    fundsMoved('reinstated', 'won'),
  ];
  const lost = [...aCharge(), disputeOpened(3_000), fundsMoved('withdrawn', 'open'), disputeClosed('lost', 3_000)];
  const contradiction = words.drift('DisputeFundsMoved', 'dispute_funds_contradict_outcome', { disputeId: 'd1' });

  it('is recorded once a movement, and changes no books that agree with it', () => {
    given([...aCharge(), disputeOpened(3_000)])
      .when(move('withdrawn', 'withdrawn'))
      .then([fundsMoved('withdrawn', 'open')]);
    given(won).when(move('withdrawn', 'withdrawn')).thenNothing();
    given(won).when(move('reinstated', 'reinstated')).thenNothing();
    expect(disputeBooked(foldPayment(won).disputes.d1)).toBe('won');
  });
  it('opens the dispute in the books when it is the first that is heard of it', () => {
    given(aCharge())
      .when(move('withdrawn', 'withdrawn'))
      .then([fundsMoved('withdrawn', 'nothing', 'open')]);
  });
  it('that is taken again after the dispute was won is gone, and flagged', () => {
    given(won)
      .when(move('withdrawn 2', 'withdrawn'))
      .then([fundsMoved('withdrawn 2', 'won', 'lost'), contradiction]);
    const payment = foldPayment([...won, fundsMoved('withdrawn 2', 'won', 'lost')]);
    expect([statusOf(payment), refundable(payment)]).toEqual(['disputed', 2_000]);
    expect(disputeStatusOf(payment.disputes.d1!)).toBe('won');
  });
  it('that was taken again and returned again is back', () => {
    given([...won, fundsMoved('withdrawn 2', 'won', 'lost')])
      .when(move('reinstated 2', 'reinstated'))
      .then([fundsMoved('reinstated 2', 'lost', 'won')]);
  });
  it('that comes back after the dispute was lost is there again, and the outcome stays (hyperswitch PR #11653)', () => {
    given(lost)
      .when(move('reinstated', 'reinstated'))
      .then([fundsMoved('reinstated', 'lost', 'won'), contradiction]);
    const payment = foldPayment([...lost, fundsMoved('reinstated', 'lost', 'won')]);
    expect([statusOf(payment), refundable(payment)]).toEqual(['succeeded', 5_000]);
    expect(disputeStatusOf(payment.disputes.d1!)).toBe('lost');
  });
  it('tells the outcome what it comes to when it was heard of first', () => {
    const moved = [...aCharge(), fundsMoved('withdrawn', 'nothing', 'open'), fundsMoved('reinstated', 'open')];
    const close = (outcome: 'won' | 'lost') => ask('RecordDisputeClosed', { disputeId: 'd1', outcome, amount: 3_000 });
    given(moved)
      .when(close('won'))
      .then([disputeClosed('won', 3_000)]);
    given(moved)
      .when(close('lost'))
      .then([
        { ...disputeClosed('lost', 3_000), becomes: 'won' },
        { ...contradiction, fact: 'DisputeClosed' },
      ]);
  });
  it('of another amount is flagged once, and the books go by the first', () => {
    const told = [disputeOpened(3_000), { ...fundsMoved('withdrawn', 'open'), amount: 2_500 }];
    expect(disputeAmountOf(disputeOf(...told))).toBe(3_000);
    const other = { ...move('withdrawn', 'withdrawn'), amount: 2_500 };
    const flag = words.drift('DisputeFundsMoved', 'amount_differs', { id: 'd1', recorded: 3_000, reported: 2_500 });
    given([...aCharge(), disputeOpened(3_000)])
      .when(other)
      .then([fundsMoved('withdrawn', 'open'), flag]);
    given([...aCharge(), disputeOpened(3_000), fundsMoved('withdrawn', 'open'), flag])
      .when(other)
      .thenNothing();
  });
});

describe('evidence', () => {
  const dueBy = '2026-11-09T23:59:59Z';
  const disputedCharge = [...aCharge(), disputeReported('needs_response', 3_000, dueBy), disputeOpened(3_000)];
  const submit = (evidenceId = 'e1', final = true) =>
    ask('SubmitDisputeEvidence', { disputeId: 'd1', evidenceId, evidence: 'sealed', submit: final });
  const requested = (evidenceId = 'e1', final = true) =>
    event('DisputeEvidenceRequested', {
      ...{ disputeId: 'd1', evidenceId, processorDisputeId: 'du_1', evidence: 'sealed', submit: final },
    });
  const sent = (evidenceId = 'e1', final = true) =>
    event('DisputeEvidenceSubmitted', { disputeId: 'd1', evidenceId, submit: final });

  it('is asked for once', () => {
    given(disputedCharge).when(submit()).then([requested()]);
    given([...disputedCharge, requested()])
      .when(submit())
      .thenNothing();
    given([...disputedCharge, requested(), sent()])
      .when(submit())
      .thenNothing();
  });
  it('is not kept in the state, which others may read', () => {
    expect(JSON.stringify(foldPayment([...disputedCharge, requested()]))).not.toContain('sealed');
  });
  it('has one outcome, and being sent outlives a failure', () => {
    const outcome = (result: { submitted: boolean } | { code: string }) =>
      ask('RecordEvidenceOutcome', { disputeId: 'd1', evidenceId: 'e1', outcome: result });
    const failed = event('DisputeEvidenceFailed', { disputeId: 'd1', evidenceId: 'e1', code: 'evidence_invalid' });
    given([...disputedCharge, requested()])
      .when(outcome({ submitted: true }))
      .then([sent()]);
    given([...disputedCharge, requested()])
      .when(outcome({ code: 'evidence_invalid' }))
      .then([failed]);
    given([...disputedCharge, requested(), failed])
      .when(outcome({ submitted: true }))
      .then([sent()]);
    given([...disputedCharge, requested(), sent()])
      .when(outcome({ code: 'evidence_invalid' }))
      .thenNothing();
  });
  it('waits for evidence that is on its way', () => {
    const refusal = given([...disputedCharge, requested()])
      .when(submit('e2'))
      .thenRefuses(OperationInProgress);
    expect(refusal.code).toBe('operation_in_progress');
    given([...disputedCharge, requested('e1', false), sent('e1', false)])
      .when(submit('e2'))
      .then([requested('e2')]);
  });
  it('is refused for a dispute that is not there, or of which the processor has told nothing', () => {
    given(aCharge()).when(submit()).thenRefuses(DisputeNotFound);
    given([...aCharge(), disputeOpened(3_000)])
      .when(submit())
      .thenRefuses(DisputeNotFound);
  });
  it('is refused once the dispute has ended', () => {
    for (const end of [
      disputeClosed('won', 3_000),
      disputeClosed('lost', 3_000),
      disputeReported('prevented'),
      disputeReported('lost'),
    ]) {
      const refusal = given([...disputedCharge, end])
        .when(submit())
        .thenRefuses(DisputeHasEnded);
      expect(refusal.code).toBe('dispute_closed');
    }
    given([...aCharge(), disputeReported('inquiry_closed')])
      .when(submit())
      .thenRefuses(DisputeHasEnded);
  });
  it('is taken for an inquiry', () => {
    given([...aCharge(), disputeReported('inquiry')])
      .when(submit())
      .then([requested()]);
  });
  it('is refused after its day, and once the bank has it', () => {
    const late = { ...submit(), at: '2026-11-10T00:00:00.000Z' };
    expect(given(disputedCharge).when(late).thenRefuses(EvidenceTooLate).code).toBe('evidence_too_late');
    given(disputedCharge)
      .when({ ...submit(), at: dueBy })
      .then([{ ...requested(), at: dueBy }]);
    given([...disputedCharge, requested(), sent()])
      .when(submit('e2'))
      .thenRefuses(EvidenceTooLate);
    given([...disputedCharge, disputeReported('under_review')])
      .when(submit())
      .thenRefuses(EvidenceTooLate);
  });
});
