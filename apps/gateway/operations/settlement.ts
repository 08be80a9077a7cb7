import type { SettlementWanted } from '#command-handling/facts';
import { attemptOf, isSettled, payments, settlementFact, settlementMissing } from '#command-handling/facts';
import type { Payment, PaymentEvent, PaymentFact } from '#domain/payment';

import type { TakenCall } from '../calls/call.js';
import type { Answer, Desk, Operation } from './operation.js';
import { NotReady, answerFrom, unchanged } from './operation.js';
import { shown } from './standing.js';

type SettlementCall = TakenCall<SettlementWanted>;

const dayMs = 24 * 3_600_000;

/** Whether nothing is left to fetch: of an attempt's captures all at once. */
const isFetched = ({ source, sourceId, processorId }: SettlementWanted, payment: Payment): boolean => {
  if (source === 'refund') return isSettled(payment, sourceId);
  const attempt = attemptOf(payment, processorId);
  return attempt === undefined || settlementMissing(payment, attempt) === undefined;
};

/** What there is; undefined while there is nothing. */
const fetched = async (
  call: SettlementCall,
  { processor, line, now }: Desk,
  state: Payment,
): Promise<Answer<PaymentFact, Payment> | undefined> => {
  const { source, sourceId, processorId } = call.request;
  if (source === 'refund') {
    const settlement = await line.run(call, () => processor.fetchRefundSettlement(processorId));
    return (
      settlement && { kind: 'settled', facts: [settlementFact(source, sourceId, settlement, now().toISOString())] }
    );
  }
  const attempt = attemptOf(state, processorId);
  const payment = await line.run(call, () => processor.retrievePayment(processorId));
  if (!payment || attempt === undefined) return undefined;
  const at = now().toISOString();
  return answerFrom(state, (moved) => ({ ...shown({ state: moved, attempt }, payment, at), kind: 'settled' }));
};

/** Fetches balance transactions that were not there when the money moved. Given up after a day: reconciliation finds them. */
export const fetchSettlement: Operation<SettlementWanted, Payment, PaymentFact, PaymentEvent> = {
  aggregate: payments,

  ended: ({ request }, payment) => isFetched(request, payment) && {},

  async send(call, desk, state) {
    const answer = await fetched(call, desk, state);
    // What there is of several is not kept back: for the rest there is a call of its own.
    if (answer && answer.facts.length > 0) return { ...answer, recordedAs: `settled, try ${call.tries}` };
    if (desk.now().getTime() - call.createdAt.getTime() > dayMs) return unchanged('given_up');
    throw new NotReady('settlement_pending', 5_000, 3_600_000);
  },

  look: (call, desk, _certainty, state) => fetchSettlement.send(call, desk, state),
};
