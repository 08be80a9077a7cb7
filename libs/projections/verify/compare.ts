import type { ClientBase } from 'pg';

import type { ModelTable, Place, ReadModel } from '../tables/read-model.js';
import { relationOf } from '../tables/read-model.js';

/** How the live tables of a read model compare with folded ones. */
export interface Comparison {
  model: string;
  /** Live rows, over all its tables. */
  rows: number;
  /** How many rows differ, are missing or should not be there. */
  differing: number;
  /** The first of them, 20 of each table at most: table and key, and what is wrong with the live one. */
  differences: string[];
}

const maxDifferences = 20;

/** Compares the live tables of `model` row by row with those in `place`, as the transaction of `client` sees both. */
export const compareWithLive = async (
  client: ClientBase,
  { name, tables }: ReadModel,
  place: Exclude<Place, 'live'>,
): Promise<Comparison> => {
  const comparison: Comparison = { model: name, rows: 0, differing: 0, differences: [] };
  for (const table of tables) {
    comparison.rows += await countRows(client, table);
    const { count, differences } = await differencesIn(client, table, place);
    comparison.differing += count;
    comparison.differences.push(...differences);
  }
  return comparison;
};

const countRows = async (client: ClientBase, { table }: ModelTable): Promise<number> => {
  const { rows } = await client.query<{ count: string }>(`select count(*) from ${relationOf(table, 'live')}`);
  return Number(rows[0]?.count);
};

const differencesIn = async (client: ClientBase, { table, key, columns }: ModelTable, place: Place) => {
  const differs = columns.map(({ name, json }) =>
    json
      ? `(live.${name} is distinct from folded.${name} and live.${name}::jsonb is distinct from folded.${name}::jsonb)`
      : `live.${name} is distinct from folded.${name}`,
  );
  const { rows } = await client.query<{ key: string; what: string; count: string }>(
    // eslint-disable-next-line billing/no-built-sql -- names are the read model's own
    `select concat_ws('/', ${key.join(', ')}) as key,
      case when is_live is null then 'is missing' when is_folded is null then 'should not be' else 'differs' end as what,
      count(*) over () as count
    from (select true as is_live, * from ${relationOf(table, 'live')}) live
    full join (select true as is_folded, * from ${relationOf(table, place)}) folded using (${key.join(', ')})
    where is_live is null or is_folded is null or ${differs.join(' or ')} limit ${maxDifferences}`,
  );
  return { count: Number(rows[0]?.count ?? 0), differences: rows.map(({ key: of, what }) => `${table} ${of} ${what}`) };
};
