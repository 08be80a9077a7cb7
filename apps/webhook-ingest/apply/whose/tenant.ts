import type { FactAggregate } from '#command-handling/facts';
import { foldStream } from '#command-handling/facts';
import type { Aggregate, DomainEvent, RecordedEvent } from '#contracts';
import { streamIdOf } from '#contracts';
import { UnknownTenant } from '#event-store';
import type { Claim } from '#processor';

import type { Desk, Found } from '../desk.js';
import { quarantine } from '../verdict.js';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a claim can be the id of something of ours: a UUID, in the one spelling that we write. */
export const isId = (claimed: string | undefined): claimed is string => claimed !== undefined && uuid.test(claimed);

/** The shard of a tenant that an event claims to be of. Throws `tenant_unknown`. */
export const shardOf = async ({ shards }: Desk, tenantId: string): Promise<number> => {
  if (!isId(tenantId)) throw quarantine('tenant_unknown');
  try {
    return await shards.of(tenantId);
  } catch (error) {
    if (error instanceof UnknownTenant) throw quarantine('tenant_unknown');
    throw error;
  }
};

/** Throws `tenant_unknown` where the claim names a tenant that we do not have. */
export const checkTenant = async (desk: Desk, { tenantId }: Claim): Promise<void> => {
  if (tenantId !== undefined) await shardOf(desk, tenantId);
};

/** A stream with the events it was folded of. */
export interface FoundStream<S> extends Found<S> {
  events: readonly RecordedEvent[];
}

/** The stream of one of a tenant's objects, as it is now; at version 0 where there is none. Throws `tenant_unknown`. */
export const readStream = async <S, F, E extends DomainEvent>(
  desk: Desk,
  aggregate: FactAggregate<S, F, E>,
  tenantId: string,
  kind: Aggregate,
  id: string,
): Promise<FoundStream<S>> => {
  const shard = await shardOf(desk, tenantId);
  const streamId = streamIdOf(kind, id);
  const { events } = await desk.reader.read({ tenantId, shard, streamId });
  return { tenantId, shard, streamId, events, ...foldStream(aggregate, events) };
};
