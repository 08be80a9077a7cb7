import type { PrivilegedAccessGranted } from '#domain/access';
import { jest } from '@jest/globals';

import { RepeatedReads } from './repeated-reads.js';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const tenant = '11111111-1111-4111-8111-111111111111';
const look = (more: Partial<PrivilegedAccessGranted> = {}): PrivilegedAccessGranted => ({
  ...{ type: 'PrivilegedAccessGranted', channel: 'http', action: 'payments.get', grant: 'billing:read' },
  ...{ caller: { kind: 'person', subject: 'auditor' }, at: new Date().toISOString() },
  origin: { network: '203.0.113.0/24', requestId: 'req_1' },
  ...more,
});

/** Looks, counts what was recorded, and fails as often as it is told to. */
const looking = (bounds = {}) => {
  const reads = new RepeatedReads(bounds);
  const told = { recorded: 0, failures: 0 };
  const at = (event = look(), tenantId = tenant) =>
    reads.once(tenantId, event, async () => {
      await Promise.resolve();
      told.failures -= 1;
      if (told.failures >= 0) throw new Error('the store is away');
      told.recorded += 1;
    });
  return { at, told };
};

describe('a look that repeats', () => {
  it('is recorded once a minute, and waits for the record that is under way', async () => {
    const { at, told } = looking();
    await Promise.all(Array.from({ length: 100 }, () => at()));
    await at(look({ origin: { network: '203.0.113.0/24', requestId: 'req_2' }, at: 'later' }));
    expect(told.recorded).toBe(1);
    jest.advanceTimersByTime(59_999);
    await at();
    expect(told.recorded).toBe(1);
    jest.advanceTimersByTime(2);
    await at();
    expect(told.recorded).toBe(2);
  });

  it.each<[string, Partial<PrivilegedAccessGranted>]>([
    ['action', { action: 'payments.list' }],
    ['caller', { caller: { kind: 'person', subject: 'another' } }],
    ['acting service', { caller: { kind: 'person', subject: 'auditor', actingParty: 'spiffe://billing/shop' } }],
    ['resource', { resource: '22222222-2222-4222-8222-222222222222' }],
    ['reason', { reason: 'OPS-8' }],
    ['network', { origin: { network: '198.51.100.0/24' } }],
    ['certificate', { origin: { network: '203.0.113.0/24', spiffeId: 'spiffe://billing/shop' } }],
  ])('is another one with another %s', async (_, other) => {
    const { at, told } = looking();
    await at();
    await at(look(other));
    expect(told.recorded).toBe(2);
  });

  it('is another one of another tenant', async () => {
    const { at, told } = looking();
    await at();
    await at(look(), '22222222-2222-4222-8222-222222222222');
    expect(told.recorded).toBe(2);
  });

  it('that could not be recorded is refused to everybody who waited, and tried anew by the next', async () => {
    const { at, told } = looking();
    told.failures = 1;
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => at()));
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
    await at();
    expect(told.recorded).toBe(1);
  });

  it('is remembered among so many kinds and no more: what was forgotten is recorded anew', async () => {
    const { at, told } = looking({ kinds: 3 });
    for (let n = 0; n < 10; n += 1) await at(look({ reason: `OPS-${n}` }));
    await at(look({ reason: 'OPS-9' }));
    expect(told.recorded).toBe(10);
    await at(look({ reason: 'OPS-0' }));
    expect(told.recorded).toBe(11);
  });
});
