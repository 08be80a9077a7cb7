import { randomBytes } from 'node:crypto';
import type { AuditedEvent } from '#audit-log';
import { encodeData, shardCount, shardForNewTenant } from '#event-store';
import type { AuditSalts } from '../../../apps/merkle-anchor/sealing/leaves.js';
import { auditSaltsWith } from '../../../libs/keys/audit-salts.js';
import type { Due } from '../generated-log.js';
import { eventsFrom, randomFrom, uuidFrom } from '../generated-log.js';

const tenants = 20;
/** Longer than any run. */
const keyAgeMs = 3_600_000;

/** Events as the anchor reads them from Postgres: realistic ones of 20 tenants, interleaved as under load. */
export const auditedEvents = (count: number): AuditedEvent[] => {
  const random = randomFrom(1);
  const ids = Array.from({ length: tenants }, () => uuidFrom(random));
  const positions = new Array<number>(shardCount).fill(0);
  const versions = new Map<string, number>();
  const source = eventsFrom(random, tenants);
  return Array.from({ length: count }, () => {
    const { tenant, streamId, event } = source.next().value as Due;
    const tenantId = ids[tenant] ?? '';
    const shard = shardForNewTenant(tenantId);
    const position = (positions[shard] ?? 0) + 1;
    positions[shard] = position;
    const version = (versions.get(streamId) ?? 0) + 1;
    versions.set(streamId, version);
    const commandId = uuidFrom(random);
    return {
      ...{
        shard,
        position,
        tenantId,
        streamId,
        version,
        eventId: uuidFrom(random),
        type: event.type,
        schemaVersion: 1,
      },
      ...{ correlationId: commandId, causationId: commandId, data: encodeData(event) },
      metadata: { actor: { type: 'service', subject: 'generated' } },
      recordedAt: '2026-11-21T03:28:00.123456Z',
    };
  });
};

/** The salts of tenants under keys of their own, as they are computed where the keys are open. */
export const auditSalts = (): AuditSalts => {
  const opened = new Map<string, (eventId: string) => Uint8Array>();
  return (tenantId) => {
    const salts = opened.get(tenantId) ?? auditSaltsWith(randomBytes(32), keyAgeMs);
    opened.set(tenantId, salts);
    return Promise.resolve(salts);
  };
};
