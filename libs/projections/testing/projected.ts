import { randomUUID } from 'node:crypto';

import type { Log, Subscription } from '#log';
import { PostgresLog } from '#log';
import type { Pool } from 'pg';
import pg from 'pg';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import type { ReadModel, RebuildPools } from '../index.js';
import { allReadModels, applyInLockstep, readModelsConsumer } from '../index.js';
import type { Written } from './log-writer.js';
import { charge, interleaved, LogWriter, refund } from './log-writer.js';

/** A database with a tenant, whose log specs write and project. */
export interface Projected {
  database: TestDatabase;
  tenantId: string;
  writer: LogWriter;
  api: Pool;
  /** As an operator's tools have them: a superuser's login that acts as another role. */
  pools: RebuildPools;
  /** Starts a projector; it is stopped with the rest. */
  start(models?: readonly ReadModel[]): Promise<Subscription>;
  /** Runs a projector until it has caught up. */
  project(models?: readonly ReadModel[]): Promise<void>;
  close(): Promise<void>;
}

export const openProjected = async (): Promise<Projected> => {
  const database = await createTestDatabase();
  const log: Log = new PostgresLog(database.pool('billing_projector'), database.url('billing_projector'), {
    warn: () => undefined,
  });
  const actingAs = (role: string, max: number): Pool => {
    const pool = new pg.Pool({ connectionString: database.adminUrl, max, options: `-c role=${role}` });
    pool.on('error', () => undefined); // the database is dropped under idle clients
    return pool;
  };
  const pools = { owner: actingAs('billing_owner', 3), projector: actingAs('billing_projector', 8) };
  const start = (models: readonly ReadModel[] = allReadModels()): Promise<Subscription> =>
    log.subscribe({
      consumer: readModelsConsumer,
      batchSize: 50,
      maxTries: 1,
      handle: (events, client) => applyInLockstep(models, events, client),
      committed: () => {
        for (const model of models) model.committed();
      },
      overtaken: () => {
        for (const model of models) model.forget();
      },
    });
  return {
    database,
    tenantId: await database.addTenant(),
    writer: new LogWriter(database.admin),
    api: database.pool('billing_api'),
    pools,
    start,
    project: async (models) => {
      const subscription = await start(models);
      await subscription.whenCaughtUp();
      await subscription.close();
    },
    close: async () => {
      await log.close();
      await Promise.all([pools.owner.end(), pools.projector.end()]);
      await database.drop();
    },
  };
};

/** Charges, every third of them with a refund, interleaved as under load. */
export const someMoney = (tenantId: string, count: number): Written[] =>
  interleaved(
    tenantId,
    Array.from({ length: count }, (_, nr) => {
      const paymentId = randomUUID();
      const currency = nr % 4 ? 'usd' : 'jpy';
      const events = charge({ paymentId, currency, amount: 2_000 + nr, orderId: `order-${nr % 5}` });
      return nr % 3 ? events : [...events, ...refund(paymentId, { currency })];
    }),
  );
