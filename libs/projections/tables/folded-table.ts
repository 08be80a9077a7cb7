import type { ClientBase } from 'pg';

import { Memory } from './memory.js';
import type { Place, ProjectedEvent, ReadModel } from './read-model.js';
import { relationOf } from './read-model.js';

/** A column beside key, version and state: what lists filter and sort by. */
export interface FilterColumn<State> {
  name: string;
  type: 'uuid' | 'text' | 'timestamptz';
  of: (state: State) => string | null;
}

/** One row an object: its folded state as JSON text, and the stream version it stands at. */
export interface FoldedTable<State> {
  name: string;
  table: string;
  /** Column of the object's id; with tenant_id the primary key. */
  id: string;
  /** The object an event is about; undefined where it concerns none of this table. */
  idOf: (event: ProjectedEvent) => string | undefined;
  /** Whether every event of a stream is about its one object, so that versions must follow each other. */
  wholeStream: boolean;
  initial: State;
  evolve: (state: State, event: ProjectedEvent) => State;
  columns: readonly FilterColumn<State>[];
}

interface Row<State> {
  tenantId: string;
  id: string;
  version: number;
  state: State;
}

/** An event, and the object and row it is about. */
interface Concerned {
  event: ProjectedEvent;
  id: string;
  key: string;
}

/** Raised when a row stands before the event just before this one: something in between was not applied. */
export class StreamGap extends Error {
  constructor(table: string, { streamId, version }: ProjectedEvent, rowVersion: number) {
    super(`${table} has ${streamId} at version ${rowVersion}; version ${version} cannot follow`);
    this.name = 'StreamGap';
  }
}

/** A replay reads one shard after the other, so that less lies between two events of a stream. */
const rememberedRows: Record<Place, number> = { live: 20_000, beside: 4_000, temporary: 4_000 };

/** A read model of one table of folded states. A batch costs one upsert, and one select for the rows it does not remember. */
export const foldedReadModel = <State>(table: FoldedTable<State>, place: Place): ReadModel => {
  const memory = new Memory<Row<State>>(rememberedRows[place]);
  // eslint-disable-next-line billing/no-built-sql -- names are the read model's own
  const upsert = { name: `upsert_${place}_${table.table}`, text: upsertSql(table, place) };
  const load = loadSql(table, place);
  return {
    name: table.name,
    tables: [
      {
        table: table.table,
        key: ['tenant_id', table.id],
        columns: [...table.columns, { name: 'version' }, { name: 'state', json: true }],
      },
    ],
    committed: () => {
      memory.committed();
    },
    forget: () => {
      memory.forget();
    },
    apply: async (events, client) => {
      memory.begin();
      const concerned = concernedBy(table, events);
      if (concerned.length === 0) return;
      const { rows, missing } = rowsOf(table, concerned, memory);
      if (missing.size > 0) await fill(missing, client, load);
      const changed = fold(table, concerned, rows);
      if (changed.length > 0) await client.query({ ...upsert, values: valuesOf(table, changed) });
      for (const [key, row] of rows) memory.set(key, row);
    },
  };
};

const concernedBy = <State>(table: FoldedTable<State>, events: readonly ProjectedEvent[]): Concerned[] =>
  events.flatMap((event) => {
    const id = table.idOf(event);
    return id === undefined ? [] : [{ event, id, key: event.tenantId + id }];
  });

/** The row of each object concerned, as remembered or new, and which of them have to be read first. */
const rowsOf = <State>(table: FoldedTable<State>, concerned: readonly Concerned[], memory: Memory<Row<State>>) => {
  const rows = new Map<string, Row<State>>();
  const missing = new Map<string, Row<State>>();
  for (const { event, id, key } of concerned) {
    if (rows.has(key)) continue;
    const remembered = memory.get(key);
    // One that does not lead up to this event was changed behind our back, by a retried dead letter: read it again.
    const known = remembered && event.version <= remembered.version + 1 ? remembered : undefined;
    const row = known ?? { tenantId: event.tenantId, id, version: 0, state: table.initial };
    rows.set(key, row);
    // A stream that is read from its first event on needs no row: what it folds to is right whatever the row says.
    if (!known && event.version > 1) missing.set(key, row);
  }
  return { rows, missing };
};

/** Folds each event into its row, in place; gives the rows that changed. */
const fold = <State>(
  table: FoldedTable<State>,
  concerned: readonly Concerned[],
  rows: ReadonlyMap<string, Row<State>>,
): Row<State>[] => {
  const changed = new Set<Row<State>>();
  for (const { event, key } of concerned) {
    const row = rows.get(key) as Row<State>;
    if (event.version <= row.version) continue;
    if (table.wholeStream && event.version > row.version + 1) throw new StreamGap(table.table, event, row.version);
    row.state = table.evolve(row.state, event);
    row.version = event.version;
    changed.add(row);
  }
  return [...changed];
};

/** Reads the rows that are not remembered. Those that are not there stay at version 0. */
const fill = async <State>(missing: Map<string, Row<State>>, client: ClientBase, text: string): Promise<void> => {
  const wanted = [...missing.values()];
  // Unnamed on purpose: planned each time, so never on the size that the table had when the connection was new.
  const { rows } = await client.query<{ tenant_id: string; id: string; version: number; state: string }>({
    // eslint-disable-next-line billing/no-built-sql -- loadSql, of the read model's own names
    text,
    values: [wanted.map((row) => row.tenantId), wanted.map((row) => row.id)],
  });
  for (const found of rows) {
    const row = missing.get(found.tenant_id + found.id) as Row<State>;
    row.version = found.version;
    row.state = JSON.parse(found.state) as State;
  }
};

const loadSql = <State>({ table, id }: FoldedTable<State>, place: Place): string =>
  `select r.tenant_id, r.${id} as id, r.version, r.state
  from unnest($1::uuid[], $2::uuid[]) as w (tenant_id, id)
  cross join lateral (select * from ${relationOf(table, place)} where tenant_id = w.tenant_id and ${id} = w.id offset 0) r`;

const upsertSql = <State>({ table, id, columns }: FoldedTable<State>, place: Place): string => {
  const all = [
    { name: 'tenant_id', type: 'uuid' },
    { name: id, type: 'uuid' },
    { name: 'version', type: 'integer' },
    { name: 'state', type: 'text' },
    ...columns,
  ];
  const names = all.map(({ name }) => name).join(', ');
  const arrays = all.map(({ type }, at) => `$${at + 1}::${type}[]`).join(', ');
  const updates = all.slice(2).map(({ name }) => `${name} = excluded.${name}`);
  return `insert into ${relationOf(table, place)} as r (${names}) select * from unnest(${arrays})
  on conflict (tenant_id, ${id}) do update set ${updates.join(', ')} where r.version < excluded.version`;
};

const valuesOf = <State>(table: FoldedTable<State>, rows: readonly Row<State>[]): unknown[] => [
  rows.map((row) => row.tenantId),
  rows.map((row) => row.id),
  rows.map((row) => row.version),
  rows.map((row) => JSON.stringify(row.state)),
  ...table.columns.map((column) => rows.map((row) => column.of(row.state))),
];
