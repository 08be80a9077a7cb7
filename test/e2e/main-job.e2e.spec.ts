import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { BalanceView, PaymentMethodView, PaymentView, RefundView } from '#projections';

import { openingsIn } from '../../apps/cli/audit/verify/sources/openings.js';
import { fsckAccepts, fsckIsAbsent, fsckIsHere } from '../audit-judges/fsck.js';
import type { Standalone } from '../standalone/index.js';
import { startStandalone, tenantTwo } from '../standalone/index.js';

let standalone: Standalone;
let token: string;
let refundToken: string;

beforeAll(async () => {
  standalone = await startStandalone();
  token = await standalone.token();
  refundToken = await standalone.token({ mfa: true });
}, 90_000);
afterAll(() => standalone.stop(), 60_000);

const hasFsck = await fsckIsHere();
const withoutFsck = !hasFsck && !process.env.CI;
if (withoutFsck) process.stderr.write(`skipped: ${fsckIsAbsent}\n`);

interface Answered<T> {
  status: number;
  headers: Headers;
  body: T;
}

const answered = async <T>(response: Response): Promise<Answered<T>> => ({
  status: response.status,
  headers: response.headers,
  body: (await response.json()) as T,
});

const post = async <T>(
  path: string,
  body: unknown,
  { key = `${randomUUID()}`, as = token, wait = 10 } = {},
): Promise<Answered<T>> =>
  answered<T>(
    await fetch(`${standalone.url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${as}`,
        'content-type': 'application/json',
        'idempotency-key': key,
        prefer: `wait=${wait}`,
      },
      body: JSON.stringify(body),
    }),
  );

const get = async <T>(path: string, { as = token, minPosition = '' } = {}): Promise<Answered<T>> =>
  answered<T>(
    await fetch(`${standalone.url}${path}`, {
      headers: { authorization: `Bearer ${as}`, ...(minPosition && { 'billing-min-position': minPosition }) },
    }),
  );

const payer = async (processorToken = 'pm_card_visa'): Promise<{ customerId: string; paymentMethodId: string }> => {
  const customer = await post<{ id: string }>('/v1/customers', { email: `${randomUUID()}@example.com` });
  const path = `/v1/customers/${customer.body.id}/payment-methods`;
  const card = await post<PaymentMethodView>(path, { type: 'card', processorToken });
  return { customerId: customer.body.id, paymentMethodId: card.body.id };
};

interface Intent {
  metadata: { paymentId?: string };
  amount_received: number;
  amount_refunded: number;
  successful_charges: number;
}

/** What the sandbox's own records hold for a payment. */
const intentsOf = async (paymentId: string): Promise<Intent[]> => {
  const summary = await fetch(`${standalone.sandboxUrl}/sandbox/summary?limit=1000`);
  const { data } = (await summary.json()) as { data: Intent[] };
  return data.filter(({ metadata }) => metadata.paymentId === paymentId);
};

