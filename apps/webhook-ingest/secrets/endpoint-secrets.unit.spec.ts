import type { PlatformKeys, PostgresProcessorSecrets } from '#keys';
import { KeyManagementUnavailable } from '#keys';
import type { Logger } from '#platform/logging';

import type { IngestMetrics } from '../metrics.js';
import { EndpointSecrets } from './endpoint-secrets.js';

const noon = new Date('2026-11-01T12:00:00Z');
/** Until what was asked for beside has been answered. */
const answered = () => new Promise(setImmediate);
const later = (seconds: number) => new Date(noon.getTime() + seconds * 1_000);

describe('the secrets of an endpoint', () => {
  let stored: { account: string; version: number; retiresAt: Date | null }[];
  let readings: number;
  /** What the KMS says instead of opening the secrets of an account. */
  let trouble: Map<string, Error>;
  /** The KMS answers once this is resolved. */
  let answering: Promise<void>;
  let asked: number;
  let secrets: EndpointSecrets;
  beforeEach(() => {
    stored = [{ account: '', version: 1, retiresAt: null }];
    [readings, asked, answering] = [0, 0, Promise.resolve()];
    trouble = new Map();
    const valid = () => {
      readings += 1;
      return Promise.resolve(stored.map((each) => ({ ...each, ciphertext: `k1.${each.account}` })));
    };
    const openWebhookSecret = async ({ account }: { account: string }) => {
      asked += 1;
      await answering;
      const said = trouble.get(account);
      if (said) throw said;
      return `whsec_${account || '1'}`;
    };
    secrets = new EndpointSecrets({
      environment: 'test',
      store: { valid } as unknown as PostgresProcessorSecrets,
      keys: { openWebhookSecret } as unknown as PlatformKeys,
      metrics: { secretsClosed: () => undefined } as unknown as IngestMetrics,
      logger: {} as Logger,
    });
  });

  it('are used for half a minute, and then read again', async () => {
    for (const seconds of [0, 30]) expect(await secrets.of('', later(seconds))).toEqual(['whsec_1']);
    expect(readings).toBe(1);
    stored = [];
    expect(await secrets.of('', later(31))).toEqual([]);
  });

  it('are read again where the clock was set back: what was revoked since is not used until it has caught up', async () => {
    await secrets.of('', later(3_600));
    stored = [];
    expect(await secrets.of('', noon)).toEqual([]);
    expect(readings).toBe(2);
  });

  it('that cannot be opened just now hurt no other endpoint, and are open a moment after they can be', async () => {
    stored = ['', 'connect'].map((account) => ({ account, version: 1, retiresAt: null }));
    const away = new KeyManagementUnavailable('unreachable');
    trouble.set('connect', away);
    expect(await secrets.of('', noon)).toEqual(['whsec_1']);
    expect(await secrets.of('connect', noon)).toEqual([]);
    expect([secrets.troubleOf('', noon), secrets.troubleOf('connect', noon)]).toEqual([undefined, away]);
    trouble.clear();
    expect(await secrets.of('connect', later(1.1))).toEqual(['whsec_connect']);
    expect(secrets.troubleOf('connect', later(1.1))).toBeUndefined();
  });

  it('are used on for an hour while the KMS is away, and no longer than until it says no', async () => {
    await secrets.of('', noon);
    trouble.set('', new KeyManagementUnavailable('unreachable'));
    for (const seconds of [400, 3_000, 3_890]) {
      expect(await secrets.of('', later(seconds))).toEqual(['whsec_1']);
      await answered();
    }
    expect(await secrets.of('', later(3_950))).toEqual([]);
    trouble.clear();
    expect(await secrets.of('', later(4_000))).toEqual(['whsec_1']);
    trouble.set('', new KeyManagementUnavailable('denied'));
    await secrets.of('', later(4_340)); // by which it is asked again
    await answered();
    expect(await secrets.of('', later(4_340))).toEqual([]);
    expect(secrets.troubleOf('', later(4_340))).toMatchObject({ trouble: 'denied' });
  });

  it('are opened again beside the deliveries, once for all of them; one that was revoked is gone at once', async () => {
    stored = ['', 'connect'].map((account) => ({ account, version: 1, retiresAt: null }));
    await secrets.of('', noon);
    let answer = (): void => undefined;
    answering = new Promise((resolve) => (answer = resolve));
    for (const seconds of [400, 401, 402]) expect(await secrets.of('', later(seconds))).toEqual(['whsec_1']);
    expect([readings, asked]).toEqual([2, 4]);
    expect(await secrets.newer('connect', ['whsec_connect'], later(402))).toBeUndefined();
    answer();
    await answered();
    answering = new Promise((resolve) => (answer = resolve));
    stored = stored.slice(1);
    expect(await secrets.of('', later(800))).toEqual([]);
    expect(await secrets.of('connect', later(801))).toEqual(['whsec_connect']);
    answer();
  });

  it('verify without those that the KMS is still asked for, which are waited for where none does', async () => {
    await secrets.of('', noon);
    stored = [{ account: '', version: 2, retiresAt: null }, ...stored];
    let answer = (): void => undefined;
    answering = new Promise((resolve) => (answer = resolve));
    expect(await secrets.of('', later(31))).toEqual(['whsec_1']);
    const newer = secrets.newer('', ['whsec_other'], later(31));
    answer();
    expect(await newer).toEqual(['whsec_1', 'whsec_1']);
  });

  it('that have retired since are waited for no more', async () => {
    stored = [{ account: '', version: 1, retiresAt: later(10) }];
    trouble.set('', new KeyManagementUnavailable('unreachable'));
    await secrets.of('', noon);
    const any = (seconds: number) => secrets.troubleOfAny(() => true, later(seconds));
    expect([secrets.troubleOf('', later(9)), await any(9)]).toEqual([trouble.get(''), trouble.get('')]);
    expect([secrets.troubleOf('', later(10)), await any(10)]).toEqual([undefined, undefined]);
  });
});
