import type { PlatformKeys, PostgresProcessorSecrets } from '#keys';
import type { Logger } from '#platform/logging';

import type { IngestMetrics } from '../metrics.js';
import { EndpointSecrets } from './endpoint-secrets.js';

const noon = new Date('2026-11-01T12:00:00Z');
const later = (seconds: number) => new Date(noon.getTime() + seconds * 1_000);

describe('the secrets of an endpoint', () => {
  let stored: { account: string; version: number; retiresAt: Date | null }[];
  let readings: number;
  let secrets: EndpointSecrets;
  beforeEach(() => {
    stored = [{ account: '', version: 1, retiresAt: null }];
    readings = 0;
    const valid = () => {
      readings += 1;
      return Promise.resolve(stored);
    };
    secrets = new EndpointSecrets({
      environment: 'test',
      store: { valid } as unknown as PostgresProcessorSecrets,
      keys: { openWebhookSecret: () => Promise.resolve('whsec_1') } as unknown as PlatformKeys,
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
});
