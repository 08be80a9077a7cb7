import type { ClientBase, Pool } from 'pg';

import { readModelsConsumer, readModelsNamed } from '../all.js';
import type { Stretch } from '../replay/log.js';
import { eventsAt, positionsOf } from '../replay/log.js';
import type { ProjectedEvent, ReadModel } from '../tables/read-model.js';

/** Raised when somebody else moved the checkpoint of a rebuild: what we folded was rolled back, what they folded stands. */
export class RebuildMoved extends Error {
  constructor(model: string) {
    super(`another process works on the rebuild of ${model}, or has ended it; run billing rebuild ${model} again`);
    this.name = 'RebuildMoved';
  }
}

/** Names the checkpoint of a rebuild. A storage format: a killed rebuild goes on from there. */
export const rebuildConsumer = (model: string): string => `projector:rebuild-${model}`;

/** Events that follow each other in one shard, decoded, without those that the live consumer has set aside. */
export interface Digestible extends Omit<Stretch, 'rows'> {
  events: readonly ProjectedEvent[];
  /** What was set aside, with its tenant. */
  aside: readonly { position: string; tenant_id: string }[];
}

/**
 * A read model that grows beside the live one: its tables, how far it is, and what it has left out because the live consumer had
 * set it aside. All of it is in the database, so that whoever comes next can go on.
 */
export class Beside {
  readonly #positions: Map<number, number>;
  /** Positions of the transaction at hand. */
  #moved = new Map<number, number>();
  #leftOut: number;

  private constructor(
    readonly model: ReadModel,
    positions: Map<number, number>,
    leftOut: number,
  ) {
    this.#positions = positions;
    this.#leftOut = leftOut;
  }

  /** Reads where the rebuild of `model` stands; its tables must be there. */
  static async open(pool: Pool, name: string): Promise<Beside> {
    const [model] = readModelsNamed([name], 'beside') as [ReadModel];
    const { rows } = await pool.query<{ count: number }>(
      'select count(*)::integer as count from billing.rebuild_aside where model = $1',
      [name],
    );
    return new Beside(model, await positionsOf(pool, rebuildConsumer(name)), rows[0]?.count ?? 0);
  }

  /** Last folded position of each shard. */
  get positions(): ReadonlyMap<number, number> {
    return this.#positions;
  }

  /**
   * Folds what follows its positions, and before that what the live consumer has digested late, in the transaction of `client`,
   * which moves the checkpoint too. Call `committed` after it has. Throws RebuildMoved, or what folding throws.
   */
  async digest(client: ClientBase, { shard, last, events, aside }: Digestible): Promise<void> {
    const from = this.#moved.get(shard) ?? this.#positions.get(shard) ?? 0;
    const late = await this.#takeLate(client);
    await this.model.apply([...late, ...events.filter(({ position }) => position > from)], client);
    if (last <= from) return;
    await this.#leaveOut(
      client,
      shard,
      aside.filter(({ position }) => Number(position) > from),
    );
    const { rowCount } = await client.query({
      name: 'move_rebuild',
      text: 'update billing.checkpoint set position = $4, updated_at = now() where consumer = $1 and shard = $2 and position = $3',
      values: [rebuildConsumer(this.model.name), shard, from, last],
    });
    if (rowCount !== 1) throw new RebuildMoved(this.model.name);
    this.#moved.set(shard, last);
  }

  /** Folds only what the live consumer has digested late. */
  async digestLate(client: ClientBase): Promise<void> {
    const late = await this.#takeLate(client);
    if (late.length > 0) await this.model.apply(late, client);
  }

  /** Tells that the transaction of all digests since the last call has committed. */
  committed(): void {
    for (const [shard, position] of this.#moved) this.#positions.set(shard, position);
    this.#moved.clear();
    this.model.committed();
  }

  /** Tells that it was rolled back: the next digest begins where the last commit was. */
  rolledBack(): void {
    this.#moved.clear();
  }

  /** What was left out, and is a dead letter of the live consumer no more. */
  async #takeLate(client: ClientBase): Promise<ProjectedEvent[]> {
    if (this.#leftOut === 0) return [];
    const { rows } = await client.query<{ shard: number; position: string }>(
      `delete from billing.rebuild_aside a where model = $1
        and not exists (select from billing.dead_letter d where d.consumer = $2 and d.shard = a.shard and d.position = a.position)
      returning shard, position`,
      [this.model.name, readModelsConsumer],
    );
    return eventsAt(client, rows);
  }

  async #leaveOut(client: ClientBase, shard: number, aside: Digestible['aside']): Promise<void> {
    if (aside.length === 0) return;
    this.#leftOut += aside.length; // never counted down: it only says whether it is worth looking
    await client.query(
      `insert into billing.rebuild_aside (model, shard, position, tenant_id)
      select $1, $2, * from unnest($3::bigint[], $4::uuid[])`,
      [this.model.name, shard, aside.map(({ position }) => position), aside.map((row) => row.tenant_id)],
    );
  }
}
