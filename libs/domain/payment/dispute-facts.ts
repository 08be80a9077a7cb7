import type {
  RecordDisputeClosed,
  RecordDisputeFunds,
  RecordDisputeOpened,
  RecordDisputeReported,
  RecordEvidenceOutcome,
} from './commands.js';
import { disputeBooked } from './disputes.js';
import type { DisputeClosed, DisputeFundsMoved, PaymentEvent } from './events.js';
import { evolve } from './evolve.js';
import { flagDifference, record } from './record.js';
import type { Payment } from './state.js';

/** What the processor reports about disputes; see facts.ts. */

/** The amount that the books go by, once an event about money has told it. */
const bookedAmount = (payment: Payment, disputeId: string): number | undefined => {
  const amount = payment.disputes[disputeId]?.amount;
  return amount === 0 ? undefined : amount;
};

const flagAmount = (
  payment: Payment,
  type: PaymentEvent['type'],
  { disputeId, amount, at }: { disputeId: string; amount: number; at: string },
): PaymentEvent[] => {
  const about = { type, id: disputeId, at };
  return flagDifference(payment, 'amount_differs', about, bookedAmount(payment, disputeId), amount);
};

/** The event, with what the books hold for its dispute before and after it. */
const booking = <E extends DisputeClosed | DisputeFundsMoved>(payment: Payment, event: Omit<E, 'booked'>): E => {
  const booked = disputeBooked(payment.disputes[event.disputeId]);
  const told = { ...event, booked, becomes: booked } as E;
  return { ...told, becomes: disputeBooked(evolve(payment, told).disputes[event.disputeId]) };
};

/** How it stands at the processor: moves no money. What it is about is told by facts of their own. */
export const recordDisputeReported = (fact: RecordDisputeReported, payment: Payment): PaymentEvent[] => {
  const { disputeId, processorDisputeId, processorPaymentId, amount, status, reason, evidenceDueBy, submissions, at } =
    fact;
  const terms = { disputeId, processorDisputeId, processorPaymentId, amount, currency: payment.currency };
  return record(payment, { type: 'DisputeReported', ...terms, status, reason, evidenceDueBy, submissions, at });
};

export const recordDisputeOpened = (fact: RecordDisputeOpened, payment: Payment): PaymentEvent[] => {
  const { disputeId, processorPaymentId, at } = fact;
  const type = 'DisputeOpened';
  const amount = bookedAmount(payment, disputeId) ?? fact.amount;
  const booked = disputeBooked(payment.disputes[disputeId]);
  const { currency } = payment;
  return [
    ...record(payment, { type, disputeId, processorPaymentId, amount, currency, booked, at }),
    ...flagAmount(payment, type, fact),
  ];
};

/** Each movement once, whatever was told of the dispute: the books follow the money. */
export const recordDisputeFunds = (fact: RecordDisputeFunds, payment: Payment): PaymentEvent[] => {
  const { disputeId, processorPaymentId, movementId, direction, at } = fact;
  const type = 'DisputeFundsMoved';
  // One balance transaction is one movement, which was booked as it was first told.
  const told = payment.disputes[disputeId]?.movements?.[movementId] ?? direction;
  const amount = bookedAmount(payment, disputeId) ?? fact.amount;
  const terms = { disputeId, processorPaymentId, movementId, direction: told, amount, currency: payment.currency };
  return [
    ...record(payment, booking<DisputeFundsMoved>(payment, { type, ...terms, becomes: 'nothing', at })),
    ...flagAmount(payment, type, fact),
  ];
};

/** Lost outlives won: funds that come back later move the books, not the outcome. Both reported is flagged. */
export const recordDisputeClosed = (fact: RecordDisputeClosed, payment: Payment): PaymentEvent[] => {
  const { disputeId, processorPaymentId, outcome, at } = fact;
  const type = 'DisputeClosed';
  const amount = bookedAmount(payment, disputeId) ?? fact.amount;
  const terms = { disputeId, processorPaymentId, outcome, amount, currency: payment.currency };
  return [
    ...record(payment, booking<DisputeClosed>(payment, { type, ...terms, at })),
    ...flagAmount(payment, type, fact),
  ];
};

export const recordEvidenceOutcome = (fact: RecordEvidenceOutcome, payment: Payment): PaymentEvent[] => {
  const { disputeId, evidenceId, outcome, at } = fact;
  return 'code' in outcome
    ? record(payment, { type: 'DisputeEvidenceFailed', disputeId, evidenceId, code: outcome.code, at })
    : record(payment, { type: 'DisputeEvidenceSubmitted', disputeId, evidenceId, submit: outcome.submitted, at });
};
