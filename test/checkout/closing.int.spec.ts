import { payments, setupIntents } from '#command-handling/facts';
import { randomUUID } from 'node:crypto';

import { until } from '../../apps/gateway/testing/clock.js';
import { hear } from '../../apps/gateway/testing/hear.js';
import type { OpenPage } from './shop.js';
import { Shop } from './shop.js';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
  await shop.bench.gateway();
});
afterAll(() => shop?.close());

const savingPage = (): Promise<OpenPage> => shop.page({ mode: 'setup', amount: undefined, currency: undefined });
const expire = ({ session }: OpenPage) =>
  shop.merchant.post(`/v1/checkout-sessions/${session.id}/expire`, undefined, { prefer: 'wait=5' });
const sessionOf = async ({ session }: OpenPage) =>
  (await shop.merchant.get(`/v1/checkout-sessions/${session.id}`)).json;
const taken = async (page: OpenPage) =>
  (await shop.intents(page)).filter(({ amount_received }) => amount_received > 0).length;
const intentOf = (secret: unknown): string => String(secret).split('_secret_')[0] ?? '';

/** What a payer can do beside our page: with the publishable key and a client secret, from their own browser. */
const byThemselves = async (path: string, params: Record<string, string>): Promise<number> =>
  (
    await fetch(`${shop.bench.sandbox.url}${path}`, {
      method: 'POST',
      headers: { authorization: 'Bearer pk_test_sandbox' },
      body: new URLSearchParams(params),
    })
  ).status;

const hearOfPayment = (page: OpenPage, processorPaymentId: string): Promise<unknown> =>
  hear(
    shop.bench.database.pool('billing_webhook_ingest'),
    shop.bench.tenantId,
    payments,
    ['payment', page.session.paymentId],
    {
      ...{ type: 'RequestPaymentLookup', lookupId: randomUUID(), processorPaymentId },
      ...{ reason: 'settlement', at: new Date().toISOString() },
    },
  );

describe('a payment page that the merchant closes', () => {
  it('while its payer pays is never told to be over and charged all the same', async () => {
    const told = new Set<string>();
    const race = async (n: number): Promise<void> => {
      const page = await shop.page();
      const token = await shop.elementsToken();
      const confirming = page.confirm(token);
      await new Promise((resolve) => setTimeout(resolve, (n % 5) * 5));
      const [, closed] = await Promise.all([confirming, expire(page)]);
      const isCharged = (await taken(page)) > 0 || String((await sessionOf(page)).status) === 'complete';
      const isOver = closed.status === 200;
      expect(isOver && isCharged).toBe(false);
      told.add(isOver ? 'over' : String(closed.json.code));
    };
    for (let n = 0; n < 25; n += 5) await Promise.all([0, 1, 2, 3, 4].map((each) => race(n + each)));
    expect([...told].filter((each) => !/^(over|operation_in_progress|checkout_session_complete)$/.test(each))).toEqual(
      [],
    );
  }, 60_000);

  it('is not closed while a token is on its way, and not told to be over', async () => {
    const page = await shop.page();
    await shop.bench.stop();
    const confirming = page.confirm(await shop.elementsToken());
    await until(async () => (await shop.history(page)).length > 1);
    const closed = await expire(page);
    expect([closed.status, closed.json.code]).toEqual([409, 'operation_in_progress']);
    expect((await sessionOf(page)).status).toBe('open');
    await shop.bench.gateway();
    expect((await confirming).json).toEqual({ status: 'succeeded' });
    expect(await sessionOf(page)).toMatchObject({ status: 'complete', paymentStatus: 'paid' });
    const late = await expire(page);
    expect([late.status, late.json.code]).toEqual([409, 'checkout_session_complete']);
  });

  it('while its payer is to act is canceled with the payment, and has no secret any more', async () => {
    const page = await shop.page();
    const begun = await page.confirm(await shop.elementsToken('pm_card_threeDSecure2Required'));
    expect(begun.json.status).toBe('requires_action');
    const closed = await expire(page);
    expect([closed.status, closed.json.status]).toEqual([200, 'expired']);
    expect((await page.status()).json).toEqual({ status: 'expired' });
    expect((await shop.intents(page)).map(({ status }) => status)).toEqual(['canceled']);
  });
});

