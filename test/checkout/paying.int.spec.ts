import { until } from '../../apps/gateway/testing/clock.js';
import type { OpenPage } from './shop.js';
import { Shop } from './shop.js';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
  await shop.bench.gateway();
});
afterAll(() => shop?.close());

const paid = ['PaymentCreated', 'ConfirmationTokenPresented', 'ConfirmationTokenInspected', 'PaymentRequested'];

const expectOneCharge = async (page: OpenPage, amount = 1_999): Promise<void> => {
  await shop.bench.idle();
  const taken = (await shop.intents(page)).filter(({ amount_received }) => amount_received > 0);
  expect(taken).toMatchObject([{ amount_received: amount }]);
};

describe('a payer', () => {
  it('pays with a card: the token is looked at first, then charged, and nothing of it is in an event', async () => {
    const page = await shop.page({ orderId: 'order-7' });
    expect((await page.status()).json).toEqual({ status: 'open' });
    const token = await shop.elementsToken();
    const reply = await page.confirm(token);
    expect([reply.status, reply.json]).toEqual([200, { status: 'succeeded' }]);
    expect(await shop.history(page)).toEqual([...paid, 'PaymentCaptured', 'SettlementRecorded'].slice(0, 6));
    await expectOneCharge(page);
    const events = await shop.bench.api.events(shop.bench.tenantId, page.session.paymentId);
    expect(events[2]).toMatchObject({
      methodKind: 'card',
      fingerprint: expect.stringMatching(/^[\w-]{43}$/) as string,
    });
    expect(JSON.stringify(events)).not.toMatch(/ctoken_|4242|secret/);
    const session = await shop.merchant.get(`/v1/checkout-sessions/${page.session.id}`);
    expect(session.json).toMatchObject({ status: 'complete', url: null, paymentId: page.session.paymentId });
    const payment = await shop.merchant.get(`/v1/payments/${page.session.paymentId}`);
    expect(payment.json).toMatchObject({ status: 'succeeded', paymentMethodId: null, orderId: 'order-7' });
  });

  it('is recognised by the same card again, within the tenant', async () => {
    const fingerprintOf = async (method: string) => {
      const page = await shop.page();
      await page.confirm(await shop.elementsToken(method));
      const events = await shop.bench.api.events(shop.bench.tenantId, page.session.paymentId);
      return events.flatMap((event) => (event.type === 'ConfirmationTokenInspected' ? [event.fingerprint] : []))[0];
    };
    const [visa, again, mastercard] = [
      await fingerprintOf('pm_card_visa'),
      await fingerprintOf('pm_card_visa'),
      await fingerprintOf('pm_card_mastercard'),
    ];
    expect(visa).toBe(again);
    expect(visa).not.toBe(mastercard);
  });

  it('whose card is declined is told why, and pays with another one', async () => {
    const page = await shop.page();
    const declined = await page.confirm(await shop.elementsToken('pm_card_chargeDeclinedInsufficientFunds'));
    expect(declined.json).toMatchObject({
      status: 'failed',
      error: {
        code: 'card_declined',
        declineCode: 'insufficient_funds',
        message: expect.stringContaining('not enough') as string,
      },
    });
    expect((await page.status()).json).toEqual(declined.json);
    const again = await page.confirm(await shop.elementsToken());
    expect(again.json).toEqual({ status: 'succeeded' });
    await expectOneCharge(page);
  });

  it('pays from a bank account, which takes days, and is done all the same', async () => {
    const page = await shop.page();
    const reply = await page.confirm(await shop.elementsToken('pm_usBankAccount_success'));
    expect(reply.json).toEqual({ status: 'processing' });
    expect((await shop.merchant.get(`/v1/checkout-sessions/${page.session.id}`)).json).toMatchObject({
      status: 'complete',
    });
  });

  it('who only chose a card cannot bring something else past the page', async () => {
    const page = await shop.page({ paymentMethodTypes: ['card'] });
    const reply = await page.confirm(await shop.elementsToken('pm_usBankAccount_success'));
    expect(reply.json).toMatchObject({ status: 'failed', error: { code: 'payment_method_type_not_allowed' } });
    expect(await shop.intents(page)).toEqual([]);
  });

  it('whose token the processor does not know is charged nothing and tries again', async () => {
    const page = await shop.page();
    const reply = await page.confirm('ctoken_nobodyKnowsThisOne');
    expect(reply.json).toMatchObject({ status: 'failed', error: { code: 'confirmation_token_unknown' } });
    expect((await page.confirm(await shop.elementsToken())).json).toEqual({ status: 'succeeded' });
    await expectOneCharge(page);
  });

  it('who has to show that it is them gets what their browser goes on with, and nobody else can start beside them', async () => {
    const page = await shop.page();
    const reply = await page.confirm(await shop.elementsToken('pm_card_threeDSecure2Required'));
    expect(reply.json).toEqual({
      status: 'requires_action',
      clientSecret: expect.stringMatching(/^pi_\w+_secret_\w+$/) as string,
    });
    expect((await page.status()).json).toEqual(reply.json);
    const other = await page.confirm(await shop.elementsToken());
    expect([other.status, other.json.code]).toEqual([409, 'payment_not_confirmable']);
    const next = await shop.merchant.get(`/v1/payments/${page.session.paymentId}/next-action`);
    expect(next.json).toEqual({
      type: expect.any(String) as string,
      clientSecret: reply.json.clientSecret,
      expiresAt: expect.any(String) as string,
    });
    const { rows } = await shop.bench.database.admin.query('select sealed from billing.client_secret');
    expect(JSON.stringify(rows)).not.toContain('_secret_');
  });
});