describe('the main job, on the standalone', () => {
  it('charges, and shows the same in the answer and in the read model', async () => {
    const charge = await post<PaymentView>('/v1/payments', {
      amount: 4_999,
      currency: 'usd',
      orderId: 'order-1',
      ...(await payer()),
    });
    expect(charge).toMatchObject({ status: 201, body: { status: 'succeeded', amountCaptured: 4_999 } });
    const shown = await get<PaymentView>(`/v1/payments/${charge.body.id}`, {
      minPosition: charge.headers.get('billing-position') ?? '',
    });
    expect(shown.body).toEqual(charge.body);
    const listed = await get<{ data: PaymentView[] }>('/v1/payments?orderId=order-1&status=succeeded');
    expect(listed.body.data).toEqual([charge.body]);
  });

  it('authorizes, captures a part and releases the rest', async () => {
    const held = await post<PaymentView>('/v1/payments', {
      amount: 10_000,
      currency: 'eur',
      captureMethod: 'manual',
      ...(await payer()),
    });
    expect(held.body).toMatchObject({ status: 'authorized', amountCapturable: 10_000 });
    const captured = await post<PaymentView>(`/v1/payments/${held.body.id}/capture`, { amount: 6_500 });
    expect(captured).toMatchObject({
      status: 200,
      body: { status: 'succeeded', amountCaptured: 6_500, amountCapturable: 0 },
    });
    expect(await post(`/v1/payments/${held.body.id}/capture`, {})).toMatchObject({
      status: 409,
      body: { code: 'payment_not_capturable' },
    });
  });

  it('cancels what is only authorized', async () => {
    const held = await post<PaymentView>('/v1/payments', {
      amount: 700,
      currency: 'usd',
      captureMethod: 'manual',
      ...(await payer()),
    });
    expect(await post(`/v1/payments/${held.body.id}/cancel`, { reason: 'abandoned' })).toMatchObject({
      status: 200,
      body: { status: 'canceled' },
    });
  });

  it('refunds in parts, with step-up, and never more than was captured', async () => {
    const charge = await post<PaymentView>('/v1/payments', { amount: 3_000, currency: 'usd', ...(await payer()) });
    const path = `/v1/payments/${charge.body.id}/refunds`;
    const refused = await post<{ code: string }>(path, { amount: 1_000 });
    expect(refused).toMatchObject({ status: 401, body: { code: 'insufficient_user_authentication' } });
    expect(refused.headers.get('www-authenticate')).toContain('insufficient_user_authentication');
    const first = await post<RefundView>(path, { amount: 1_000 }, { as: refundToken });
    expect(first).toMatchObject({ status: 201, body: { status: 'succeeded', amount: 1_000 } });
    expect(await post(path, { amount: 2_001 }, { as: refundToken })).toMatchObject({
      status: 422,
      body: { code: 'refund_exceeds_captured' },
    });
    const key = randomUUID();
    const rest = await post<RefundView>(path, {}, { as: refundToken, key });
    expect(rest.body).toMatchObject({ status: 'succeeded', amount: 2_000 });
    // A retried full refund is the same refund, not one too many.
    const again = await post<RefundView>(path, {}, { as: refundToken, key });
    expect(again).toMatchObject({ status: 201, body: rest.body });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await intentsOf(charge.body.id)).toMatchObject([{ amount_received: 3_000, amount_refunded: 3_000 }]);
  });

  it('answers a decline as a payment, and confirms it again with another card', async () => {
    const bad = await payer('pm_card_chargeCustomerFail');
    const declined = await post<PaymentView>('/v1/payments', { amount: 1_500, currency: 'usd', ...bad });
    expect(declined).toMatchObject({ status: 201, body: { status: 'failed', failure: { code: 'card_declined' } } });
    const path = `/v1/customers/${bad.customerId}/payment-methods`;
    const good = await post<PaymentMethodView>(path, { type: 'card', processorToken: 'pm_card_mastercard' });
    const confirmed = await post<PaymentView>(`/v1/payments/${declined.body.id}/confirm`, {
      paymentMethodId: good.body.id,
    });
    expect(confirmed).toMatchObject({ status: 200, body: { status: 'succeeded', attempt: 2 } });
    expect(await post(path, { type: 'card', processorToken: 'pm_card_chargeDeclined' })).toMatchObject({
      status: 422,
      body: { code: 'card_declined' },
    });
  });

  it('asks for the action that a card needs', async () => {
    const paid = await post<PaymentView>('/v1/payments', {
      amount: 900,
      currency: 'usd',
      ...(await payer('pm_card_authenticationRequired')),
    });
    expect(paid).toMatchObject({ status: 201, body: { status: 'requires_action' } });
    expect(paid.body.nextAction).not.toBeNull();
  });

  it('makes one payment, one charge and a hundred equal answers of a hundred requests with one key', async () => {
    const body = { amount: 2_500, currency: 'usd', ...(await payer()) };
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => post<PaymentView>('/v1/payments', body, { key })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(99);
    expect(await intentsOf(answers[0]?.body.id ?? '')).toMatchObject([
      { amount_received: 2_500, successful_charges: 1 },
    ]);
  });

  it('answers 202 to those who do not wait, and the outcome to those who ask again', async () => {
    const body = { amount: 800, currency: 'usd', ...(await payer()) };
    const key = randomUUID();
    const early = await post<PaymentView>('/v1/payments', body, { key, wait: 0 });
    expect(early).toMatchObject({ status: 202, body: { status: 'processing' } });
    expect(await post<PaymentView>('/v1/payments', body, { key })).toMatchObject({
      status: 201,
      body: { id: early.body.id, status: 'succeeded' },
    });
  });

  it("knows nothing of another tenant's", async () => {
    const charge = await post<PaymentView>('/v1/payments', { amount: 600, currency: 'usd', ...(await payer()) });
    const other = await standalone.token({ tenantId: tenantTwo, mfa: true });
    expect(await get(`/v1/payments/${charge.body.id}`, { as: other })).toMatchObject({ status: 404 });
    expect(await post(`/v1/payments/${charge.body.id}/refunds`, {}, { as: other })).toMatchObject({ status: 404 });
    expect(await post(`/v1/payments/${charge.body.id}/capture`, {}, { as: other })).toMatchObject({ status: 404 });
  });

  it('keeps books that sum to zero in every currency', async () => {
    const balances = await get<{ data: BalanceView[] }>('/v1/balances');
    expect(balances.body.data.map(({ currency }) => currency)).toEqual(['eur', 'usd']);
    for (const { accounts } of balances.body.data) {
      expect(Object.values(accounts).reduce((sum, amount) => sum + amount, 0)).toBe(0);
    }
  });
});

