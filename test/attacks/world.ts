import type { ActionName } from '#access';
import { randomUUID } from 'node:crypto';

import { disputed } from '../../apps/api/testing/disputed.js';
import type { Payer } from '../../apps/api/testing/payer.js';
import { charged, createPayer } from '../../apps/api/testing/payer.js';
import type { Reply } from '../../apps/api/testing/call.js';
import type { RunningApi, TestTenant } from '../../apps/api/testing/running-api.js';
import { tenantAt } from '../../apps/api/testing/running-api.js';
import { SealedLog } from '../../apps/api/testing/sealed-log.js';

/** What there is in the tenant that is attacked: of each thing one to which something could be done. */
export interface World {
  owner: TestTenant;
  payer: Payer;
  unpaid: string;
  declined: string;
  held: string;
  paid: string;
  refundable: string;
  refund: string;
  dispute: string;
  /** A setup that waits for its payer, and a payment method that may go. */
  setup: string;
  spare: string;
  /** A payment whose payer has an action to finish. */
  waiting: string;
  /** A checkout session, and another one; a link of each. */
  session: string;
  link: string;
  otherLink: string;
  account: string;
  /** An event that is in the audit log. */
  event: string;
  /** A tenant to suspend and one to reinstate. */
  active: string;
  suspended: string;
}

const at = '2026-11-02T10:00:00.000Z';

export const createWorld = async (api: RunningApi): Promise<World> => {
  const owner = await api.tenant();
  const payer = await createPayer(api, owner);
  const terms = { amount: 5_000, currency: 'usd' };
  const idOf = async (reply: Promise<Reply>): Promise<string> => (await reply).json.id as string;
  const paid = await charged(api, owner, payer);
  const declined = await idOf(owner.post('/v1/payments', { ...terms, ...payer }));
  await api.processor.report(owner.id, declined, { type: 'RecordFailure', attempt: 1, code: 'card_declined', at });
  const admin = tenantAt(api.url, owner.id, await api.tokenFor({ role: 'platform_admin', mfa: true }));
  const account = { processorAccountId: `acct_${randomUUID().slice(0, 8)}` };
  const waiting = await idOf(owner.post('/v1/payments', { ...terms, ...payer }));
  await api.processor.asksForAction(owner.id, waiting, 'pi_1_secret_1');
  const page = { mode: 'payment', ...terms, customerId: payer.customerId };
  const sessions = await Promise.all([1, 2].map(() => owner.post('/v1/checkout-sessions', page)));
  const [link = '', otherLink = ''] = sessions.map(({ json }) => String(json.url).split('/').at(-1) ?? '');
  const world = {
    ...{ owner, payer, paid, declined, waiting, link, otherLink },
    session: sessions[0]?.json.id as string,
    unpaid: await idOf(owner.post('/v1/payments', { ...terms, customerId: payer.customerId })),
    refundable: await charged(api, owner, payer),
    held: await charged(api, owner, payer, { captureMethod: 'manual' }),
    refund: await idOf(owner.post(`/v1/payments/${paid}/refunds`, { amount: 100 })),
    dispute: await disputed(api, owner, await charged(api, owner, payer)),
    setup: await idOf(owner.post('/v1/setup-intents', { customerId: payer.customerId })),
    spare: (await createPayer(api, owner, `${randomUUID()}@example.com`)).paymentMethodId,
    account: await idOf(admin.post('/v1/connected-accounts', account, { 'billing-tenant': owner.id })),
    event: (JSON.parse((await owner.get('/v1/events?limit=1')).text) as { eventId: string }).eventId,
    active: (await api.tenant()).id,
    suspended: (await api.tenant()).id,
  };
  await admin.post(`/v1/tenants/${world.suspended}/suspend`, { reason: 'TEST-1' });
  await (await SealedLog.of(api)).seal();
  await api.caughtUp();
  return world;
};

/** What is sent for an action: to which thing, and with which body. */
export interface Sample {
  id?: string;
  body?: object;
}

const email = () => ({ email: `${randomUUID()}@example.com` });
const card = { type: 'card', processorToken: 'pm_card_visa' };
const evidence = { evidence: { uncategorizedText: 'it was delivered' } };

/** Of every action that has a caller: a request with which its rightful caller gets what they want. */
export const samplesOf = (world: World): Partial<Record<ActionName, Sample>> => ({
  'customers.create': { body: email() },
  'customers.list': {},
  'customers.get': { id: world.payer.customerId },
  'customers.set-default-payment-method': {
    id: world.payer.customerId,
    body: { paymentMethodId: world.payer.paymentMethodId },
  },
  'payment-methods.attach': { id: world.payer.customerId, body: card },
  'payment-methods.list': { id: world.payer.customerId },
  'payment-methods.get': { id: world.payer.paymentMethodId },
  'payment-methods.detach': { id: world.spare, body: {} },
  'setup-intents.create': { body: { customerId: world.payer.customerId } },
  'setup-intents.get': { id: world.setup },
  'payments.create': { body: { amount: 1_999, currency: 'usd', ...world.payer } },
  'payments.confirm': { id: world.declined, body: {} },
  'payments.capture': { id: world.held, body: {} },
  'payments.cancel': { id: world.unpaid, body: {} },
  'payments.list': {},
  'payments.get': { id: world.paid },
  'payments.history': { id: world.paid },
  'payments.next-action': { id: world.waiting },
  'refunds.create': { id: world.refundable, body: { amount: 100 } },
  'refunds.list': {},
  'refunds.get': { id: world.refund },
  'disputes.submit-evidence': { id: world.dispute, body: evidence },
  'disputes.list': {},
  'disputes.get': { id: world.dispute },
  'checkout-sessions.create': {
    body: { mode: 'payment', amount: 1_999, currency: 'usd', customerId: world.payer.customerId },
  },
  'checkout-sessions.get': { id: world.session },
  'checkout-sessions.expire': { id: world.session, body: {} },
  'balances.list': {},
  'events.list': {},
  'audit.proof': { id: world.event },
  'audit.openings': {},
  'connected-accounts.link': { body: { processorAccountId: `acct_${randomUUID().slice(0, 8)}` } },
  'connected-accounts.get': { id: world.account },
  'tenants.add': { body: { name: 'Acme' } },
  'tenants.list': {},
  'tenants.get': { id: world.active },
  'tenants.suspend': { id: world.active, body: { reason: 'TEST-2' } },
  'tenants.reinstate': { id: world.suspended, body: { reason: 'TEST-3' } },
});
