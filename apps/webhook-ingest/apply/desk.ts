import type { FactAggregate, FactRecorder, Folded } from '#command-handling/facts';
import { commandIdOf } from '#command-handling';
import type { DomainEvent } from '#contracts';
import { derivedId } from '#contracts';
import type { StreamReader, TenantShards } from '#event-store';
import type { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';

import type { Verdict } from './verdict.js';

/** What events are applied with. */
export interface Desk {
  /** For the read model that finds candidates; logs in as billing_webhook_ingest. */
  pool: Pool;
  shards: TenantShards;
  reader: StreamReader;
  streams: FactRecorder;
  /** Customers who were found registered, as `tenant/customer/processor's id`: that never changes again. */
  registered: LRUCache<string, true>;
}

/** An event that is being applied, without what it says of an object. */
export interface Heard {
  eventId: string;
  /** The connected account it happened on; undefined for the platform's own. */
  account: string | undefined;
  /** RFC 3339, the processor's time: when the facts came to be. */
  at: string;
}

/** A stream that an event is about, as it was read. */
export interface Found<S> extends Folded<S> {
  tenantId: string;
  shard: number;
  streamId: string;
}

/** The id of the command that an event is, for its tenant: its facts are recorded once, however often it is applied. */
const commandOf = (tenantId: string, { eventId, account }: Heard): string =>
  commandIdOf(tenantId, 'stripe', account ?? 'platform', eventId);

const asksToLook = ({ type }: DomainEvent): boolean => type.endsWith('LookupRequested');

/**
 * Records what an event says in the stream it is about. `factsOf` makes the facts of the state they are decided on; the look that
 * they may ask for has the id it is given. `correlationId`: of the story they belong to, where we began it.
 */
export const recordHeard = async <S, F, E extends DomainEvent>(
  { streams }: Desk,
  heard: Heard,
  aggregate: FactAggregate<S, F, E>,
  { tenantId, shard, streamId, ...stream }: Found<S>,
  factsOf: (state: S, lookupId: string) => readonly F[],
  correlationId?: string,
): Promise<Verdict> => {
  const commandId = commandOf(tenantId, heard);
  const lookupId = derivedId(commandId, 'lookup');
  const recorded = await streams.record(
    aggregate,
    { tenantId, shard, streamId, commandId, correlationId: correlationId ?? commandId },
    (state) => factsOf(state, lookupId),
    stream,
  );
  if (recorded.length === 0) return { state: 'applied', outcome: 'nothing_new', tenantId };
  return { state: 'applied', outcome: recorded.every(asksToLook) ? 'looked_up' : 'recorded', tenantId };
};
