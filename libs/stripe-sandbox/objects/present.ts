/** Records as the objects of the API, with what the request wants expanded. */
import type { EventRecord, Kind, RecordOf } from '../state/records.js';
import { kindOf } from '../state/records.js';
import type { Work } from '../state/work.js';
import type { ExpandTree } from '../wire/expand.js';
import { expandableKinds } from '../wire/expand.js';
import { presentAccount, presentPayout, presentTransfer } from './accounts.js';
import { presentCharge } from './charge.js';
import { presentConfirmationToken } from './confirmation-token.js';
import { presentCustomer } from './customer.js';
import { presentDispute, presentEarlyFraudWarning, presentReview } from './disputes.js';
import { presentPaymentIntent, presentSetupIntent } from './intents.js';
import { presentBalanceTransaction, presentRefund } from './money-movements.js';
import { isThin, presentThinEvent } from './thin-event.js';
import { presentPaymentMethod } from './payment-method.js';
import { API_VERSION } from './version.js';
import { presentWebhookEndpoint } from './webhook-endpoint.js';

export { API_VERSION } from './version.js';

export type Wire = Record<string, unknown>;

/** Of refunds within a charge, as at Stripe. */
const NESTED_LIST = 10;

const presenters: { [K in Kind]: (record: RecordOf[K], work: Work) => Wire } = {
  customer: presentCustomer,
  payment_method: presentPaymentMethod,
  confirmation_token: presentConfirmationToken,
  setup_intent: presentSetupIntent,
  payment_intent: presentPaymentIntent,
  charge: presentCharge,
  refund: presentRefund,
  balance_transaction: presentBalanceTransaction,
  dispute: presentDispute,
  review: presentReview,
  early_fraud_warning: presentEarlyFraudWarning,
  account: presentAccount,
  transfer: presentTransfer,
  payout: presentPayout,
  webhook_endpoint: presentWebhookEndpoint,
  event: (event, work) => (isThin(event) ? presentThinEvent(event) : presentEvent(event, work)),
};

const presentEvent = (event: EventRecord, work: Work): Wire => ({
  id: event.id,
  object: 'event',
  ...(event.account !== undefined && { account: event.account }),
  api_version: API_VERSION,
  created: event.created,
  data: {
    object: objectOf(event, work),
    ...(event.previous_attributes && { previous_attributes: event.previous_attributes }),
  },
  livemode: false,
  pending_webhooks: work.store.deliveries.pending(event.id),
  request: { id: event.request_id, idempotency_key: event.idempotency_key },
  type: event.type,
});

const objectOf = ({ kind, record }: EventRecord, work: Work): Wire =>
  kind === 'given' ? (record as Wire) : present(kind, record as RecordOf[Kind], work);

const refundsOf = (chargeId: string, work: Work, tree: ExpandTree): Wire => {
  const data: Wire[] = [];
  const all = { after: 're_', before: 're`', order: 'newest' } as const;
  let has_more = false;
  const records: RecordOf['refund'][] = [];
  for (const refund of work.store.objects('refund', all, chargeId)) {
    has_more = records.length === NESTED_LIST;
    if (has_more) break;
    records.push(refund);
  }
  for (const refund of records) data.push(present('refund', refund, work, tree));
  return { object: 'list', data, has_more, url: `/v1/charges/${chargeId}/refunds` };
};

const expanded = (kind: Kind, id: string, field: string, work: Work, tree: ExpandTree): unknown => {
  const target = kindOf(id);
  if (!target || !expandableKinds(kind, field)?.includes(target)) return id;
  const record = work.find(target, id);
  return record ? present(target, record, work, tree) : id;
};

/** The object of the API for `record`. `tree` comes from expandTree, which has checked it. */
export const present = <K extends Kind>(kind: K, record: RecordOf[K], work: Work, tree: ExpandTree = {}): Wire => {
  const wire = presenters[kind](record, work);
  for (const field in tree) {
    const branch = tree[field] ?? {};
    const value = wire[field];
    if (field === 'refunds') wire[field] = refundsOf(record.id, work, branch);
    else if (typeof value === 'string') wire[field] = expanded(kind, value, field, work, branch);
  }
  return wire;
};
