import { jest } from '@jest/globals';

import { DeniedNetworks } from './denied-networks.js';

beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] }));
afterEach(() => jest.useRealTimers());

const deny = async (networks: DeniedNetworks, address: string, times: number): Promise<void> => {
  for (let at = 0; at < times; at += 1) networks.denied(address);
  await Promise.resolve();
  await Promise.resolve();
  await Promise.resolve();
};

describe('a network whose requests keep being denied', () => {
  it('is listened to up to the limit, and then for a window no more; others are', async () => {
    const networks = new DeniedNetworks({ requests: 5, seconds: 10 });
    await deny(networks, '2001:db8::1', 5);
    networks.assertNotFlooding('2001:db8::1');
    await deny(networks, '2001:db8::2', 1); // another machine of the same network
    jest.advanceTimersByTime(500);
    for (const address of ['2001:db8::1', '2001:db8::ffff'])
      expect(() => {
        networks.assertNotFlooding(address);
      }).toThrow(
        expect.objectContaining({ status: 429, code: 'rate_limited', headers: { 'retry-after': '10' } }) as Error,
      );
    networks.assertNotFlooding('2001:db8:0:1::1');
    networks.assertNotFlooding('203.0.113.7');
    jest.advanceTimersByTime(10_000);
    networks.assertNotFlooding('2001:db8::1');
  });

  it('is listened to for ever where the limit is off', async () => {
    const networks = new DeniedNetworks(undefined);
    await deny(networks, '203.0.113.7', 10_000);
    networks.assertNotFlooding('203.0.113.7');
  });
});
