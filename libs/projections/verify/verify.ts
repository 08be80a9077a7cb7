import type { ClientBase, Pool } from 'pg';

import { allReadModels, readModelsConsumer } from '../all.js';
import type { ModelTable } from '../tables/read-model.js';
import type { Progress } from './replay.js';
import { replay } from './replay.js';

export interface VerifyOptions {
  onProgress?: (progress: Progress) => void;
}

/** How a live read model compares with one that was just folded from the log. */
export interface VerifiedModel {
  model: string;
  /** Live rows, over all its tables. */
  rows: number;
  /** Rows that differ, are missing or should not be there: table and key, 20 of each table at most. */
  differences: string[];
}

const maxDifferences = 20;

/**
 * Folds the whole log into temporary tables, up to the checkpoint of the live read models, and compares row by row. Everything
 * is read in one snapshot, so the projector may go on meanwhile. Events that the projector set aside as dead letters
 * are left out here too. Memory is bounded by a batch. `pool` logs in as the projector. Throws where an event cannot be folded.
 */
export const verifyReadModels = async (pool: Pool, { onProgress }: VerifyOptions = {}): Promise<VerifiedModel[]> => {
  const client = await pool.connect();
  try {
    await client.query('begin isolation level repeatable read');
    await client.query('set local statement_timeout = 0');
    const models = allReadModels('pg_temp');
    for (const { table, key } of models.flatMap(({ tables }) => tables)) {
      await client.query(
        `create temporary table ${table} (like billing.${table}, primary key (${key.join(', ')})) on commit drop`,
      );
    }
    await replay(client, { consumer: readModelsConsumer, models, onProgress });
    const verified: VerifiedModel[] = [];
    for (const { name, tables } of models) {
      const compared = { model: name, rows: 0, differences: [] as string[] };
      for (const table of tables) {
        compared.rows += await countRows(client, table);
        compared.differences.push(...(await differencesIn(client, table)));
      }
      verified.push(compared);
    }
    return verified;
  } finally {
    // Nothing was written but temporary tables; a connection that cannot say so is not used again.
    const broken = await client.query('rollback').then(
      () => false,
      () => true,
    );
    client.release(broken);
  }
};

const countRows = async (client: ClientBase, { table }: ModelTable): Promise<number> => {
  const { rows } = await client.query<{ count: string }>(`select count(*) from billing.${table}`);
  return Number(rows[0]?.count);
};

const differencesIn = async (client: ClientBase, { table, key, columns }: ModelTable): Promise<string[]> => {
  const differs = columns.map(({ name, json }) =>
    json
      ? `(live.${name} is distinct from folded.${name} and live.${name}::jsonb is distinct from folded.${name}::jsonb)`
      : `live.${name} is distinct from folded.${name}`,
  );
  const { rows } = await client.query<{ key: string; what: string }>(
    `select concat_ws('/', ${key.join(', ')}) as key,
      case when live.tenant_id is null then 'is missing' when folded.tenant_id is null then 'should not be' else 'differs' end as what
    from billing.${table} live full join pg_temp.${table} folded using (${key.join(', ')})
    where ${differs.join(' or ')} limit ${maxDifferences}`,
  );
  return rows.map(({ key: of, what }) => `${table} ${of} ${what}`);
};