describe('the audit log of all that was charged', () => {
  interface Told {
    eventId: string;
    type: string;
  }
  const told = async (): Promise<Told[]> => {
    const response = await fetch(`${standalone.url}/v1/events?limit=1000`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return (await response.text())
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Told);
  };
  const billing = (...args: string[]) =>
    promisify(execFile)(process.execPath, ['dist/apps/cli/main.js', 'audit', ...args], {
      env: { ...process.env, NODE_OPTIONS: '', BILLING_ENV: 'development', BILLING_DATA_DIR: standalone.dataDirectory },
      timeout: 60_000,
    });
  let directory: string;
  let events: Told[];

  beforeAll(async () => {
    directory = join(standalone.dataDirectory, 'export');
    events = await told();
    // A receipt is there once the event is sealed and signed for; positions of a shard are sealed in their order.
    const proof = `${standalone.url}/v1/audit/events/${events.at(-1)?.eventId}/proof`;
    const response = await fetch(proof, { headers: { authorization: `Bearer ${token}`, prefer: 'wait=20' } });
    expect(response.status).toBe(200);
    await writeFile(join(standalone.dataDirectory, 'last.tlog-proof'), await response.text());
    await billing('export', '--quiet', '--dir', directory, '--openings');
  }, 90_000);

  it('has every event that the tenant was told of, each sealed as it is', async () => {
    const receipt = join(standalone.dataDirectory, 'last.tlog-proof');
    const own = ['--dir', directory, '--vkey', join(directory, 'vkey'), '--all-events', '--receipt', receipt];
    const { stdout } = await billing('verify', '--quiet', '--json', ...own);
    const { log } = JSON.parse(stdout) as { log: { size: number; events: { opened: number } } };
    expect(log.events.opened).toBe(log.size);
    const sealed = new Set<string>();
    for (let bundle = 0; bundle * 256 < log.size; bundle += 1) {
      const path = join(directory, 'openings', `${String(bundle).padStart(3, '0')}.ndjson`);
      for (const { opening } of openingsIn(await readFile(path, 'utf8'), path)) {
        sealed.add((JSON.parse(Buffer.from(opening.event).toString()) as Told).eventId);
      }
    }
    expect(events.filter(({ type }) => type === 'PaymentCaptured').length).toBeGreaterThan(5);
    expect(events.filter(({ eventId }) => !sealed.has(eventId))).toEqual([]);
  }, 90_000);

  (withoutFsck ? it.skip : it)("is accepted by Tessera's fsck", async () => {
    if (!hasFsck) throw new Error(fsckIsAbsent);
    expect(await fsckAccepts(directory, join(directory, 'vkey'))).toBe(true);
  });
});

describe('npm run demo', () => {
  it('plays its story on a standalone of its own and exits 0', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['dist/apps/cli/main.js', 'demo'], {
      env: { ...process.env, NODE_OPTIONS: '' },
      timeout: 90_000,
    });
    for (const part of [
      'A partial capture',
      'A refund, with step-up',
      'A decline',
      'Idempotency-Replayed',
      'PaymentCaptured',
      'tenant_payable',
      'Verified offline, with the key    RefundSucceeded is sealed',
    ]) {
      expect(stdout).toContain(part);
    }
  }, 100_000);
});
