import { assertAmount, assertChargeable } from '../money/index.js';
import type { CancelPayment, CapturePayment, ConfirmPayment, CreatePayment, RefundPayment } from './commands.js';
import type { PaymentCreated, PaymentEvent, PaymentRequested } from './events.js';
import { assertExists } from './record.js';
import {
  CaptureExceedsAuthorized,
  MulticaptureNotSupported,
  OperationInProgress,
  PaymentAlreadyExists,
  PaymentMethodRequired,
  PaymentNotCancelable,
  PaymentNotCapturable,
  PaymentNotConfirmable,
  PaymentNotRefundable,
  RefundExceedsCaptured,
} from './refusals.js';
import type { Payment } from './state.js';
import {
  attemptsOf,
  capturableBy,
  captured,
  capturedBy,
  heldAttempt,
  latestAttempt,
  operationInFlight,
  refundable,
  refundableOf,
} from './views.js';

/** Throws OperationInProgress while nobody knows what the processor did with an earlier request. */
export const assertNothingInFlight = (payment: Payment): void => {
  const operation = operationInFlight(payment);
  if (operation) throw new OperationInProgress(payment, operation);
};

const sameTerms = (command: CreatePayment, payment: Payment): boolean =>
  command.paymentId === payment.paymentId &&
  command.customerId === payment.customerId &&
  command.amount === payment.amount &&
  command.currency === payment.currency &&
  command.captureMethod === payment.captureMethod &&
  command.orderId === payment.orderId;

/** The event that asks for an attempt. */
export const requestOf = (
  terms: Pick<PaymentCreated, 'customerId' | 'amount' | 'currency' | 'captureMethod'>,
  attempt: number,
  paymentMethodId: string,
  at: string,
): PaymentRequested => {
  const { customerId, amount, currency, captureMethod } = terms;
  return { type: 'PaymentRequested', attempt, paymentMethodId, customerId, amount, currency, captureMethod, at };
};

/**
 * Creates a payment, and requests its first attempt when a payment method is named. Throws PaymentAlreadyExists when the id
 * stands for other terms, and what assertChargeable throws. A repeat gives [].
 */
export const createPayment = (command: CreatePayment, payment: Payment): PaymentEvent[] => {
  if (payment.paymentId !== '') {
    if (sameTerms(command, payment)) return [];
    throw new PaymentAlreadyExists(payment.paymentId);
  }
  const { paymentId, customerId, amount, currency, captureMethod, orderId, paymentMethodId, at } = command;
  assertChargeable(amount, currency);
  const created: PaymentCreated = {
    type: 'PaymentCreated',
    paymentId,
    customerId,
    amount,
    currency,
    captureMethod,
    orderId,
    at,
  };
  return paymentMethodId === undefined ? [created] : [created, requestOf(created, 1, paymentMethodId, at)];
};

/** The payment method of the newest attempt, which another may be made with: none where a token was presented for it alone. */
export const methodOfLatest = (payment: Payment): string | undefined => {
  const requested = latestAttempt(payment)?.requested;
  return requested?.presented ? undefined : requested?.paymentMethodId;
};

/** Whether nothing was taken and no attempt can take anything any more. */
export const canBeAttempted = (payment: Payment): boolean =>
  attemptsOf(payment).every(({ stage }) => stage.phase === 'failed') && captured(payment) === 0;

/**
 * Requests the next attempt: the first one, or one after a failure. While the customer has an action to finish it is refused,
 * unlike at Stripe: the older attempt could still succeed beside the new one and charge twice.
 * Throws OperationInProgress, PaymentNotConfirmable or PaymentMethodRequired.
 */
export const confirmPayment = (command: ConfirmPayment, payment: Payment): PaymentEvent[] => {
  assertExists(payment);
  assertNothingInFlight(payment);
  if (!canBeAttempted(payment)) throw new PaymentNotConfirmable(payment);
  const latest = latestAttempt(payment);
  const paymentMethodId = command.paymentMethodId ?? methodOfLatest(payment);
  if (paymentMethodId === undefined) throw new PaymentMethodRequired(payment.paymentId);
  return [requestOf(payment, (latest?.attempt ?? 0) + 1, paymentMethodId, command.at)];
};

