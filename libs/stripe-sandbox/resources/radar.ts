import { lists, shows } from '../http/endpoint.js';
import { created, pageOfKind } from '../http/pages.js';
import { closeReview, openReview, warnOfFraud } from '../payments/radar.js';
import { refused } from '../wire/errors.js';
import { string } from '../wire/params.js';

const warnings = '/v1/radar/early_fraud_warnings';

export const radar = [
  shows('review', 'GET', '/v1/reviews/:id', { takes: {}, run: (work, _params, id) => work.get('review', id) }),
  shows('review', 'POST', '/v1/reviews/:id/approve', {
    takes: {},
    run: (work, _params, id) => closeReview(work, work.get('review', id), 'approved'),
  }),
  lists('review', '/v1/reviews', {
    takes: { created },
    run: (work, params) => pageOfKind(work, 'review', params, { keep: (review) => review.closed_reason === undefined }),
  }),
  shows('early_fraud_warning', 'GET', `${warnings}/:id`, {
    takes: {},
    run: (work, _params, id) => work.get('early_fraud_warning', id),
  }),
  lists('early_fraud_warning', warnings, {
    takes: { charge: string, created, payment_intent: string },
    run: (work, params) =>
      pageOfKind(work, 'early_fraud_warning', params, { owner: params.payment_intent ?? params.charge }),
  }),
  shows('review', 'POST', '/sandbox/payment_intents/:id/review', {
    takes: {},
    run: (work, _params, id) => {
      const intent = work.get('payment_intent', id);
      if (intent.latest_charge === undefined || intent.review !== undefined) {
        throw refused(`PaymentIntent ${id} has no charge to review, or has been up for review.`);
      }
      const reviewed = openReview(work, intent, work.get('charge', intent.latest_charge), 'manual');
      work.save('payment_intent', reviewed.intent);
      return work.get('review', reviewed.intent.review ?? '');
    },
  }),
  shows('early_fraud_warning', 'POST', '/sandbox/charges/:id/warn', {
    takes: { fraud_type: string },
    run: (work, params, id) => warnOfFraud(work, work.get('charge', id), params.fraud_type ?? 'misc'),
  }),
];
