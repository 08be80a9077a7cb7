import type { Dispute, Payment, PaymentEvent } from '#domain/payment';
import { evolve, initialPayment } from '#domain/payment';

/** The events of a payment that are about one of its disputes. */
export type DisputeEvent = Extract<PaymentEvent, { disputeId: string }>;

/** When what is shown of a dispute was first heard of. RFC 3339. */
export interface DisputeTimes {
  createdAt: string;
  /** By evidenceId. */
  evidence: Readonly<Record<string, string>>;
}

/** A payment with its disputes as they are shown. */
export interface DisputedPayment extends Payment {
  /** By disputeId. */
  disputeTimes: Readonly<Record<string, DisputeTimes>>;
}

/** A dispute with what it takes from its payment. */
export interface ShownDispute {
  paymentId: string;
  currency: string;
  times: DisputeTimes;
  dispute: Dispute;
}

export const initialDisputedPayment: DisputedPayment = { ...initialPayment, disputeTimes: {} };

/** Whether an event is about a dispute. */
export const isAboutDispute = (event: { type: string }): event is DisputeEvent => 'disputeId' in event;

/** The times of a dispute once `event`, the next one about it, is known. */
export const timesWith = (before: DisputeTimes | undefined, event: DisputeEvent): DisputeTimes => {
  const times = before ?? { createdAt: event.at, evidence: {} };
  if (!('evidenceId' in event) || Object.hasOwn(times.evidence, event.evidenceId)) return times;
  return { ...times, evidence: { ...times.evidence, [event.evidenceId]: event.at } };
};

/** Folds one event, in the order of the stream. */
export const evolveDisputedPayment = (payment: DisputedPayment, event: PaymentEvent): DisputedPayment => {
  const next = evolve(payment, event);
  if (!isAboutDispute(event)) return next === payment ? payment : { ...next, disputeTimes: payment.disputeTimes };
  const { disputeId } = event;
  const times = timesWith(payment.disputeTimes[disputeId], event);
  return { ...next, disputeTimes: { ...payment.disputeTimes, [disputeId]: times } };
};

/** The dispute of that id within its payment; undefined for one it does not have. */
export const disputeOf = (payment: DisputedPayment, disputeId: string): ShownDispute | undefined => {
  const dispute = payment.disputes[disputeId];
  const times = payment.disputeTimes[disputeId];
  if (!dispute || !times) return undefined;
  return { paymentId: payment.paymentId, currency: payment.currency, times, dispute };
};
