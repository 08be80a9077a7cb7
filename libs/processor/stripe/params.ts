import type Stripe from 'stripe';

import type { CapturePayment, CreateCustomer, RefundPayment, RequestPayment, SubmitEvidence } from '../port.js';
import { isConfirmationToken } from './confirmation-token.js';
import { paymentExpand, refundExpand } from './payment.js';

/** The requests of API version 2026-10-28.endive, where `allowed_payment_method_types` has replaced `payment_method_types`. */

export const customerParams = (request: CreateCustomer): Stripe.CustomerCreateParams => {
  const { tenantId, customerId, email, name, address } = request;
  return {
    email,
    name,
    ...(address && {
      address: {
        line1: address.line1,
        line2: address.line2,
        city: address.city,
        state: address.state,
        postal_code: address.postalCode,
        country: address.country,
      },
    }),
    metadata: { tenantId, customerId },
  };
};

/** Asks for what a hold can do beyond one capture; the answer says whether this card and account have it. */
const holdOptions = { card: { request_multicapture: 'if_available' as const } };

const offlineMandate = { mandate_data: { customer_acceptance: { type: 'offline' as const } } };

/** What a payer has presented is confirmed by our server alone: their browser has the client secret, and could bring another card past us. */
const withToken = (
  token: string,
): Pick<
  Stripe.PaymentIntentCreateParams,
  'payment_method' | 'confirmation_token' | 'confirmation_method' | 'use_stripe_sdk'
> =>
  isConfirmationToken(token)
    ? { confirmation_token: token, confirmation_method: 'manual', use_stripe_sdk: true }
    : { payment_method: token };

/**
 * No `off_session`: a card that asks for its owner then gives `requires_action`, which the customer can finish, and not a decline.
 * A bank debit needs a mandate, accepted when the account was taken in; one with a confirmation token brings the payer's own.
 */
export const paymentParams = (request: RequestPayment): Stripe.PaymentIntentCreateParams => ({
  amount: request.amount,
  currency: request.currency,
  customer: request.processorCustomerId,
  ...withToken(request.token),
  allowed_payment_method_types: [request.methodKind],
  capture_method: request.captureMethod,
  confirm: true,
  ...(request.methodKind === 'us_bank_account' && !isConfirmationToken(request.token) && offlineMandate),
  ...(request.methodKind === 'card' && request.captureMethod === 'manual' && { payment_method_options: holdOptions }),
  metadata: { tenantId: request.tenantId, paymentId: request.paymentId, attempt: request.attempt },
  expand: paymentExpand,
});

/** Of a payment whose payer has done what was asked: with what it has, and for Stripe.js again, should it ask for more. */
export const confirmParams: Stripe.PaymentIntentConfirmParams = { use_stripe_sdk: true, expand: paymentExpand };

export const captureParams = (request: CapturePayment): Stripe.PaymentIntentCaptureParams => ({
  amount_to_capture: request.amount,
  ...(!request.final && { final_capture: false }),
  metadata: { captureId: request.captureId },
  expand: paymentExpand,
});

const cancellationReasons = ['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer'] as const;
const refundReasons = ['duplicate', 'fraudulent', 'requested_by_customer'] as const;

const oneOf = <T extends string>(allowed: readonly T[], reason: string | undefined): T | undefined =>
  allowed.find((word) => word === reason);

/** Stripe knows a few reasons; any other stays with us. */
export const cancelReason = (reason: string | undefined): Stripe.PaymentIntentCancelParams => {
  const known = oneOf(cancellationReasons, reason);
  return known ? { cancellation_reason: known } : {};
};

export const refundParams = (request: RefundPayment): Stripe.RefundCreateParams => {
  const reason = oneOf(refundReasons, request.reason);
  return {
    payment_intent: request.processorPaymentId,
    amount: request.amount,
    ...(reason && { reason }),
    metadata: { tenantId: request.tenantId, paymentId: request.paymentId, refundId: request.refundId },
    expand: refundExpand,
  };
};

export const evidenceParams = ({ evidence, submit }: SubmitEvidence): Stripe.DisputeUpdateParams => ({
  evidence: { ...evidence },
  submit,
});
