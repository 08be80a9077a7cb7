import type { Call } from './calls/call.js';
import type { Step } from './operations/perform.js';
import { until } from './testing/clock.js';
import type { Payer } from './testing/workbench.js';
import { Workbench } from './testing/workbench.js';

let bench: Workbench;

const leaseMs = 61_000;

/** What Elements makes of what a payer puts in. */
const elementsToken = async (method = 'pm_card_visa'): Promise<string> => {
  const path = `/v1/test_helpers/confirmation_tokens?payment_method=${method}`;
  return ((await bench.stripe.post(path)) as { id: string }).id;
};

const presentedBy = async (payer: Payer, token: string, kinds?: readonly ('card' | 'us_bank_account')[]) =>
  bench.api.presentedPayment(bench.tenantId, payer.customerId, token, kinds);

const refusalOf = async (paymentId: string): Promise<string | undefined> => {
  const { presentations = {} } = await bench.api.payment(bench.tenantId, paymentId);
  const stage = Object.values(presentations)[0]?.stage;
  return stage?.phase === 'refused' ? stage.code : undefined;
};

const once = ['PaymentCreated', 'ConfirmationTokenPresented', 'ConfirmationTokenInspected', 'PaymentRequested'];

describe.each<Step>(['taken', 'answered', 'recorded', 'finished'])(
  'a gateway that is killed when its look at a token is %s',
  (step) => {
    afterAll(() => bench.close());

    it('has asked for one charge, and the next one makes it', async () => {
      bench = await Workbench.open();
      let died = (): void => undefined;
      const death = new Promise<void>((resolve) => (died = resolve));
      const onStep = (reached: Step, call: Call): Promise<void> | undefined => {
        if (reached !== step || call.request.type !== 'ConfirmationTokenPresented') return undefined;
        died();
        return new Promise(() => undefined);
      };
      await bench.gateway({ onStep });
      const payer = await bench.payer();
      const { paymentId } = await presentedBy(payer, await elementsToken());
      await death;
      await bench.stop(0);
      bench.clock.advance(leaseMs);
      await bench.gateway();
      await bench.reaches(paymentId, 'succeeded');
      await bench.idle();
      expect(await bench.intents(payer)).toMatchObject([{ amount_received: 1_999 }]);
      expect(await bench.api.history(bench.tenantId, paymentId)).toEqual([
        ...once,
        'PaymentCaptured',
        'SettlementRecorded',
      ]);
    });
  },
);

describe('a presented token', () => {
  beforeAll(async () => {
    bench = await Workbench.open();
    await Promise.all([bench.gateway(), bench.gateway()]);
  });
  afterAll(() => bench.close());

  it('two gateways that look at the same token ask for one charge', async () => {
    const payer = await bench.payer();
    const asked = await Promise.all([1, 2, 3, 4].map(async () => presentedBy(payer, await elementsToken())));
    for (const { paymentId } of asked) await bench.reaches(paymentId, 'succeeded');
    await bench.idle();
    expect(await bench.intents(payer)).toHaveLength(4);
  });

  it('a processor that does not answer the look is asked again, and charges once', async () => {
    const payer = await bench.payer();
    const path = '/v1/confirmation_tokens/*';
    await bench.stripe.arm({ path, method: 'GET', fault: 'server_error' });
    await bench.stripe.arm({ path, method: 'GET', fault: 'rate_limited' });
    await bench.stripe.arm({ path, method: 'GET', fault: 'delay', delayMs: 600 });
    const { paymentId } = await presentedBy(payer, await elementsToken());
    await bench.reaches(paymentId, 'succeeded', 15_000);
    await bench.idle();
    expect(await bench.intents(payer)).toHaveLength(1);
  }, 20_000);

  it.each([
    ['the processor does not know it', 'ctoken_unknown', undefined, 'confirmation_token_unknown'],
    ['it holds what was not to be chosen', undefined, ['us_bank_account'], 'payment_method_type_not_allowed'],
  ] as const)('nothing is charged with a token where %s', async (_, token, kinds, code) => {
    const payer = await bench.payer();
    const { paymentId } = await presentedBy(payer, token ?? (await elementsToken()), kinds);
    await until(async () => (await refusalOf(paymentId)) === code);
    await bench.idle();
    expect(await bench.intents(payer)).toEqual([]);
    expect(await bench.api.statusOf(bench.tenantId, paymentId)).toBe('requires_payment_method');
  });

  it('a token that was used up elsewhere ends the attempt, and takes nothing a second time', async () => {
    const payer = await bench.payer();
    const token = await elementsToken();
    const first = await presentedBy(payer, token);
    await bench.reaches(first.paymentId, 'succeeded');
    const second = await presentedBy(payer, token);
    await bench.reaches(second.paymentId, 'failed');
    await bench.idle();
    const taken = (await bench.intents(payer)).filter(({ amount_received }) => amount_received > 0);
    expect(taken).toHaveLength(1);
  });

  it('a payer who asked an hour ago is charged nothing', async () => {
    const payer = await bench.payer();
    await bench.stop();
    const { paymentId } = await presentedBy(payer, await elementsToken());
    bench.clock.advance(3_700_000);
    await bench.gateway();
    await until(async () => (await refusalOf(paymentId)) === 'confirmation_token_expired');
    expect(await bench.intents(payer)).toEqual([]);
  });

  it('what was presented is cleared away after a day, and no payment method is', async () => {
    const payer = await bench.payer();
    const { paymentId, confirmationId } = await presentedBy(payer, await elementsToken());
    await until(async () => (await bench.api.history(bench.tenantId, paymentId)).length > 2);
    const { admin } = bench.database;
    const ids = async () =>
      (await admin.query<{ id: string }>('select payment_method_id as id from billing.processor_token')).rows.map(
        ({ id }) => id,
      );
    expect(await ids()).toEqual(expect.arrayContaining([confirmationId, payer.paymentMethodId]));
    await bench.stop();
    await admin.query(
      "update billing.processor_token set expires_at = now() - interval '1 second' where expires_at is not null",
    );
    await bench.gateway(); // clears away as it begins
    await until(async () => !(await ids()).includes(confirmationId));
    expect(await ids()).toContain(payer.paymentMethodId);
    const pool = bench.database.pool('billing_gateway', { max: 1 });
    expect((await pool.query('delete from billing.processor_token')).rowCount).toBe(0);
  });
});
