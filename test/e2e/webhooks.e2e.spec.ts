import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { BalanceView, DisputeView, Page, PaymentMethodView, PaymentView } from '#projections';

import { until } from '../../apps/relay/testing/index.js';
import { compareBooks } from '../kills/books.js';
import { Load } from '../kills/load.js';
import type { Standalone } from '../standalone/index.js';
import { startStandalone, tenantTwo } from '../standalone/index.js';

let standalone: Standalone;
let token: string;

beforeAll(async () => {
  standalone = await startStandalone();
  token = await standalone.token({ tenantId: tenantTwo }); // the load is the other tenant's
}, 90_000);
afterAll(() => standalone.stop(), 60_000);

const post = async <T>(path: string, body: unknown): Promise<T> => {
  const response = await fetch(`${standalone.url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
      prefer: 'wait=10',
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
};

const get = async <T>(path: string): Promise<T> => {
  const response = await fetch(`${standalone.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  return (await response.json()) as T;
};

/** The processor's own API and what its sandbox can be told besides. */
const atProcessor = async <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> => {
  const response = await fetch(`${standalone.sandboxUrl}${path}`, {
    method,
    headers: {
      authorization: 'Bearer sk_test_sandbox',
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
};

/** Payments of this file's own tenant. */
const own: string[] = [];

const charge = async (processorToken: string): Promise<PaymentView> => {
  const { id: customerId } = await post<{ id: string }>('/v1/customers', { email: `${randomUUID()}@example.com` });
  const path = `/v1/customers/${customerId}/payment-methods`;
  const { id: paymentMethodId } = await post<PaymentMethodView>(path, { type: 'card', processorToken });
  const payment = await post<PaymentView>('/v1/payments', {
    amount: 4_999,
    currency: 'usd',
    customerId,
    paymentMethodId,
  });
  own.push(payment.id);
  return payment;
};

const reaches = (paymentId: string, status: PaymentView['status']): Promise<void> =>
  until(
    async () => (await get<PaymentView>(`/v1/payments/${paymentId}`)).status === status,
    20_000,
    `payment ${paymentId} is ${status}`,
  );

interface Money {
  amount: number;
  currency: string;
}

interface Reconciled {
  code: number;
  report: { drift: number; repaired: number };
  output: string;
}

const reconcile = (): Promise<Reconciled> =>
  new Promise((resolve) => {
    const cli = join(process.cwd(), 'dist/apps/cli/main.js');
    const env = { ...process.env, NODE_OPTIONS: '', BILLING_DATA_DIR: standalone.dataDirectory };
    execFile(
      process.execPath,
      [cli, 'reconcile', '--since', '1d', '--json'],
      { env, timeout: 120_000 },
      (error, out, err) => {
        const report = out === '' ? { drift: -1, repaired: -1 } : (JSON.parse(out) as Reconciled['report']);
        resolve({ code: error ? Number(error.code ?? 255) : 0, report, output: out + err });
      },
    );
  });

describe('what the processor tells of its own accord', () => {
  it('finishes 3-D Secure', async () => {
    const payment = await charge('pm_card_authenticationRequired');
    expect(payment.status).toBe('requires_action');
    const intent = String(payment.processorPaymentId);
    await atProcessor('POST', `/sandbox/payment_intents/${intent}/authenticate`, { outcome: 'succeed' });
    await reaches(payment.id, 'succeeded');
  }, 60_000);

  it('opens a dispute, which evidence wins', async () => {
    const payment = await charge('pm_card_createDispute');
    await reaches(payment.id, 'disputed');
    const ofPayment = async (): Promise<DisputeView | undefined> =>
      (await get<Page<DisputeView>>(`/v1/disputes?paymentId=${payment.id}`)).data[0];
    await until(async () => (await ofPayment())?.fundsWithdrawn === true, 20_000, 'the dispute is listed');
    const dispute = await ofPayment();
    expect(dispute).toMatchObject({ status: 'needs_response', amount: 4_999, currency: 'usd', paymentId: payment.id });
    await post(`/v1/disputes/${dispute?.id ?? ''}/evidence`, {
      evidence: { uncategorizedText: 'winning_evidence' },
      submit: true,
    });
    await reaches(payment.id, 'succeeded');
    await until(async () => (await ofPayment())?.status === 'won', 20_000, 'the dispute is shown as won');
  }, 90_000);

  it('and reconciliation bring both sides to the same books, although processes die and webhooks are dropped', async () => {
    const load = await Load.begin(standalone, { workers: 4, pauseMs: 50 });
    for (const part of ['front', 'back', 'sandbox'] as const) {
      await sleep(1_000);
      await atProcessor('POST', '/sandbox/webhooks', { fault: 'drop', match: { times: 40 } });
      await atProcessor('POST', '/sandbox/webhooks', { fault: 'duplicate', match: { times: 20 } });
      await standalone.kill(part);
      await standalone.whenReady();
    }
    const challenged = await charge('pm_card_authenticationRequired');
    await atProcessor('POST', '/sandbox/webhooks', { fault: 'drop', match: { type: 'payment_intent.*', times: 10 } });
    await atProcessor('POST', '/sandbox/webhooks', { fault: 'drop', match: { type: 'charge.*', times: 10 } });
    const intent = String(challenged.processorPaymentId);
    await atProcessor('POST', `/sandbox/payment_intents/${intent}/authenticate`, { outcome: 'succeed' });
    await load.whenMoreThan(10);
    const settled = await load.finish();
    expect((await get<PaymentView>(`/v1/payments/${challenged.id}`)).status).toBe('requires_action');

    const first = await reconcile();
    expect([first.code, first.output]).toEqual([0, first.output]);
    expect(first.report.repaired).toBeGreaterThan(0);
    await reaches(challenged.id, 'succeeded');
    await load.whenProjected();
    const differences = await compareBooks(standalone, load, settled);
    expect(differences.filter((line) => !own.some((id) => line.startsWith(id)))).toEqual([]);

    await until(async () => (await reconcile()).report.repaired === 0, 60_000, 'nothing is left to repair');
    const ours = [...(await load.balances()), ...(await get<{ data: BalanceView[] }>('/v1/balances')).data]
      .filter(({ currency }) => currency === 'usd')
      .reduce((sum, { accounts }) => sum + (accounts.processor_balance ?? 0), 0);
    const { available, pending } = await atProcessor<Record<'available' | 'pending', Money[]>>('GET', '/v1/balance');
    const theirs = [...available, ...pending]
      .filter(({ currency }) => currency === 'usd')
      .reduce((sum, { amount }) => sum + amount, 0);
    expect(ours).toBe(theirs);
  }, 240_000);
});
