import { randomUUID } from 'node:crypto';

import type { AppendCommand } from '#event-store';
import { Batcher, appendOver, shardForNewTenant } from '#event-store';
import pg from 'pg';

import type { TestDatabase } from '../database/index.js';
import type { Measured, Row } from './report.js';
import { measure, rowOf } from './report.js';

const load = { inFlight: 64, seconds: 6 };

/** A command on a new stream with one event of some 250 bytes, or with two, as a charge makes it. */
const command = (tenantId: string, events = 1): AppendCommand => {
  const commandId = randomUUID();
  const paymentId = randomUUID();
  const customerId = commandId;
  const at = '2026-11-21T00:00:00.000Z';
  const terms = { customerId, amount: 1_999, currency: 'usd', captureMethod: 'automatic', at };
  return {
    tenantId,
    commandId,
    fingerprint: Buffer.alloc(32),
    streamId: `payment-${paymentId}`,
    expectedVersion: 0,
    events: [
      { type: 'PaymentCreated', paymentId, ...terms } as never,
      { type: 'PaymentRequested', attempt: 1, paymentMethodId: paymentId, ...terms } as never,
    ].slice(0, events),
    correlationId: commandId,
    actor: { type: 'person', subject: 'bench' },
  };
};

const appends = async (database: TestDatabase, tenants: number, events: number): Promise<Measured> => {
  const shards = new Map<string, number>();
  for (let at = 0; at < tenants; at += 1) {
    const id = await database.addTenant();
    shards.set(id, shardForNewTenant(id));
  }
  const pool = database.pool('billing_api', { max: 4 });
  const batcher = new Batcher(appendOver(pool), { connections: 4 });
  const ids = [...shards.keys()];
  let next = 0;
  return measure(async () => {
    const tenantId = ids[next++ % ids.length] as string;
    const result = await batcher.append(shards.get(tenantId) as number, command(tenantId, events));
    if (result.status !== 'ok') throw new Error(`an append came back as ${result.status}`);
  }, load);
};

/** What a service without an event store would do for a charge: insert one row, in a transaction of its own. */
const inserts = async (database: TestDatabase, connections: number): Promise<Measured> => {
  await database.admin.query(
    `create table if not exists plain (id uuid primary key, tenant_id uuid not null, data text not null)`,
  );
  const pool = new pg.Pool({ connectionString: database.adminUrl, max: connections });
  const data = JSON.stringify(command(randomUUID()).events);
  const measured = await measure(
    () => pool.query({ name: 'plain', text: 'insert into plain values ($1, $1, $2)', values: [randomUUID(), data] }),
    load,
  );
  await pool.end();
  return measured;
};

/** Append against one INSERT a transaction at the same concurrency: for one tenant and over 200. */
export const appendBench = async (database: TestDatabase): Promise<Row[]> => {
  const [few, many] = [await inserts(database, 8), await inserts(database, load.inFlight)];
  const reference = few.rate > many.rate ? few : many;
  return [
    rowOf('append, one tenant, 64 in flight', await appends(database, 1, 1), reference),
    rowOf('append, one tenant, two events each', await appends(database, 1, 2), reference),
    rowOf('append, 200 tenants, 64 in flight', await appends(database, 200, 1), reference),
  ];
};
