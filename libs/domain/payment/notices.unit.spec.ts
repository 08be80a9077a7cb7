import { aCharge, ask, disputeOpened, disputeReported, event, given } from '../testing/payments.js';
import { foldPayment, refundable, statusOf } from './index.js';

describe('what is heard of a payment beside money', () => {
  const review = (open: boolean) =>
    ask('RecordProcessorReview', { processorReviewId: 'prv_1', open, reason: 'rule', closedReason: undefined });
  const reviewed = (open: boolean) =>
    event('ProcessorReviewReported', { processorReviewId: 'prv_1', open, reason: 'rule' });

  it('is a review that is opened and closed, in whatever order it is told', () => {
    given(aCharge())
      .when(review(true))
      .then([reviewed(true)]);
    given([...aCharge(), reviewed(true)])
      .when(review(false))
      .then([reviewed(false)]);
    given([...aCharge(), reviewed(false)])
      .when(review(true))
      .thenNothing();
  });
  it('is a warning of fraud, until nothing can be done about it', () => {
    const warn = (actionable: boolean) =>
      ask('RecordFraudWarning', { processorWarningId: 'issfr_1', fraudType: 'misc', actionable });
    const warned = event('FraudWarningReceived', {
      ...{ processorWarningId: 'issfr_1', fraudType: 'misc', actionable: true },
    });
    given(aCharge()).when(warn(true)).then([warned]);
    given([...aCharge(), warned])
      .when(warn(true))
      .thenNothing();
    given([...aCharge(), warned])
      .when(warn(false))
      .then([{ ...warned, actionable: false }]);
    given([...aCharge(), { ...warned, actionable: false }])
      .when(warn(true))
      .thenNothing();
  });
  it('is something to look at, once for each reason to', () => {
    const look = { lookupId: 'l1', processorPaymentId: 'pi_1', reason: 'charge_changed' };
    const asked = event('PaymentLookupRequested', look);
    given(aCharge()).when(ask('RequestPaymentLookup', look)).then([asked]);
    given([...aCharge(), asked])
      .when(ask('RequestPaymentLookup', look))
      .thenNothing();
    given([...aCharge(), asked])
      .when(ask('RequestPaymentLookup', { ...look, lookupId: 'l2' }))
      .then([{ ...asked, lookupId: 'l2' }]);
  });
  it('changes no status and no amount', () => {
    const heard = foldPayment([
      ...aCharge(),
      reviewed(true),
      event('FraudWarningReceived', { processorWarningId: 'issfr_1', fraudType: 'misc', actionable: true }),
      disputeReported('inquiry'),
    ]);
    expect([statusOf(heard), refundable(heard)]).toEqual(['succeeded', 5_000]);
  });
  it('leaves a state that was stored before as it was', () => {
    expect(Object.keys(foldPayment(aCharge()))).not.toEqual(expect.arrayContaining(['reviews']));
    expect(Object.keys(foldPayment([...aCharge(), disputeOpened(3_000)]).disputes.d1!).sort()).toEqual([
      'amount',
      'disputeId',
      'lost',
      'processorPaymentId',
      'won',
    ]);
  });
});
