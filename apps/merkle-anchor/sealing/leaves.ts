import { commitmentTo, formatEntry } from '#audit';
import type { AuditedEvent } from '#audit-log';
import { eventBytes } from '#audit-log';

/** The salts of a tenant's events: HMACs of their ids under the tenant's audit key. Rejects where the key cannot be had just now. */
export type AuditSalts = (tenantId: string) => Promise<(eventId: string) => Uint8Array>;

/** An event as it stands in the log. */
export interface Leaf {
  shard: number;
  position: number;
  commitment: Uint8Array;
  /** When the event was recorded, as it is hashed. */
  recordedAt: string;
}

/** The leaves of these events, in their order. Asks once for the salts of each tenant. */
export const leavesOf = async (events: readonly AuditedEvent[], salts: AuditSalts): Promise<Leaf[]> => {
  const tenants = [...new Set(events.map(({ tenantId }) => tenantId))];
  const saltOf = new Map(await Promise.all(tenants.map(async (tenant) => [tenant, await salts(tenant)] as const)));
  return events.map((event) => {
    const salt = saltOf.get(event.tenantId)?.(event.eventId);
    if (!salt) throw new Error(`there are no salts for tenant ${event.tenantId}`);
    return {
      shard: event.shard,
      position: event.position,
      commitment: commitmentTo(salt, eventBytes(event)),
      recordedAt: event.recordedAt,
    };
  });
};

/** The bytes that are hashed into the tree. */
export const entriesOf = (leaves: readonly Leaf[]): Uint8Array[] => leaves.map(formatEntry);