describe('never two charges', () => {
  it('for a double click: the same token at once, and a lost answer asked for again', async () => {
    const page = await shop.page();
    const token = await shop.elementsToken();
    const replies = await Promise.all(Array.from({ length: 8 }, () => page.confirm(token)));
    for (const reply of [...replies, await page.confirm(token)])
      expect([reply.status, reply.json]).toEqual([200, { status: 'succeeded' }]);
    await expectOneCharge(page);
    expect((await shop.history(page)).filter((type) => type === 'PaymentRequested')).toHaveLength(1);
  });

  it('for two tabs at once: one goes on, the other is told to wait and sees what became of it', async () => {
    const page = await shop.page();
    const tokens = await Promise.all(Array.from({ length: 6 }, () => shop.elementsToken()));
    const replies = await Promise.all(tokens.map((token) => page.confirm(token)));
    expect(replies.filter(({ status }) => status === 200)).toMatchObject([{ json: { status: 'succeeded' } }]);
    for (const { status, json } of replies.filter((reply) => reply.status !== 200))
      expect([status === 409 ? json.code : String(status)]).toEqual([
        expect.stringMatching(/^(operation_in_progress|payment_not_confirmable|410)$/) as string,
      ]);
    expect((await page.status()).json).toEqual({ status: 'succeeded' });
    await expectOneCharge(page);
  });

  it('for a page that was paid on: it is over, and its token is answered as before', async () => {
    const page = await shop.page();
    const token = await shop.elementsToken();
    await page.confirm(token);
    const other = await page.confirm(await shop.elementsToken());
    expect([other.status, other.json.code]).toEqual([410, 'checkout_session_complete']);
    expect((await page.confirm(token)).json).toEqual({ status: 'succeeded' });
    await expectOneCharge(page);
  });

  it('for a merchant who confirms the same payment by the api at the same time', async () => {
    const page = await shop.page();
    const own = await shop.bench.payer('pm_card_visa');
    const [token, another] = [await shop.elementsToken(), await shop.elementsToken()];
    const path = `/v1/payments/${page.session.paymentId}/confirm`;
    const replies = await Promise.all([
      page.confirm(token),
      shop.merchant.post(path, { confirmationToken: another }, { prefer: 'wait=5' }),
      shop.merchant.post(path, { paymentMethodId: own.paymentMethodId }, { prefer: 'wait=5' }),
    ]);
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await page.status()).json).toEqual({ status: 'succeeded' });
    await expectOneCharge(page);
  });

  it('for a processor whose answer to the look is lost, and then that to the charge', async () => {
    const page = await shop.page();
    await shop.bench.stripe.arm({ path: '/v1/confirmation_tokens/*', method: 'GET', fault: 'reset' });
    await shop.bench.stripe.arm({ path: '/v1/payment_intents', fault: 'timeout_after_effect' });
    const reply = await page.confirm(await shop.elementsToken());
    expect(['succeeded', 'processing']).toContain(reply.json.status);
    await until(async () => (await page.status()).text === '{"status":"succeeded"}');
    await expectOneCharge(page);
    await shop.bench.stripe.calm();
  });
});