describe('a page that saves a payment method', () => {
  it('saves one, whatever its payer does with the attempts before', async () => {
    const page = await savingPage();
    const secrets: string[] = [];
    for (let n = 0; n < 2; n += 1) {
      const begun = await page.confirm(await shop.elementsToken('pm_card_threeDSecure2Required'));
      secrets.push(String(begun.json.clientSecret));
      const processorSetupIntentId = intentOf(secrets[n]);
      await shop.bench.stripe.post(`/sandbox/setup_intents/${processorSetupIntentId}/authenticate`, {
        outcome: 'fail',
      });
      const { setupIntentId } = await sessionOf(page);
      await hear(
        shop.bench.database.pool('billing_webhook_ingest'),
        shop.bench.tenantId,
        setupIntents,
        ['setup_intent', String(setupIntentId)],
        {
          ...{ type: 'RequestSetupIntentLookup', lookupId: randomUUID(), processorSetupIntentId },
          ...{ reason: 'failed', at: new Date().toISOString() },
        },
      );
      await until(async () => (await page.status()).text.includes('"failed"'));
    }
    const declined = await page.confirm(await shop.elementsToken('pm_card_chargeDeclined'));
    expect(declined.json.status).toBe('failed');
    const done = await page.confirm(await shop.elementsToken());
    expect(done.json).toEqual({ status: 'succeeded' });
    for (const secret of secrets) {
      const params = { client_secret: secret, confirmation_token: await shop.elementsToken('pm_card_mastercard') };
      expect(await byThemselves(`/v1/setup_intents/${intentOf(secret)}/confirm`, params)).toBe(400);
    }
    const all = await shop.bench.stripe.list<{ status: string; customer: string }>('/v1/setup_intents?limit=100');
    const { processorCustomerIds } = await shop.bench.api.customer(shop.bench.tenantId, page.customerId);
    const own = all.filter(({ customer }) => processorCustomerIds.includes(customer)).map(({ status }) => status);
    expect(own.sort()).toEqual(['canceled', 'canceled', 'canceled', 'succeeded']);
  }, 30_000);

  it('is not closed while its payer is at it', async () => {
    const page = await savingPage();
    await page.confirm(await shop.elementsToken('pm_card_threeDSecure2Required'));
    const closed = await expire(page);
    expect([closed.status, closed.json.code]).toEqual([409, 'operation_in_progress']);
    expect((await sessionOf(page)).status).toBe('open');
  });

  it('is closed for good: nothing is saved on it afterwards', async () => {
    const page = await savingPage();
    expect((await expire(page)).json).toMatchObject({ status: 'expired', url: null, paymentStatus: null });
    const late = await page.confirm(await shop.elementsToken());
    expect([late.status, late.json.code]).toEqual([410, 'checkout_session_expired']);
  });
});

describe('what is told of a page', () => {
  it('is not the link, to whoever may only read', async () => {
    const page = await shop.page();
    const token = await shop.issuer.issue({ role: 'platform_admin' });
    const headers = { authorization: `Bearer ${token}`, 'billing-tenant': shop.bench.tenantId };
    const read = await shop.merchant.call('GET', `/v1/checkout-sessions/${page.session.id}`, { headers });
    expect([read.status, read.json.status, read.json.url]).toEqual([200, 'open', null]);
    expect((await sessionOf(page)).url).toBe(page.session.url);
  });

  it('is that a bank debit is on its way, and once it has failed that nothing was paid; the page stays used', async () => {
    const page = await shop.page();
    await page.confirm(await shop.elementsToken('pm_usBankAccount_accountClosed'));
    expect(await sessionOf(page)).toMatchObject({ status: 'complete', paymentStatus: 'processing' });
    await fetch(`${shop.bench.sandbox.url}/sandbox/settle`, { method: 'POST', body: '{}' });
    const [intent] = await shop.intents(page);
    await hearOfPayment(page, String(intent?.id));
    await until(async () => (await sessionOf(page)).paymentStatus === 'unpaid');
    expect(await sessionOf(page)).toMatchObject({ status: 'complete', url: null });
    expect((await page.status()).json).toEqual({ status: 'expired' });
    const again = await page.confirm(await shop.elementsToken());
    expect([again.status, again.json.code]).toEqual([410, 'checkout_session_complete']);
    expect((await fetch(page.session.url)).status).toBe(410);
  });

  it('is not why a card is refused that a thief may hold', async () => {
    const page = await shop.page();
    const refused = await page.confirm(await shop.elementsToken('pm_card_visa_chargeDeclinedStolenCard'));
    expect(refused.json).toMatchObject({ status: 'failed', error: { code: 'card_declined' } });
    expect(refused.text).not.toContain('stolen');
  });

  it('is how it stands now, also to a token that was brought before', async () => {
    const page = await shop.page();
    const token = await shop.elementsToken('pm_card_chargeDeclined');
    expect((await page.confirm(token)).json.status).toBe('failed');
    expect((await page.confirm(await shop.elementsToken())).json.status).toBe('succeeded');
    expect((await page.confirm(token)).json).toEqual({ status: 'succeeded' });
  });

  it.each(['https://shop.example/\u0000x', 'https://shop.example/\u202egnp', 'https://shop.example/\u0085'])(
    'leads nowhere that hides what it is: %j',
    async (successUrl) => {
      const customerId = await shop.bench.api.createCustomer(shop.bench.tenantId);
      const body = { mode: 'payment', customerId, amount: 500, currency: 'usd', successUrl };
      expect((await shop.merchant.post('/v1/checkout-sessions', body)).status).toBe(400);
    },
  );
});

// Last, for it puts the clock forward.
describe('a gateway that was away', () => {
  it('charges nothing hours later with what was asked and never sent', async () => {
    const page = await shop.page();
    await shop.bench.stop();
    let died = (): void => undefined;
    const death = new Promise<void>((resolve) => (died = resolve));
    await shop.bench.gateway({
      onStep: (step, call) => {
        if (step !== 'taken' || call.request.type !== 'PaymentRequested') return undefined;
        died();
        return new Promise<void>(() => undefined);
      },
    });
    const confirming = page.confirm(await shop.elementsToken());
    await death;
    await shop.bench.stop(0);
    shop.bench.clock.advance(10 * 3_600_000);
    await shop.bench.gateway();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await sessionOf(page)).status).toBe('open');
    shop.bench.clock.advance(16 * 3_600_000);
    await until(async () => (await shop.history(page)).includes('PaymentFailed'), 15_000);
    expect(await shop.intents(page)).toEqual([]);
    expect((await confirming).status).toBe(200);
  }, 40_000);
});
