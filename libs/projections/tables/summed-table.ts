import type { ClientBase } from 'pg';

import type { ModelTable, Place } from './read-model.js';
import { relationOf } from './read-model.js';

/** Rows of sums: amounts added up by tenant and key. */
export interface SummedTable {
  table: string;
  /** Key columns after tenant_id. */
  key: readonly { name: string; type: 'text' | 'timestamptz' }[];
}

/** What an event adds to one row. */
export interface Addition {
  tenantId: string;
  /** One text for each key column. */
  key: readonly string[];
  /** Signed minor units. */
  amount: number;
}

interface Sum {
  tenantId: string;
  key: readonly string[];
  amount: bigint;
}

/**
 * Adds batches into a summed table, one upsert a batch. Sums commute, so a dead letter that is retried late still counts, and
 * nothing but the checkpoint of the same transaction tells what was added before.
 */
export class Sums {
  readonly described: ModelTable;
  readonly #upsert: { name: string; text: string };

  constructor(table: SummedTable, place: Place) {
    const key = ['tenant_id', ...table.key.map(({ name }) => name)];
    this.described = { table: table.table, key, columns: [{ name: 'amount' }] };
    // eslint-disable-next-line billing/no-built-sql -- names are the read model's own
    this.#upsert = { name: `add_${place}_${table.table}`, text: upsertSql(table, place) };
  }

  async add(additions: readonly Addition[], client: ClientBase): Promise<void> {
    if (additions.length === 0) return;
    const sums = new Map<string, Sum>();
    for (const { tenantId, key, amount } of additions) {
      const name = [tenantId, ...key].join('\n');
      const sum = sums.get(name);
      if (sum) sum.amount += BigInt(amount);
      else sums.set(name, { tenantId, key, amount: BigInt(amount) });
    }
    await client.query({ ...this.#upsert, values: columnsOf([...sums.values()]) });
  }
}

const upsertSql = ({ table, key }: SummedTable, place: Place): string => {
  const keys = ['tenant_id', ...key.map(({ name }) => name)].join(', ');
  const arrays = ['uuid', ...key.map(({ type }) => type), 'bigint'].map((type, at) => `$${at + 1}::${type}[]`);
  return `insert into ${relationOf(table, place)} as r (${keys}, amount) select * from unnest(${arrays.join(', ')})
  on conflict (${keys}) do update set amount = r.amount + excluded.amount`;
};

const columnsOf = (sums: readonly Sum[]): unknown[] => [
  sums.map((sum) => sum.tenantId),
  ...(sums[0]?.key ?? []).map((_, column) => sums.map((sum) => sum.key[column])),
  sums.map((sum) => String(sum.amount)),
];
