import { randomUUID } from 'node:crypto';

import type { FactAggregate } from '#command-handling/facts';
import { FactRecorder } from '#command-handling/facts';
import type { Aggregate, DomainEvent } from '#contracts';
import { streamIdOf } from '#contracts';
import { Batcher, StreamReader, TenantShards, appendOver } from '#event-store';
import type { Pool } from 'pg';

/** Records what a webhook has told, as webhook-ingest does. `ears` logs in as its role. */
export const hear = async <S, F, E extends DomainEvent>(
  ears: Pool,
  tenantId: string,
  aggregate: FactAggregate<S, F, E>,
  [kind, id]: [Aggregate, string],
  fact: F,
): Promise<void> => {
  const recorder = new FactRecorder(new StreamReader(ears), new Batcher(appendOver(ears)), 'webhook-ingest');
  const place = { tenantId, shard: await new TenantShards(ears).of(tenantId), streamId: streamIdOf(kind, id) };
  const context = { ...place, commandId: randomUUID(), correlationId: randomUUID() };
  await recorder.record(aggregate, context, [fact], await recorder.load(aggregate, place));
};
