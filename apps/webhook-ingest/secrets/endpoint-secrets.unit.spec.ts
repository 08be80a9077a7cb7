import type { PlatformKeys, PostgresProcessorSecrets } from '#keys';
import { KeyManagementUnavailable } from '#keys';
import type { Logger } from '#platform/logging';

import type { IngestMetrics } from '../metrics.js';
import { EndpointSecrets } from './endpoint-secrets.js';

const noon = new Date('2026-11-01T12:00:00Z');
const later = (seconds: number) => new Date(noon.getTime() + seconds * 1_000);

describe('the secrets of an endpoint', () => {
  let stored: { account: string; version: number; retiresAt: Date | null }[];
  let readings: number;
  /** What the KMS says instead of opening the secrets of an account. */
  let trouble: Map<string, Error>;
  let secrets: EndpointSecrets;
  beforeEach(() => {
    stored = [{ account: '', version: 1, retiresAt: null }];
    readings = 0;
    trouble = new Map();
    const valid = () => {
      readings += 1;
      return Promise.resolve(stored);
    };
    const openWebhookSecret = ({ account }: { account: string }) => {
      const said = trouble.get(account);
      return said ? Promise.reject(said) : Promise.resolve(`whsec_${account || '1'}`);
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
    expect([secrets.troubleOf(''), secrets.troubleOf('connect')]).toEqual([undefined, away]);
    trouble.clear();
    expect(await secrets.of('connect', later(1.1))).toEqual(['whsec_connect']);
    expect(secrets.troubleOf('connect')).toBeUndefined();
  });

  it('are used on for an hour while the KMS is away, and no longer than until it says no', async () => {
    await secrets.of('', noon);
    trouble.set('', new KeyManagementUnavailable('unreachable'));
    for (const seconds of [400, 3_000, 3_590]) expect(await secrets.of('', later(seconds))).toEqual(['whsec_1']);
    expect(await secrets.of('', later(3_650))).toEqual([]);
    trouble.clear();
    expect(await secrets.of('', later(3_700))).toEqual(['whsec_1']);
    trouble.set('', new KeyManagementUnavailable('denied'));
    expect(await secrets.of('', later(4_040))).toEqual([]);
    expect(secrets.troubleOf('')).toMatchObject({ trouble: 'denied' });
  });
});
