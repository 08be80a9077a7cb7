import { attemptOf, payments } from '#command-handling/facts';
import type { Payment, PaymentEvent } from '#domain/payment';
import type { Claim } from '#processor';
import { findProcessorObjects } from '#projections';

import type { Desk } from '../desk.js';
import { notYet, quarantine } from '../verdict.js';
import { checkCustomer } from './customer.js';
import type { FoundStream } from './tenant.js';
import { checkTenant, isId, readStream } from './tenant.js';

/** What an event says of the payment it is about. */
export interface PaymentNamed {
  processorPaymentId: string;
  claim: Claim;
  /** The connected account it happened on: payments are the platform's own. */
  account: string | undefined;
  /** Lower-case ISO 4217, where the event tells amounts. */
  currency?: string;
}

export interface FoundPayment extends FoundStream<Payment> {
  /** Whose processor object the event is about. */
  attempt: number;
}

/**
 * The payment and attempt that an event is about: by what it claims, or by what the read model has; and in either case only where
 * our own stream has that attempt under that id of the processor, for that customer, in that currency. Throws NotApplied for all else:
 * `account_mismatch`, `tenant_unknown`, `tenant_mismatch`, `object_mismatch`, `customer_mismatch`, or waits for what we may know soon.
 */
export const paymentOf = async (desk: Desk, named: PaymentNamed): Promise<FoundPayment> => {
  const { processorPaymentId, claim, account, currency } = named;
  if (account !== undefined) throw quarantine('account_mismatch');
  await checkTenant(desk, claim);
  const claimed = await claimedPayment(desk, claim);
  const found = hasAttempt(claimed, processorPaymentId) ? claimed : await candidate(desk, named, claimed);
  const { tenantId, state } = found;
  const attempt = attemptOf(state, processorPaymentId);
  if (attempt === undefined) throw notYet('object_unknown');
  const isAnother =
    (claim.paymentId !== undefined && claim.paymentId !== state.paymentId) ||
    (claim.attempt !== undefined && claim.attempt !== attempt) ||
    (currency !== undefined && currency !== state.currency);
  if (isAnother) throw quarantine('object_mismatch', tenantId);
  const { customerId } = state;
  if (claim.customerId !== undefined && claim.customerId !== customerId)
    throw quarantine('customer_mismatch', tenantId);
  await checkCustomer(desk, { tenantId, customerId }, claim.processorCustomerId);
  return { ...found, attempt };
};

/** The stream that the claim names; undefined where it names none, or none that could be ours. */
const claimedPayment = async (
  desk: Desk,
  { tenantId, paymentId }: Claim,
): Promise<FoundStream<Payment> | undefined> => {
  if (tenantId === undefined || !isId(paymentId)) return undefined;
  return readStream(desk, payments, tenantId, 'payment', paymentId);
};

const hasAttempt = (
  found: FoundStream<Payment> | undefined,
  processorPaymentId: string,
): found is FoundStream<Payment> => found !== undefined && attemptOf(found.state, processorPaymentId) !== undefined;

/** The one that the read model has, unless that contradicts the claim. */
const candidate = async (
  desk: Desk,
  { processorPaymentId, claim }: PaymentNamed,
  claimed: FoundStream<Payment> | undefined,
): Promise<FoundStream<Payment>> => {
  const candidates = await findProcessorObjects(desk.pool, 'payment', processorPaymentId);
  const [first, ...others] = candidates;
  if (!first) throw unknownPayment(claim, claimed);
  const tenantId = claim.tenantId ?? first.tenantId;
  if (candidates.some((each) => each.tenantId !== tenantId)) throw quarantine('tenant_mismatch');
  if (others.length > 0) throw quarantine('object_mismatch', tenantId);
  return readStream(desk, payments, tenantId, 'payment', first.objectId);
};

/**
 * An attempt of which nothing was heard yet may be the one: the event was faster than the answer. One that has another id of the
 * processor's is not, and neither is one that was never made: its request is in the stream before the processor hears of it.
 */
const unknownPayment = (claim: Claim, claimed: FoundStream<Payment> | undefined): Error => {
  if (claim.tenantId === undefined) return notYet('no_tenant');
  if (!claimed || claimed.version === 0) return notYet('object_unknown');
  const unheard = Object.values(claimed.state.attempts).filter(
    ({ attempt, processorPaymentId }) =>
      processorPaymentId === undefined && (claim.attempt === undefined || claim.attempt === attempt),
  );
  return unheard.length > 0 ? notYet('object_unknown') : quarantine('object_mismatch');
};

type Asking = Extract<PaymentEvent, { type: 'PaymentRequested' | 'CaptureRequested' | 'CancelRequested' }>;

/**
 * The correlation of what was asked of an attempt last and has no outcome yet, or else of the attempt itself: whoever waits
 * for it is then answered by what an event tells.
 */
export const correlationOf = ({ events, state, attempt }: FoundPayment): string | undefined => {
  const isOpen = (event: Asking): boolean => {
    if (event.type === 'CaptureRequested') return state.captures[event.captureId]?.stage.phase === 'requested';
    if (event.type === 'CancelRequested') return state.cancels[event.cancelId]?.stage.phase === 'requested';
    return true;
  };
  const asked = events.findLast(({ event }) => {
    const asking = event as PaymentEvent;
    switch (asking.type) {
      case 'PaymentRequested':
      case 'CaptureRequested':
      case 'CancelRequested':
        return asking.attempt === attempt && isOpen(asking);
      default:
        return false;
    }
  });
  return asked?.metadata.correlationId;
};
