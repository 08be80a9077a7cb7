import { lists, shows } from '../http/endpoint.js';
import { created, pageOf, pageOfKind } from '../http/pages.js';
import { cancelRefund, createRefund } from '../payments/refunding.js';
import type { ChargeRecord, RefundRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { invalidParameter, refused } from '../wire/errors.js';
import { integerFrom, mergeMetadata, metadata, oneOf, string, unsupported } from '../wire/params.js';
import { noConnect } from './intent-params.js';

const creating = {
  amount: integerFrom(1),
  charge: string,
  currency: unsupported('it is for refunds of a customer balance'),
  customer: unsupported('it is for refunds of a customer balance'),
  instructions_email: string,
  metadata,
  origin: unsupported('it is for refunds of a customer balance'),
  payment_intent: string,
  reason: oneOf('duplicate', 'fraudulent', 'requested_by_customer'),
  refund_application_fee: noConnect,
  reverse_transfer: noConnect,
};

/** The charge to refund: the one named, or the successful one of the intent. */
const chargeToRefund = (work: Work, chargeId: string | undefined, intentId: string | undefined): ChargeRecord => {
  if (chargeId === undefined && intentId === undefined) {
    throw invalidParameter(
      'payment_intent',
      'One of the following params should be provided for this request: payment_intent or charge.',
      'parameter_missing',
    );
  }
  const named = chargeId === undefined ? undefined : work.get('charge', chargeId, 'charge');
  const intent = work.get('payment_intent', intentId ?? named?.payment_intent ?? '', 'payment_intent');
  const charge = named ?? (intent.latest_charge === undefined ? undefined : work.get('charge', intent.latest_charge));
  if (charge && charge.payment_intent !== intent.id) {
    throw refused(`Charge ${charge.id} does not belong to PaymentIntent ${intent.id}.`, undefined, 'charge');
  }
  if (charge?.status !== 'succeeded' || charge.amount_captured === 0) {
    throw named
      ? refused(
          `Charge ${named.id} cannot be refunded: nothing of it has been captured.`,
          'charge_not_refundable',
          'charge',
        )
      : refused(
          `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`,
          'payment_intent_unexpected_state',
        );
  }
  return charge;
};

const create = (
  work: Work,
  params: { [K in keyof typeof creating]?: ReturnType<(typeof creating)[K]> },
): RefundRecord =>
  createRefund(work, chargeToRefund(work, params.charge, params.payment_intent), {
    amount: params.amount,
    reason: params.reason,
    metadata: mergeMetadata({}, params.metadata),
  });

const base = '/v1/refunds';

export const refunds = [
  shows('refund', 'POST', base, { takes: creating, run: create }),
  shows('refund', 'GET', `${base}/:id`, { takes: {}, run: (work, _params, id) => work.get('refund', id) }),
  shows('refund', 'POST', `${base}/:id`, {
    takes: { metadata },
    run: (work, params, id) => {
      const refund = work.get('refund', id);
      const updated = work.save('refund', { ...refund, metadata: mergeMetadata(refund.metadata, params.metadata) });
      work.event('refund.updated', 'refund', updated, { metadata: refund.metadata });
      return updated;
    },
  }),
  shows('refund', 'POST', `${base}/:id/cancel`, {
    takes: {},
    run: (work, _params, id) => cancelRefund(work, work.get('refund', id)),
  }),
  lists('refund', '/v1/charges/:id/refunds', {
    takes: {},
    run: (work, params, id) => pageOfKind(work, 'refund', params, { owner: work.get('charge', id).id }),
  }),
  lists('refund', base, {
    takes: { charge: string, created, payment_intent: string },
    run: (work, params) => {
      if (params.payment_intent === undefined) {
        if (params.charge !== undefined) work.get('charge', params.charge, 'charge');
        return pageOfKind(work, 'refund', params, { owner: params.charge });
      }
      // Only an intent's latest charge can have succeeded, so the intent's refunds are that charge's.
      const { latest_charge } = work.get('payment_intent', params.payment_intent, 'payment_intent');
      if (latest_charge === undefined || (params.charge ?? latest_charge) !== latest_charge) {
        return pageOf<'refund'>([], params);
      }
      return pageOfKind(work, 'refund', params, { owner: latest_charge });
    },
  }),
];
