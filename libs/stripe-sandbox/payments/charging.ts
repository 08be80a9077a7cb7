/** Charges: made by an attempt, captured, and what of them goes back. */
import type { ChargeRecord, PaymentIntentRecord, PaymentMethodRecord, RefundRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { bookCharge } from './ledger.js';
import { closeReviewOf } from './radar.js';
import type { Decline } from './test-cards.js';
import { testCard } from './test-cards.js';

/** Stripe holds an authorization for seven days. */
const HOLD_SECONDS = 7 * 24 * 60 * 60;

const wantsMulticapture = (intent: PaymentIntentRecord): boolean => {
  const options = intent.payment_method_options?.card as Record<string, unknown> | undefined;
  return options?.request_multicapture === 'if_available';
};

/** Whether `intent` waits for a capture of what it authorizes with a card. */
export const capturesLater = (intent: PaymentIntentRecord): boolean => {
  const options = intent.payment_method_options?.card as Record<string, unknown> | undefined;
  return intent.capture_method === 'manual' || options?.capture_method === 'manual';
};

const newCharge = (
  work: Work,
  intent: PaymentIntentRecord,
  method: PaymentMethodRecord,
  more: Pick<ChargeRecord, 'status' | 'captured'> & Partial<ChargeRecord>,
): ChargeRecord => ({
  id: work.newId('charge'),
  created: work.now,
  amount: intent.amount,
  amount_captured: 0,
  amount_refunded: 0,
  currency: intent.currency,
  payment_intent: intent.id,
  payment_method: method.id,
  metadata: intent.metadata,
  method: {
    type: method.type,
    test: method.test,
    exp_month: method.exp_month,
    exp_year: method.exp_year,
    billing_details: method.billing_details,
  },
  customer: intent.customer,
  description: intent.description,
  receipt_email: intent.receipt_email,
  shipping: intent.shipping,
  statement_descriptor: intent.statement_descriptor,
  statement_descriptor_suffix: intent.statement_descriptor_suffix,
  transfer_group: intent.transfer_group,
  ...more,
});

/** Its card is one of those whose charges are disputed or warned of. */
const hasSequel = (charge: ChargeRecord): boolean => {
  if (charge.method.type !== 'card') return false;
  const { disputes, warns } = testCard(charge.method.test);
  return disputes !== undefined || warns === true;
};

const keep = (work: Work, charge: ChargeRecord): ChargeRecord => {
  if (charge.customer !== undefined) work.link(charge.customer, charge.id);
  return work.save('charge', charge);
};

/** `charge` with `amount` more of it taken. */
const withCapture = (work: Work, charge: ChargeRecord, amount: number): ChargeRecord => {
  const earlier = charge.balance_transaction;
  return {
    ...charge,
    amount_captured: charge.amount_captured + amount,
    ...(earlier !== undefined && {
      earlier_balance_transactions: [...(charge.earlier_balance_transactions ?? []), earlier],
    }),
    balance_transaction: bookCharge(work, charge, amount),
  };
};

/** A charge that the bank declined, or Radar. */
export const failedCharge = (
  work: Work,
  intent: PaymentIntentRecord,
  method: PaymentMethodRecord,
  decline: Decline,
): ChargeRecord => {
  const { code, message, decline_code, blocked } = decline;
  const failure = { code, message, ...(decline_code && { decline_code }), ...(blocked && { blocked }) };
  const charge = keep(work, newCharge(work, intent, method, { status: 'failed', captured: false, failure }));
  work.event('charge.failed', 'charge', charge);
  return charge;
};

/**
 * A charge that went through: taken at once, or held for a capture. With the API's default, `automatic_async`, its balance
 * transaction comes later, with `charge.updated`. https://docs.stripe.com/payments/payment-intents/asynchronous-capture
 */
export const succeededCharge = (
  work: Work,
  intent: PaymentIntentRecord,
  method: PaymentMethodRecord,
  authenticated: boolean,
): ChargeRecord => {
  const hold = capturesLater(intent);
  const charge = newCharge(work, intent, method, {
    status: 'succeeded',
    captured: !hold,
    ...(authenticated && { authenticated }),
    ...(hold && { capture_before: work.now + HOLD_SECONDS }),
    ...(hold && wantsMulticapture(intent) && { multicapture: true }),
  });
  let kept: ChargeRecord;
  if (hold) kept = keep(work, charge);
  else if (intent.capture_method === 'automatic') {
    kept = keep(work, withCapture(work, charge, charge.amount));
    if (hasSequel(kept)) work.settleLater(charge.id);
  } else {
    kept = keep(work, { ...charge, amount_captured: charge.amount });
    work.settleLater(charge.id);
  }
  work.event('charge.succeeded', 'charge', kept);
  return kept;
};

/** Books a charge that was captured asynchronously. */
export const bookLater = (work: Work, charge: ChargeRecord): void => {
  if (charge.balance_transaction !== undefined) return;
  const booked = work.save('charge', { ...charge, balance_transaction: bookCharge(work, charge, charge.amount) });
  work.event('charge.updated', 'charge', booked, { balance_transaction: null });
};

/** A debit that the bank has yet to answer. */
export const pendingCharge = (work: Work, intent: PaymentIntentRecord, method: PaymentMethodRecord): ChargeRecord => {
  const charge = keep(work, newCharge(work, intent, method, { status: 'pending', captured: true }));
  work.event('charge.pending', 'charge', charge);
  return charge;
};

/** The bank has honoured a debit. */
export const settleCharge = (work: Work, pending: ChargeRecord): ChargeRecord => {
  const charge = work.save('charge', { ...withCapture(work, pending, pending.amount), status: 'succeeded' });
  work.event('charge.succeeded', 'charge', charge);
  return charge;
};

/** The bank has refused a debit. */
export const failCharge = (work: Work, pending: ChargeRecord, { code, message }: Decline): ChargeRecord => {
  const charge = work.save('charge', { ...pending, status: 'failed', captured: false, failure: { code, message } });
  work.event('charge.failed', 'charge', charge);
  return charge;
};

/** Gives back what was authorized and is not to be captured. As at Stripe this is a refund, one that moves no money. */
const release = (work: Work, charge: ChargeRecord, amount: number): ChargeRecord => {
  const refund: RefundRecord = work.save('refund', {
    id: work.newId('refund'),
    created: work.now,
    status: 'succeeded',
    amount,
    currency: charge.currency,
    charge: charge.id,
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    metadata: {},
    release: true,
    customer: charge.customer,
  });
  work.link(charge.id, refund.id);
  return { ...charge, amount_refunded: charge.amount_refunded + amount };
};

/** What of `charge` is authorized and neither captured nor released. */
const heldAmount = (charge: ChargeRecord): number => (charge.captured ? 0 : charge.amount - charge.amount_captured);

/** Takes `amount` of a held charge; the rest is released when this is the final capture. */
export const captureCharge = (work: Work, charge: ChargeRecord, amount: number, isFinal: boolean): ChargeRecord => {
  const taken = amount > 0 ? withCapture(work, charge, amount) : charge;
  const rest = heldAmount(taken);
  const done = isFinal || rest === 0;
  const released = done && rest > 0 ? release(work, taken, rest) : taken;
  const captured = work.save('charge', { ...released, captured: done });
  work.event(done ? 'charge.captured' : 'charge.updated', 'charge', captured);
  if (done && captured.amount_captured > 0 && hasSequel(captured)) work.settleLater(captured.id);
  return captured;
};

/** Lets go of a held charge. */
export const releaseCharge = (work: Work, charge: ChargeRecord): ChargeRecord => {
  const released = work.save('charge', release(work, charge, heldAmount(charge)));
  work.event('charge.refunded', 'charge', released);
  closeReviewOf(work, released, 'canceled');
  return released;
};

/** What can still be refunded of `charge`: captured, less refunds that have not failed. */
export const refundableAmount = (charge: ChargeRecord): number =>
  charge.status === 'succeeded' ? Math.max(0, charge.amount - charge.amount_refunded - heldAmount(charge)) : 0;
