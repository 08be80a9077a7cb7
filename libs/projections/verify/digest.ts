import { createHash } from 'node:crypto';

import type { ClientBase } from 'pg';

import type { ModelTable, ReadModel } from '../tables/read-model.js';
import { relationOf } from '../tables/read-model.js';

const fetchSize = 5_000;

/**
 * SHA-256, in hexadecimal, over the live rows of a read model: one JSON array a row (key, columns, state), as Postgres writes jsonb
 * in UTC, each ended by a line feed, tables and rows in the order of their keys. It follows from the log alone: not from how the
 * log was cut into batches, which adapter delivered it, or whether the read model was rebuilt. Sets the time zone of the transaction.
 */
export const digestOf = async (client: ClientBase, { tables }: ReadModel): Promise<string> => {
  const hash = createHash('sha256');
  await client.query(`set local timezone = 'UTC'`);
  for (const table of tables) {
    // eslint-disable-next-line billing/no-built-sql -- names are the read model's own
    await client.query(`declare digested no scroll cursor for ${rowsSql(table)}`);
    for (;;) {
      const { rows } = await client.query<{ row: string }>(`fetch ${fetchSize} from digested`);
      for (const { row } of rows) hash.update(row).update('\n');
      if (rows.length < fetchSize) break;
    }
    await client.query('close digested');
  }
  return hash.digest('hex');
};

/** Keys as text in the order of their bytes: the same under every collation. */
const rowsSql = ({ table, key, columns }: ModelTable): string => {
  const fields = [...key, ...columns.map(({ name, json }) => (json ? `${name}::jsonb` : name))];
  const order = key.map((column) => `${column}::text collate "C"`);
  return `select jsonb_build_array(${fields.join(', ')})::text as row from ${relationOf(table, 'live')} order by ${order.join(', ')}`;
};