describe('what a bank asks of a payer', () => {
  const challenged = 'pm_card_threeDSecure2Required';
  const refusedThere = { status: 400, text: expect.stringContaining('using your publishable key') as string };

  /** A page whose payer has been asked for something, with the intent that waits for it. */
  const asked = async () => {
    const page = await shop.page();
    const { json } = await page.confirm(await shop.elementsToken(challenged));
    expect(json.status).toBe('requires_action');
    const clientSecret = String(json.clientSecret);
    const [intentId = ''] = clientSecret.split('_secret_');
    return { page, clientSecret, intentId };
  };
  const pastUs = async (clientSecret: string) =>
    shop.bench.stripe.confirmInBrowser(clientSecret, await shop.elementsToken());

  it('is finished, and confirmed by the server, which nobody else can', async () => {
    const { page, intentId } = await asked();
    await shop.bench.stripe.authenticate(intentId);
    expect((await page.status()).json).toMatchObject({ status: 'requires_action' });
    expect((await page.finish()).json).toEqual({ status: 'succeeded' });
    expect((await page.finish()).json).toEqual({ status: 'succeeded' });
    await expectOneCharge(page);
    expect((await shop.history(page)).slice(4)).toEqual([
      'PaymentActionRequired',
      'PaymentActionFinished',
      'PaymentCaptured',
      'SettlementRecorded',
    ]);
  });

  it('is looked at where somebody says that it is finished, and it is not', async () => {
    const { page, intentId, clientSecret } = await asked();
    expect((await page.finish()).json).toEqual({ status: 'requires_action', clientSecret });
    expect((await shop.history(page)).at(-1)).toBe('PaymentActionStillRequired');
    await shop.bench.stripe.authenticate(intentId);
    expect((await page.finish()).json).toEqual({ status: 'succeeded' });
    await expectOneCharge(page);
  });

  it('is confirmed once, from however many tabs it is said that it is finished', async () => {
    const { page, intentId } = await asked();
    await shop.bench.stripe.authenticate(intentId);
    const replies = await Promise.all(Array.from({ length: 6 }, () => page.finish()));
    for (const { status, json } of replies)
      expect([status, json]).toEqual([200, { status: expect.stringMatching(/^(succeeded|processing)$/) as string }]);
    expect((await page.status()).json).toEqual({ status: 'succeeded' });
    expect((await shop.history(page)).filter((type) => type === 'PaymentActionFinished')).toHaveLength(1);
    await expectOneCharge(page);
  });

  it('cannot be gone around while it is required: a publishable key confirms nothing', async () => {
    const { page, clientSecret } = await asked();
    expect(await pastUs(clientSecret)).toEqual(refusedThere);
    expect((await page.status()).json).toMatchObject({ status: 'requires_action' });
    expect(await shop.intents(page)).toMatchObject([{ amount_received: 0 }]);
  });

  it('cannot be gone around once it has failed, and leaves one charge where another card is presented', async () => {
    const { page, clientSecret, intentId } = await asked();
    await shop.bench.stripe.failAuthentication(intentId);
    expect((await page.finish()).json).toMatchObject({
      status: 'failed',
      error: { code: 'payment_intent_authentication_failure' },
    });
    expect(await pastUs(clientSecret)).toEqual(refusedThere);
    expect((await page.confirm(await shop.elementsToken())).json).toEqual({ status: 'succeeded' });
    expect((await pastUs(clientSecret)).status).toBe(400);
    await expectOneCharge(page);
    const history = await shop.history(page);
    expect(history.filter((type) => type === 'PaymentRequested')).toHaveLength(
      history.filter((type) => type === 'ConfirmationTokenInspected').length,
    );
  });

  it('and is finished late, in another tab, beside a new card, leaves one charge', async () => {
    const { page, intentId } = await asked();
    await shop.bench.stripe.failAuthentication(intentId);
    await page.finish();
    const [paid, late] = await Promise.all([
      page.confirm(await shop.elementsToken()),
      shop.bench.stripe.authenticate(intentId).then(
        () => 'finished',
        () => 'refused',
      ),
      page.finish(),
    ]);
    expect([paid.json, late]).toEqual([{ status: 'succeeded' }, 'refused']);
    expect((await page.finish()).json).toEqual({ status: 'succeeded' });
    await expectOneCharge(page);
    const all = (await shop.intents(page)).map(({ status }) => status).sort();
    expect(all).toEqual(['canceled', 'succeeded']);
  });

  it('is confirmed once where the answer to that is lost', async () => {
    const { page, intentId } = await asked();
    await shop.bench.stripe.authenticate(intentId);
    await shop.bench.stripe.arm({ path: `/v1/payment_intents/${intentId}/confirm`, fault: 'timeout_after_effect' });
    expect(['succeeded', 'processing']).toContain((await page.finish()).json.status);
    await until(async () => (await page.status()).text === '{"status":"succeeded"}');
    await expectOneCharge(page);
    await shop.bench.stripe.calm();
  });

  it('is finished over the api by confirming again, with nothing new', async () => {
    const { page, intentId } = await asked();
    const path = `/v1/payments/${page.session.paymentId}/confirm`;
    const early = await shop.merchant.post(path, undefined, { prefer: 'wait=5' });
    expect([early.status, early.json.status]).toEqual([200, 'requires_action']);
    await shop.bench.stripe.authenticate(intentId);
    const key = { prefer: 'wait=5', 'idempotency-key': `again-${intentId}` };
    const replies = [await shop.merchant.post(path, undefined, key), await shop.merchant.post(path, undefined, key)];
    for (const reply of replies) expect([reply.status, reply.json.status]).toEqual([200, 'succeeded']);
    const over = await shop.merchant.post(path, undefined, { prefer: 'wait=5' });
    expect([over.status, over.json.code]).toEqual([409, 'payment_not_confirmable']);
    await expectOneCharge(page);
  });

  it('is asked of the page itself alone', async () => {
    const { page } = await asked();
    const url = `${shop.url}/checkout/${page.token}/action`;
    const foreign = await fetch(url, { method: 'POST', headers: { origin: 'https://evil.example' } });
    expect([foreign.status, await foreign.json()]).toEqual([403, expect.objectContaining({ code: 'origin_refused' })]);
    expect((await shop.history(page)).at(-1)).toBe('PaymentActionRequired');
  });
});

