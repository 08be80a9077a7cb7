import { lists, shows } from '../http/endpoint.js';
import { created, pageOfKind } from '../http/pages.js';
import { currencyOf } from '../payments/currencies.js';
import { createPayout, createTransfer, payPayout, returnPayout } from '../payments/payouts.js';
import type { PayoutRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import type { Reader } from '../wire/params.js';
import { integerFrom, mergeMetadata, metadata, oneOf, string, stringUpTo, unsupported } from '../wire/params.js';

const currency: Reader<string> = (raw, param) => currencyOf(string(raw, param));
const sourceType = oneOf('bank_account', 'card', 'fpx');

const creating = {
  amount: integerFrom(1),
  currency,
  description: string,
  destination: string,
  metadata,
  method: oneOf('instant', 'standard'),
  payout_method: unsupported('payouts go to the bank account'),
  source_type: sourceType,
  statement_descriptor: stringUpTo(22),
};

const transferring = {
  amount: integerFrom(1),
  currency,
  description: string,
  destination: string,
  metadata,
  source_transaction: unsupported('transfers are made of what is available'),
  source_type: sourceType,
  transfer_group: string,
};

const outcomes = ['paid', 'failed', 'canceled'] as const;

/** What comes of a payout, also when it seemed to be over. */
const conclude = (
  work: Work,
  payout: PayoutRecord,
  outcome: (typeof outcomes)[number],
  failure_code?: string,
): PayoutRecord => (outcome === 'paid' ? payPayout(work, payout) : returnPayout(work, payout, outcome, failure_code));

const concluding = { failure_code: string, outcome: oneOf(...outcomes) };
const filters = {
  arrival_date: created,
  created,
  destination: string,
  status: oneOf('canceled', 'failed', 'in_transit', 'paid', 'pending'),
};

const base = '/v1/payouts';

export const payouts = [
  shows('payout', 'POST', base, {
    takes: creating,
    requires: ['amount', 'currency'],
    run: (work, params) => createPayout(work, { ...params, metadata: mergeMetadata({}, params.metadata) }),
  }),
  shows('payout', 'GET', `${base}/:id`, { takes: {}, run: (work, _params, id) => work.get('payout', id) }),
  shows('payout', 'POST', `${base}/:id`, {
    takes: { metadata },
    run: (work, params, id) => {
      const payout = work.get('payout', id);
      const changed = work.save('payout', { ...payout, metadata: mergeMetadata(payout.metadata, params.metadata) });
      work.event('payout.updated', 'payout', changed, { metadata: payout.metadata });
      return changed;
    },
  }),
  shows('payout', 'POST', `${base}/:id/cancel`, {
    takes: {},
    run: (work, _params, id) => returnPayout(work, work.get('payout', id), 'canceled'),
  }),
  lists('payout', base, {
    takes: filters,
    run: (work, params) => {
      const { arrival_date: arrival = {}, destination, status } = params;
      return pageOfKind(work, 'payout', params, {
        keep: (payout) =>
          (status === undefined || payout.status === status) &&
          (destination === undefined || payout.destination === destination) &&
          payout.arrival_date >= Math.max(arrival.gte ?? 0, (arrival.gt ?? -1) + 1) &&
          payout.arrival_date <= Math.min(arrival.lte ?? Infinity, (arrival.lt ?? Infinity) - 1),
      });
    },
  }),
  shows('payout', 'POST', '/sandbox/payouts/:id/conclude', {
    takes: concluding,
    requires: ['outcome'],
    run: (work, params, id) => {
      const scope = work.for(work.store.accountOf(id));
      return conclude(scope, scope.get('payout', id), params.outcome, params.failure_code);
    },
  }),
  shows('transfer', 'POST', '/v1/transfers', {
    takes: transferring,
    requires: ['amount', 'currency', 'destination'],
    run: (work, params) => createTransfer(work, { ...params, metadata: mergeMetadata({}, params.metadata) }),
  }),
  shows('transfer', 'GET', '/v1/transfers/:id', {
    takes: {},
    run: (work, _params, id) => work.get('transfer', id),
  }),
  lists('transfer', '/v1/transfers', {
    takes: { created, destination: string, transfer_group: string },
    run: (work, params) => {
      const { destination, transfer_group } = params;
      return pageOfKind(work, 'transfer', params, {
        owner: destination,
        keep: (transfer) => transfer_group === undefined || transfer.transfer_group === transfer_group,
      });
    },
  }),
];
