import { lists, shows } from '../http/endpoint.js';
import { assertKnown, created, pageOfIds, pageOfKind } from '../http/pages.js';
import type { ChargeRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { invalidParameter, refused } from '../wire/errors.js';
import { hash, mergeMetadata, metadata, oneOf, shipping, string, unsettable } from '../wire/params.js';

const updating = {
  customer: string,
  description: string,
  fraud_details: hash({ user_report: unsettable(oneOf('fraudulent', 'safe')) }),
  metadata,
  receipt_email: string,
  shipping,
  transfer_group: string,
};

const update = (
  work: Work,
  params: { [K in keyof typeof updating]?: ReturnType<(typeof updating)[K]> },
  id: string,
): ChargeRecord => {
  const charge = work.get('charge', id);
  const { customer, fraud_details, metadata: change, ...rest } = params;
  if (customer !== undefined && charge.customer !== undefined && customer !== charge.customer) {
    throw refused('You cannot change the customer of a charge that has one.', undefined, 'customer');
  }
  if (customer !== undefined) {
    work.get('customer', customer, 'customer');
    work.link(customer, id);
  }
  const updated = work.save('charge', {
    ...charge,
    ...Object.fromEntries(Object.entries(rest).filter(([name]) => name !== 'expand')),
    ...(customer !== undefined && { customer }),
    ...(fraud_details && { fraud_user_report: fraud_details.user_report ?? undefined }),
    metadata: mergeMetadata(charge.metadata, change),
  });
  work.event('charge.updated', 'charge', updated);
  return updated;
};

const base = '/v1/charges';

export const charges = [
  shows('charge', 'GET', `${base}/:id`, { takes: {}, run: (work, _params, id) => work.get('charge', id) }),
  shows('charge', 'POST', `${base}/:id`, { takes: updating, run: update }),
  lists('charge', base, {
    takes: { created, customer: string, payment_intent: string, transfer_group: string },
    run: (work, params) => {
      const { payment_intent, customer, transfer_group } = params;
      assertKnown(work, 'customer', customer, 'customer');
      if (payment_intent === undefined) {
        const keep = (charge: ChargeRecord) => transfer_group === undefined || charge.transfer_group === transfer_group;
        return pageOfKind(work, 'charge', params, { owner: customer, keep });
      }
      if (customer !== undefined || transfer_group !== undefined) {
        throw invalidParameter(
          'payment_intent',
          'A list of charges can be filtered by one of customer, payment_intent, transfer_group.',
        );
      }
      const intent = work.get('payment_intent', payment_intent, 'payment_intent');
      return pageOfIds(work, 'charge', params, [...(intent.earlier_charges ?? []), intent.latest_charge ?? []].flat());
    },
  }),
];
