import { Readable } from 'node:stream';

import { statusOf } from '#domain/payment';
import { createLogger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { createMetrics } from '#platform/metrics';
import { Warnings } from '#platform/warnings';

import { secretsCommand } from '../../apps/cli/secrets/index.js';
import type { Ran } from '../../apps/cli/testing/run-command.js';
import { runCommand } from '../../apps/cli/testing/run-command.js';
import { Credentials } from '../../apps/gateway/credentials/index.js';
import { until } from '../../apps/gateway/testing/clock.js';
import type { Payer } from '../../apps/gateway/testing/workbench.js';
import { Workbench } from '../../apps/gateway/testing/workbench.js';

let bench: Workbench;
let credentials: Credentials[];
let metrics: Registry;
let payer: Payer;

/** The command line of the service, with a secret on standard input. */
const billing = (args: string[], secret = ''): Promise<Ran> => {
  const environment = {
    BILLING_ENV: 'test',
    BILLING_DATA_DIR: bench.directory,
    DATABASE_URL: bench.database.adminUrl,
  };
  return runCommand(secretsCommand(environment, { input: Readable.from([secret]), waitMs: 5_000 }), args);
};

const revokeAtStripe = (apiKey: string) =>
  fetch(`${bench.sandbox.url}/sandbox/keys`, { method: 'POST', body: JSON.stringify({ revoke: apiKey }) });

/** A gateway as in production: its keys are the stored ones, and nobody tells it of a change. */
const startGateway = async (): Promise<void> => {
  const pool = bench.database.pool('billing_gateway');
  const opened = await Credentials.open({
    environment: 'test',
    stripe: { apiBase: bench.sandbox.url, apiKey: undefined },
    pool,
    keys: bench.platformKeys('gateway', pool),
    metrics,
    warnings: new Warnings(),
    logger: createLogger({ app: 'gateway', level: 'silent' }),
    refreshMs: 100,
    timeoutMs: 5_000,
  });
  credentials.push(opened);
  await bench.gateway({ processor: opened.processor });
};

beforeAll(async () => {
  bench = await Workbench.open();
  credentials = [];
  metrics = createMetrics('gateway');
  expect(await billing(['set', '--kind', 'api'], 'sk_test_theFirst')).toMatchObject({ code: 0 });
  await startGateway();
  payer = await bench.payer();
});
afterAll(async () => {
  await bench.stop();
  for (const each of credentials) await each.close();
  await bench.close();
});

/**
 * Charges from several sides until it is told to stop and more than `least` were made, however slow the machine is; then gives every payment
 * once it has come to its end.
 */
const charging = (least: number): (() => Promise<string[]>) => {
  let isOver = false;
  let begun = 0;
  const side = async (): Promise<string[]> => {
    const paid: string[] = [];
    while (!isOver || begun <= least) {
      begun += 1;
      const paymentId = await bench.charge(payer);
      await until(async () => statusOf(await bench.api.payment(bench.tenantId, paymentId)) === 'succeeded');
      paid.push(paymentId);
    }
    return paid;
  };
  const sides = Promise.all(Array.from({ length: 6 }, side));
  return async () => {
    isOver = true;
    return (await sides).flat();
  };
};

const refusedCalls = async (): Promise<number> => {
  const { values } = await (metrics.getSingleMetric('billing_api_key_refused_total')?.get() ?? { values: [] });
  return values.reduce((sum, { value }) => sum + value, 0);
};

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('rotating the API key while payments are made', () => {
  it('fails no call: the new key is checked and taken up, and the old one is revoked at Stripe once its time is over', async () => {
    const stop = charging(10);
    await pause(100);
    const rotated = await billing(['rotate', '--kind', 'api', '--overlap', String(1 / 3_600)], 'rk_test_theSecond');
    expect(rotated).toMatchObject({
      code: 0,
      out: expect.stringContaining('the API key of stripe is version 2 in test') as string,
    });
    expect(rotated.out + rotated.err).not.toMatch(/theFirst|theSecond/);
    await pause(1_100);
    await revokeAtStripe('sk_test_theFirst');
    await pause(200);
    const payments = await stop();
    expect(payments.length).toBeGreaterThan(10);
    for (const paymentId of payments)
      expect(await bench.api.history(bench.tenantId, paymentId)).toEqual(
        expect.not.arrayContaining(['PaymentFailed', 'DriftDetected']),
      );
    expect(await bench.intents(payer)).toHaveLength(Math.min(100, payments.length));
    expect(await refusedCalls()).toBe(0);
    expect(await bench.calls()).toEqual([]);
  });

  it('goes on with the key before where the new one is revoked at Stripe by mistake', async () => {
    await billing(['rotate', '--kind', 'api'], 'rk_test_theThird');
    await revokeAtStripe('rk_test_theThird');
    const paymentId = await bench.charge(payer);
    await bench.reaches(paymentId, 'succeeded');
    const stop = charging(5);
    await pause(200);
    expect((await stop()).length).toBeGreaterThan(5);
    expect(await refusedCalls()).toBeGreaterThan(0);
  });

  it.each([
    ['that the processor does not know', 'rk_test_theThird', 'the processor does not know it'],
    ['of another account', 'rk_test_of_another_account', 'it is of another account, acct_3AnotherOfTheSandbox'],
    ['that may not do everything', 'rk_test_without_payment_intents_write', 'lacks permissions: payment_intents.write'],
  ])('changes nothing with a key %s', async (_, key, reason) => {
    const before = (await billing(['list', '--json'])).out;
    const { code, out, err } = await billing(['rotate', '--kind', 'api'], key);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(reason);
    expect(err).toContain('The present key stays as it is.');
    expect((await billing(['list', '--json'])).out).toBe(before);
  });
});
