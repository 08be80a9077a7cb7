import type { ActionName } from '#access';
import { createMetrics } from '#platform/metrics';
import { jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';

import { ProblemError } from './problem.js';
import { RateLimits, strictRoutes } from './rate-limits.js';

beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] }));
afterEach(() => jest.useRealTimers());

const off = { tenant: undefined, subject: undefined, route: undefined, denied: undefined, audit: undefined };
const tenantId = randomUUID();
const metrics = createMetrics('test');

interface Asked {
  subject?: string;
  tenant?: string | undefined;
  action?: ActionName;
  /** Whether the caller has a right to it. */
  allowed?: boolean;
}

/** Asks and gives the headers, and the problem if there is one. */
const asking =
  (limits: RateLimits) =>
  async (asked: Asked = {}) => {
    const { subject = 'ada', action = 'payments.create', allowed = true } = asked;
    const headers: Record<string, string> = {};
    const reply = {
      header(name: string, value: string) {
        headers[name] = value;
        return this;
      },
    };
    const tenant = 'tenant' in asked ? asked.tenant : tenantId;
    const refusal = await limits
      .admit({ subject }, tenant, action, reply as never)
      .then((admission) => (allowed ? limits.admitTenant(admission) : undefined))
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    if (refusal !== undefined && !(refusal instanceof ProblemError)) throw refusal as Error;
    return { headers, refusal };
  };

const settingsOf = (settings: Partial<ConstructorParameters<typeof RateLimits>[0]>) => {
  metrics.removeSingleMetric('billing_api_rate_limited_total');
  return asking(new RateLimits({ ...off, ...settings }, metrics));
};

describe('a caller', () => {
  it('is told its limits, and how it stands with the one it is nearest to (draft-ietf-httpapi-ratelimit-headers)', async () => {
    const ask = settingsOf({
      tenant: { requests: 100, seconds: 60 },
      subject: { requests: 10, seconds: 10 },
      route: { requests: 20, seconds: 10 },
    });
    const { headers, refusal } = await ask();
    expect(refusal).toBeUndefined();
    expect(headers).toEqual({
      'ratelimit-policy': '"subject";q=10;w=10, "route";q=20;w=10, "tenant";q=100;w=60',
      ratelimit: '"subject";r=9;t=10',
    });
    jest.advanceTimersByTime(4_200);
    expect((await ask()).headers.ratelimit).toBe('"subject";r=8;t=6');
  });

  it('that asks too much is refused with 429, whatever it asks for, and others are not', async () => {
    const ask = settingsOf({ subject: { requests: 2, seconds: 10 } });
    await ask();
    await ask({ action: 'payments.list' });
    jest.advanceTimersByTime(1_500);
    const { headers, refusal } = await ask({ action: 'refunds.list' });
    expect(refusal).toMatchObject({
      status: 429,
      code: 'rate_limited',
      headers: { 'retry-after': '9' },
      extensions: { 'violated-policies': ['subject'] },
    });
    expect(headers.ratelimit).toBe('"subject";r=0;t=9');
    expect((await ask({ subject: 'grace' })).refusal).toBeUndefined();
    jest.advanceTimersByTime(8_501);
    expect((await ask()).refusal).toBeUndefined();
    expect(await metrics.getSingleMetricAsString('billing_api_rate_limited_total')).toContain('policy="subject"');
  });

  it('is refused on one route, and heard on the others', async () => {
    const ask = settingsOf({ route: { requests: 2, seconds: 10 } });
    await ask();
    await ask();
    expect((await ask()).refusal).toMatchObject({ extensions: { 'violated-policies': ['route'] } });
    expect((await ask({ action: 'payments.get' })).refusal).toBeUndefined();
  });

  it('shares the limit of its tenant with the others that act for it', async () => {
    const ask = settingsOf({ tenant: { requests: 3, seconds: 10 } });
    for (const subject of ['a', 'b', 'c']) expect((await ask({ subject })).refusal).toBeUndefined();
    expect((await ask({ subject: 'd' })).refusal).toMatchObject({ extensions: { 'violated-policies': ['tenant'] } });
    expect((await ask({ subject: 'd', tenant: randomUUID() })).refusal).toBeUndefined();
  });

  it('that is refused by its own limit takes nothing from its tenant', async () => {
    const ask = settingsOf({ tenant: { requests: 5, seconds: 10 }, subject: { requests: 2, seconds: 10 } });
    for (let at = 0; at < 50; at += 1) await ask({ subject: 'flood' });
    expect((await ask({ subject: 'grace' })).refusal).toBeUndefined();
  });

  it('that has no right to what it asks for takes nothing from its tenant', async () => {
    const ask = settingsOf({ tenant: { requests: 5, seconds: 10 }, subject: { requests: 20, seconds: 10 } });
    for (let at = 0; at < 10; at += 1) {
      const { headers, refusal } = await ask({ subject: `p${at % 2}`, allowed: false });
      expect([headers['ratelimit-policy'], refusal]).toEqual(['"subject";q=20;w=10, "tenant";q=5;w=10', undefined]);
    }
    expect((await ask({ subject: 'grace' })).headers.ratelimit).toBe('"tenant";r=4;t=10');
  });

  it('who acts for no tenant has its own limits alone', async () => {
    const ask = settingsOf({ tenant: { requests: 1, seconds: 10 }, subject: { requests: 10, seconds: 10 } });
    for (let at = 0; at < 3; at += 1) {
      const { headers, refusal } = await ask({ tenant: undefined, action: 'payments.list' });
      expect(refusal).toBeUndefined();
      expect(headers['ratelimit-policy']).toBe('"subject";q=10;w=10');
    }
  });

  it('hears of no limit where all of them are off', async () => {
    const ask = settingsOf({});
    expect((await ask({ action: 'refunds.create' })).headers).toEqual({});
  });
});

