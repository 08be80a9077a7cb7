import {
  decide,
  evolve,
  initialPayment,
  type DisputeBooked,
  type DisputeStatus,
  type PaymentCommand,
  type PaymentEvent,
} from '../payment/index.js';
import { specificationOf } from './given-when-then.js';

/** The words in which specs tell a payment of 50.00 USD. For specs only. */

export const at = '2026-11-01T10:00:00Z';
export const { given } = specificationOf({ initial: initialPayment, evolve, decide });

/** The command of that type, with the time filled in. */
export const ask = <T extends PaymentCommand['type']>(
  type: T,
  fields: Omit<Extract<PaymentCommand, { type: T }>, 'type' | 'at'>,
): Extract<PaymentCommand, { type: T }> => ({ type, ...fields, at }) as Extract<PaymentCommand, { type: T }>;

/** The event of that type, with the time filled in. */
export const event = <T extends PaymentEvent['type']>(
  type: T,
  fields: Omit<Extract<PaymentEvent, { type: T }>, 'type' | 'at'>,
): Extract<PaymentEvent, { type: T }> => ({ type, ...fields, at }) as Extract<PaymentEvent, { type: T }>;

const terms = { customerId: 'c1', amount: 5_000, currency: 'usd' };
const currency = 'usd';

export const created = (captureMethod: 'automatic' | 'manual' = 'manual') =>
  event('PaymentCreated', { paymentId: 'p1', ...terms, captureMethod });
export const requested = (attempt = 1, captureMethod: 'automatic' | 'manual' = 'manual') =>
  event('PaymentRequested', { attempt, paymentMethodId: 'm1', ...terms, captureMethod });
export const charge = (attempt = 1) => ({ attempt, processorPaymentId: `pi_${attempt}` });
export const authorized = (attempt = 1, multicapture?: boolean) =>
  event('PaymentAuthorized', { ...charge(attempt), amount: 5_000, multicapture });
export const captured = (amount = 5_000, { attempt = 1, captureId = 'k1', final = true } = {}) =>
  event('PaymentCaptured', { ...charge(attempt), captureId, amount, currency, final });
export const failed = (attempt = 1) =>
  event('PaymentFailed', { ...charge(attempt), code: 'card_declined', declineCode: 'generic_decline' });
export const captureRequested = (amount = 5_000, captureId = 'k1', final = true) =>
  event('CaptureRequested', { ...charge(), captureId, amount, currency, final });
export const refundRequested = (amount: number, refundId = 'r1') =>
  event('RefundRequested', { refundId, processorPaymentId: 'pi_1', amount, currency });
export const refundSucceeded = (amount: number, refundId = 'r1') =>
  event('RefundSucceeded', { refundId, processorRefundId: `re_${refundId}`, amount, currency, booked: 'pending' });
export const refundPending = (amount: number, refundId = 'r1') =>
  event('RefundPending', { refundId, processorRefundId: `re_${refundId}`, amount, currency, booked: 'pending' });
export const disputeOpened = (amount: number, disputeId = 'd1') =>
  event('DisputeOpened', { disputeId, amount, currency, booked: 'nothing' });
export const disputeClosed = (outcome: 'won' | 'lost', amount: number, disputeId = 'd1') =>
  event('DisputeClosed', { disputeId, outcome, amount, currency, booked: 'open', becomes: outcome });
export const disputeReported = (status: DisputeStatus, amount = 3_000, evidenceDueBy?: string) =>
  event('DisputeReported', {
    ...{ disputeId: 'd1', processorDisputeId: 'du_1', processorPaymentId: 'pi_1', amount, currency },
    ...{ status, reason: 'fraudulent', evidenceDueBy, submissions: 0 },
  });
/** The movement's id is its direction, with a number where there are several. */
export const fundsMoved = (
  movementId: `${'withdrawn' | 'reinstated'}${'' | ' 2'}`,
  booked: DisputeBooked,
  becomes: DisputeBooked = booked,
) =>
  event('DisputeFundsMoved', {
    ...{ disputeId: 'd1', movementId, direction: movementId.startsWith('w') ? 'withdrawn' : 'reinstated' },
    ...{ amount: 3_000, currency, booked, becomes },
  });
export const drift = (fact: PaymentEvent['type'], rule: string, details: Record<string, string | number>) =>
  event('DriftDetected', { fact, rule, details });

/** A manual payment whose first attempt is authorized. */
export const anAuthorization = (multicapture?: boolean) => [created(), requested(), authorized(1, multicapture)];
/** An automatic payment whose first attempt took all of it. */
export const aCharge = () => [created('automatic'), requested(1, 'automatic'), captured()];
