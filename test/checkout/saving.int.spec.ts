import { until } from '../../apps/gateway/testing/clock.js';
import type { OpenPage } from './shop.js';
import { Shop } from './shop.js';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
  await shop.bench.gateway();
});
afterAll(() => shop?.close());

const savingPage = (terms: Record<string, unknown> = {}): Promise<OpenPage> =>
  shop.page({ mode: 'setup', amount: undefined, currency: undefined, ...terms });

const sessionOf = async ({ session }: OpenPage) =>
  (await shop.merchant.get(`/v1/checkout-sessions/${session.id}`)).json;

describe('a payer who saves a payment method', () => {
  it('has it attached, and is charged nothing', async () => {
    const page = await savingPage();
    expect((await page.status()).json).toEqual({ status: 'open' });
    expect(await sessionOf(page)).toMatchObject({ mode: 'setup', paymentId: null, setupIntentId: null });
    const token = await shop.elementsToken();
    expect((await page.confirm(token)).json).toEqual({ status: 'succeeded' });
    expect((await page.confirm(token)).json).toEqual({ status: 'succeeded' });
    const { setupIntentId, status } = await sessionOf(page);
    expect(status).toBe('complete');
    const setup = await shop.bench.api.setupIntent(shop.bench.tenantId, String(setupIntentId));
    await until(async () => {
      const { attachment } = await shop.bench.api.paymentMethod(shop.bench.tenantId, setup.paymentMethodId);
      return attachment.phase === 'attached';
    });
    expect(await shop.intents(page)).toEqual([]);
  });

  it('is told why it was refused, and saves another one', async () => {
    const page = await savingPage();
    const refused = await page.confirm(await shop.elementsToken('pm_card_chargeDeclined'));
    expect(refused.json).toMatchObject({ status: 'failed', error: { code: 'card_declined' } });
    expect((await page.confirm(await shop.elementsToken())).json).toEqual({ status: 'succeeded' });
    const other = await page.confirm(await shop.elementsToken());
    expect([other.status, other.json.code]).toEqual([410, 'checkout_session_complete']);
  });

  it('in two tabs at once saves one', async () => {
    const page = await savingPage();
    const tokens = await Promise.all([1, 2, 3, 4].map(() => shop.elementsToken()));
    const replies = await Promise.all(tokens.map((token) => page.confirm(token)));
    expect(replies.filter(({ status }) => status === 200).map(({ json }) => json)).toEqual([{ status: 'succeeded' }]);
    for (const { status } of replies.filter((reply) => reply.status !== 200)) expect([409, 410]).toContain(status);
    await shop.bench.idle();
    const { rows } = await shop.bench.database.admin.query(
      "select from billing.event where type = 'SetupIntentRequested' and data::json ->> 'customerId' = $1",
      [page.customerId],
    );
    expect(rows).toHaveLength(1);
  });

  it('who has to show that it is them gets what their browser goes on with', async () => {
    const page = await savingPage();
    const reply = await page.confirm(await shop.elementsToken('pm_card_authenticationRequired'));
    expect(reply.json).toEqual({
      status: 'requires_action',
      clientSecret: expect.stringMatching(/^seti_\w+_secret_\w+$/) as string,
    });
    expect((await page.status()).json).toEqual(reply.json);
    const other = await page.confirm(await shop.elementsToken());
    expect([other.status, other.json.code]).toEqual([409, 'operation_in_progress']);
  });
});