describe('a sensitive route', () => {
  const generous = { requests: 30_000, seconds: 10 };

  it.each(Object.entries(strictRoutes))('%s is limited to what its row says', async (action, row) => {
    const ask = settingsOf({ route: generous });
    const asked = { action: action as ActionName };
    for (let at = 0; at < row.requests; at += 1) expect((await ask(asked)).refusal).toBeUndefined();
    const { headers, refusal } = await ask(asked);
    expect(refusal).toMatchObject({ status: 429 });
    expect(headers['ratelimit-policy']).toBe(`"route";q=${row.requests};w=${row.seconds}`);
  });

  it('has no more than RATE_LIMIT_ROUTE where that is less', async () => {
    const ask = settingsOf({ route: { requests: 1, seconds: 60 } });
    expect((await ask({ action: 'refunds.create' })).headers['ratelimit-policy']).toBe('"route";q=1;w=60');
  });

  it('is every one that moves money out, links an account or is about tenants', () => {
    expect(Object.keys(strictRoutes).sort()).toEqual([
      'connected-accounts.link',
      'refunds.create',
      'tenants.add',
      'tenants.get',
      'tenants.list',
      'tenants.reinstate',
      'tenants.suspend',
    ]);
  });
});

describe('a network whose requests keep being denied', () => {
  it('is refused but for a request whose caller is proved, which is not counted as refused', async () => {
    metrics.removeSingleMetric('billing_api_rate_limited_total');
    const limits = new RateLimits({ ...off, denied: { requests: 1, seconds: 10 } }, metrics);
    for (let at = 0; at < 2; at += 1) limits.denied('203.0.113.7');
    for (let at = 0; at < 10; at += 1) await Promise.resolve();
    limits.assertNotFlooding('203.0.113.7', () => true);
    expect(() => {
      limits.assertNotFlooding('203.0.113.7', () => false);
    }).toThrow(expect.objectContaining({ status: 429 }) as Error);
    const told = await metrics.getSingleMetricAsString('billing_api_rate_limited_total');
    expect(told).toMatch(/policy="denied".*\} 1$/m);
  });
});
