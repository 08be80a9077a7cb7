import type { Payment, PaymentEvent } from '#domain/payment';
import { evolve, initialPayment } from '#domain/payment';

/** A payment as it is shown: what its events add up to, and when each of its refunds was first heard of. */
export interface ShownPayment extends Payment {
  /** RFC 3339, by refund id. */
  refundTimes: Readonly<Record<string, string>>;
}

export const initialShownPayment: ShownPayment = { ...initialPayment, refundTimes: {} };

/** Folds one event, in the order of the stream. */
export const evolveShownPayment = (payment: ShownPayment, event: PaymentEvent): ShownPayment => {
  const refundTimes =
    'refundId' in event && !Object.hasOwn(payment.refundTimes, event.refundId)
      ? { ...payment.refundTimes, [event.refundId]: event.at }
      : payment.refundTimes;
  const next = evolve(payment, event);
  return next === payment && refundTimes === payment.refundTimes ? payment : { ...next, refundTimes };
};

/** The payment that `events`, a whole stream in its order, add up to; decides and shows like any other payment. */
export const foldShownPayment = (events: Iterable<PaymentEvent>): ShownPayment => {
  let payment = initialShownPayment;
  for (const event of events) payment = evolveShownPayment(payment, event);
  return payment;
};