describe('a checkout session', () => {
  it('is made once for a key, with one payment', async () => {
    const customerId = await shop.bench.api.createCustomer(shop.bench.tenantId);
    const body = { mode: 'payment', customerId, amount: 700, currency: 'eur' };
    const key = { 'idempotency-key': 'one-session' };
    const replies = await Promise.all([1, 2, 3].map(() => shop.merchant.post('/v1/checkout-sessions', body, key)));
    const [first] = replies;
    expect(first?.json).toMatchObject({ status: 'open', mode: 'payment', paymentMethodTypes: ['card'] });
    for (const { status, json } of replies) expect([status, json]).toEqual([201, first?.json]);
    const other = await shop.merchant.post('/v1/checkout-sessions', { ...body, amount: 701 }, key);
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused']);
  });

  it.each([
    [{ mode: 'payment', amount: undefined }, 'missing_field', 'amount'],
    [{ mode: 'payment', currency: undefined }, 'missing_field', 'currency'],
    [{ mode: 'setup' }, 'unknown_field', 'amount'],
    [
      { paymentMethodTypes: ['us_bank_account'], currency: 'eur' },
      'payment_method_type_not_allowed',
      'paymentMethodTypes',
    ],
    [
      { paymentMethodTypes: ['us_bank_account'], captureMethod: 'manual' },
      'payment_method_type_not_allowed',
      'paymentMethodTypes',
    ],
    [{ amount: 1 }, 'amount_too_small', 'amount'],
    [{ successUrl: 'http://shop.example/thanks' }, 'invalid_field', 'successUrl'],
    [{ successUrl: 'javascript:alert(1)' }, 'invalid_field', 'successUrl'],
    [{ cancelUrl: 'https://a:b@shop.example' }, 'invalid_field', 'cancelUrl'],
    [{ expiresInMinutes: 4 }, 'invalid_field', 'expiresInMinutes'],
    [{ expiresInMinutes: 1_441 }, 'invalid_field', 'expiresInMinutes'],
    [{ customerId: '99999999-9999-4999-8999-999999999999' }, 'customer_not_found', 'customerId'],
  ])('is refused where its terms make none: %j', async (terms, code, field) => {
    const customerId = await shop.bench.api.createCustomer(shop.bench.tenantId);
    const body = { mode: 'payment', customerId, amount: 1_000, currency: 'usd', ...terms };
    const reply = await shop.merchant.post('/v1/checkout-sessions', body);
    expect([reply.json.code, reply.json.field]).toEqual([code, field]);
  });

  it('is closed by the merchant: its page is gone, and what was presented before is not lost', async () => {
    const page = await shop.page();
    const closed = await shop.merchant.post(`/v1/checkout-sessions/${page.session.id}/expire`);
    expect(closed.json).toMatchObject({ status: 'expired', url: null });
    const reply = await page.confirm(await shop.elementsToken());
    expect([reply.status, reply.json.code]).toEqual([410, 'checkout_session_expired']);
    expect((await page.status()).json).toEqual({ status: 'expired' });
    expect((await fetch(page.session.url)).status).toBe(410);
    expect(await shop.intents(page)).toEqual([]);
  });

  it('of another tenant is not there', async () => {
    const page = await shop.page();
    const stranger = await shop.bench.database.addTenant();
    const token = await shop.issuer.issue({ role: 'tenant_admin', tenantId: stranger });
    for (const [method, path] of [
      ['GET', `/v1/checkout-sessions/${page.session.id}`],
      ['POST', `/v1/checkout-sessions/${page.session.id}/expire`],
      ['GET', `/v1/payments/${page.session.paymentId}/next-action`],
    ] as const) {
      const headers = { authorization: `Bearer ${token}`, 'idempotency-key': 'x' };
      expect((await shop.merchant.call(method, path, { headers })).status).toBe(404);
    }
  });

  it('keeps where the payer goes on sealed, and shows it to the merchant', async () => {
    const successUrl = 'https://shop.example/thanks?for=ada@example.com';
    const page = await shop.page({ successUrl });
    expect((await shop.merchant.get(`/v1/checkout-sessions/${page.session.id}`)).json).toMatchObject({ successUrl });
    const { rows } = await shop.bench.database.admin.query<{ data: string }>(
      "select data from billing.event where type = 'CheckoutSessionCreated'",
    );
    expect(rows.map(({ data }) => data).join()).not.toContain('example.com');
  });
});
