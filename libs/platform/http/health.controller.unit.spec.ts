import { jest } from '@jest/globals';
import 'reflect-metadata';

import { createMetrics } from '../metrics/index.js';
import { rememberCaller } from '../tls/peer.js';
import { Warnings } from '../warnings/index.js';
import { HealthController } from './health.controller.js';

beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] }));
afterEach(() => jest.useRealTimers());

const metrics = createMetrics('health');

describe('readiness', () => {
  it('is asked once a second, however many want to know, and once at a time', async () => {
    let [asked, underWay] = [0, 0];
    let answer: () => void = () => undefined;
    const health = new HealthController(async () => {
      asked += 1;
      underWay += 1;
      await new Promise<void>((resolve) => (answer = resolve));
      underWay -= 1;
    }, metrics);
    const many = Array.from({ length: 1_000 }, () => health.ready());
    jest.advanceTimersByTime(60_000);
    many.push(health.ready());
    expect([asked, underWay]).toEqual([1, 1]);
    answer();
    expect(new Set((await Promise.all(many)).map(({ status }) => status))).toEqual(new Set(['ok']));
    jest.advanceTimersByTime(999);
    await health.ready();
    expect(asked).toBe(1);
    jest.advanceTimersByTime(1);
    void health.ready();
    expect(asked).toBe(2);
    answer();
  });

  it('that is not there is 503 for a second at least, and asked again then', async () => {
    let isAway = true;
    const health = new HealthController(
      () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve()),
      metrics,
    );
    await expect(health.ready()).rejects.toMatchObject({ status: 503, code: 'not_ready' });
    isAway = false;
    await expect(health.ready()).rejects.toMatchObject({ status: 503, code: 'not_ready' });
    jest.advanceTimersByTime(1_000);
    await expect(health.ready()).resolves.toEqual({ status: 'ok' });
  });
});

describe('readiness that is yellow', () => {
  it('says what a person should look at, one line a code, for as long as it holds', async () => {
    const warnings = new Warnings();
    const health = new HealthController(() => Promise.resolve(), metrics, warnings);
    warnings.set('webhook_secret_overdue', 'a secret is older than 90 days');
    warnings.set('api_key_overdue', 'a key is older than 90 days');
    warnings.set('api_key_overdue', 'two keys are');
    await expect(health.ready()).resolves.toEqual({
      status: 'degraded',
      warnings: [
        { code: 'api_key_overdue', message: 'two keys are' },
        { code: 'webhook_secret_overdue', message: 'a secret is older than 90 days' },
      ],
    });
    warnings.set('api_key_overdue', undefined);
    warnings.set('webhook_secret_overdue', undefined);
    await expect(health.ready()).resolves.toEqual({ status: 'ok' });
  });
});

describe('metrics', () => {
  const health = new HealthController(() => Promise.resolve(), metrics);
  /** Asks as from an address, at one of the machine's, by the word of a proxy. */
  const scrape = async (remoteAddress: string | undefined, localAddress = '10.0.0.5', forwarded?: string) => {
    const raw = { socket: { remoteAddress, localAddress } };
    if (forwarded !== undefined) rememberCaller(raw as never, { peer: undefined, address: forwarded });
    return health.scrape({ raw } as never, { type: () => undefined } as never).then(
      () => 200,
      ({ status }: { status: number }) => status,
    );
  };

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['127.8.8.8', '127.0.0.1'],
    ['::1', '::1'],
    ['::ffff:127.0.0.1', '::ffff:127.0.0.1'],
    ['10.0.0.5', '10.0.0.5'],
  ])('are there for who asks from the machine itself: %s', async (from, at) => {
    expect(await scrape(from, at)).toBe(200);
  });

  it.each([
    ['10.0.0.6', '10.0.0.5'],
    ['::ffff:10.0.0.6', '::ffff:10.0.0.5'],
    ['2001:db8::1', '2001:db8::2'],
    ['', '10.0.0.5'],
    [undefined, '10.0.0.5'],
  ])('are not there for anybody else: %p', async (from, at) => {
    expect(await scrape(from, at)).toBe(404);
  });

  it('are not there for whom a trusted proxy of this machine speaks', async () => {
    expect(await scrape('127.0.0.1', '127.0.0.1', '203.0.113.7')).toBe(404);
    expect(await scrape('10.0.0.9', '10.0.0.5', '127.0.0.1')).toBe(404);
    expect(await scrape('127.0.0.1', '127.0.0.1', '127.0.0.1')).toBe(200);
  });
});
