import { claimOf } from '../../claim.js';
import type { Fields } from '../../fields.js';
import type { ChargeParts, IntentParts } from '../../payment.js';
import { paymentOf } from '../../payment.js';
import { transactionOf } from '../../settlement.js';
import type { ApiVersion } from '../versions.js';
import type { Reader } from './reader.js';
import { newsOf } from './reader.js';

const statuses: Readonly<Record<string, IntentParts['status']>> = {
  requires_payment_method: 'requires_payment_method',
  requires_confirmation: 'requires_confirmation',
  requires_action: 'requires_action',
  requires_capture: 'requires_capture',
  processing: 'processing',
  succeeded: 'succeeded',
  canceled: 'canceled',
};

/** Charges listed within an intent: one for each attempt at it. Stripe shows the last ten. */
const maxCharges = 100;

export const readPayment: Reader = (intent, { version }) =>
  newsOf({
    about: 'payment',
    payment: paymentOf(partsOf(intent, version)),
    claim: claimOf(intent, intent.maybeId('customer')),
  });

/** Without the client secret: whoever needs it asks for it. */
const partsOf = (intent: Fields, version: ApiVersion): IntentParts => {
  const error = intent.maybeFields('last_payment_error');
  const action = intent.maybeFields('next_action');
  return {
    id: intent.token('id'),
    status: intent.word('status', statuses),
    currency: intent.currency('currency'),
    amount_received: intent.amount('amount_received'),
    amount_capturable: intent.amount('amount_capturable'),
    client_secret: null,
    latest_charge: chargeOf(intent, version),
    next_action: action ? { type: action.token('type') } : null,
    last_payment_error: error
      ? { code: error.maybeToken('code'), type: error.token('type'), decline_code: error.maybeToken('decline_code') }
      : null,
  };
};

/** The last charge where the event shows it; null where it only names it. */
const chargeOf = (intent: Fields, version: ApiVersion): ChargeParts | null => {
  const charge =
    version.charge === 'charges'
      ? intent.maybeFields('charges')?.list('data', maxCharges)[0]
      : intent.expanded('latest_charge');
  if (!charge) return null;
  const details = charge.maybeFields('payment_method_details');
  const card = details?.maybeFields('card');
  const multicapture = card?.maybeFields('multicapture');
  const transaction = charge.expanded('balance_transaction');
  return {
    amount_captured: transaction ? charge.amount('amount_captured') : 0,
    currency: charge.currency('currency'),
    balance_transaction: transaction ? transactionOf(transaction) : null,
    payment_method_details: {
      card: card && {
        capture_before: card.has('capture_before') ? card.seconds('capture_before') : undefined,
        multicapture: multicapture && { status: multicapture.token('status') },
      },
    },
  };
};