/**
 * Requests a capture of `amount` minor units, by default all that is left; final unless said otherwise. Throws
 * OperationInProgress, PaymentNotCapturable, MulticaptureNotSupported, CaptureExceedsAuthorized, or what assertAmount throws.
 */
export const capturePayment = (command: CapturePayment, payment: Payment): PaymentEvent[] => {
  assertExists(payment);
  const { captureId, final = true, at } = command;
  if (payment.captures[captureId]) return []; // a repeat changes nothing
  if (command.amount !== undefined) assertAmount(command.amount, payment.currency);
  assertNothingInFlight(payment);
  const held = heldAttempt(payment);
  if (!held?.processorPaymentId) throw new PaymentNotCapturable(payment);
  if (!final && !held.authorization?.multicapture) throw new MulticaptureNotSupported(payment);
  const left = capturableBy(payment, held);
  const amount = command.amount ?? left;
  if (amount > left) throw new CaptureExceedsAuthorized(payment, amount, left);
  const { attempt, processorPaymentId } = held;
  const { currency } = payment;
  return [{ type: 'CaptureRequested', captureId, attempt, processorPaymentId, amount, currency, final, at }];
};

/**
 * Requests the cancellation of what the processor holds. Where it has heard of nothing, the payment is canceled at once.
 * Throws OperationInProgress or PaymentNotCancelable.
 */
export const cancelPayment = (command: CancelPayment, payment: Payment): PaymentEvent[] => {
  assertExists(payment);
  const { cancelId, reason, at } = command;
  if (payment.cancels[cancelId]) return []; // a repeat changes nothing
  assertNothingInFlight(payment);
  const target = heldAttempt(payment) ?? latestAttempt(payment);
  const ended = target?.stage.phase === 'canceled' || target?.stage.phase === 'processing';
  if (ended || captured(payment) > 0) throw new PaymentNotCancelable(payment);
  const attempt = target?.attempt ?? 0;
  const processorPaymentId = target?.processorPaymentId;
  if (processorPaymentId === undefined) return [{ type: 'PaymentCanceled', attempt, cancelId, reason, at }];
  return [{ type: 'CancelRequested', cancelId, attempt, processorPaymentId, reason, at }];
};

/** The charge with most left to refund. There is one, unless the customer was charged twice. */
const chargeToRefund = (payment: Payment) => {
  const charges = attemptsOf(payment)
    .filter(({ attempt }) => capturedBy(payment, attempt) > 0)
    .map((attempt) => ({ ...attempt, left: refundableOf(payment, attempt) }));
  return charges.reduce<(typeof charges)[number] | undefined>(
    (best, charge) => (best && best.left > charge.left ? best : charge),
    undefined,
  );
};

/**
 * Requests a refund of `amount` minor units, by default all that is refundable. Throws PaymentNotRefundable,
 * RefundExceedsCaptured when more would be returned than was taken, OperationInProgress, or what assertAmount throws.
 */
export const refundPayment = (command: RefundPayment, payment: Payment): PaymentEvent[] => {
  assertExists(payment);
  const { refundId, reason, at } = command;
  if (payment.refunds[refundId]) return []; // a repeat changes nothing
  if (command.amount !== undefined) assertAmount(command.amount, payment.currency);
  const charge = chargeToRefund(payment);
  if (!charge?.processorPaymentId) {
    assertNothingInFlight(payment);
    throw new PaymentNotRefundable(payment);
  }
  // What is not there to return will not be there when the operation in flight has ended either.
  if (command.amount !== undefined && command.amount > refundable(payment)) {
    throw new RefundExceedsCaptured(payment, command.amount, refundable(payment));
  }
  assertNothingInFlight(payment);
  const amount = command.amount ?? charge.left;
  if (amount === 0 || amount > charge.left) throw new RefundExceedsCaptured(payment, command.amount, charge.left);
  const { processorPaymentId } = charge;
  return [{ type: 'RefundRequested', refundId, processorPaymentId, amount, currency: payment.currency, reason, at }];
};
