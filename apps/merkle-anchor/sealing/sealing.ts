import type { AuditedEvent, Interleaving } from '#audit-log';
import { formatInterleaving, interleavingPath, readAudited } from '#audit-log';
import { allShards } from '#event-store';
import type { ObjectStore } from '#object-store';
import type { Pool } from 'pg';

import { Overtaken } from '../stopped.js';
import type { AuditSalts, Leaf } from './leaves.js';
import { entriesOf, leavesOf } from './leaves.js';
import { createSame, writeFiles } from './log-writer.js';
import type { ShardEnds } from './shard-ends.js';
import type { SealedTree } from './tree.js';

/** Leaves of one step, about: over all shards that are read. */
const stepLeaves = 8_192;
/** Of each shard at least, so that many of them do not make a step of crumbs. */
const leastOfShard = 512;

export interface SealingOptions {
  pool: Pick<Pool, 'query'>;
  store: ObjectStore;
  salts: AuditSalts;
  /** Throws where this process may no longer write. */
  assertMayWrite: () => void;
}

/** What was read of the log: the rows, and which shards may have more. */
interface Chunk {
  shards: readonly number[];
  events: readonly AuditedEvent[];
  /** Shards of which as much was read as was asked for. */
  hungry: readonly number[];
}

/**
 * Appends what is new in the event table to the tree, a step at a time: events, entries, the interleaving record, tiles. The record is the
 * decision: it is created by compare-and-swap before anything else of the step is written, so that of two writers one adopts what the other
 * decided. After any error the object is of no use: the tree in memory may be ahead of its files.
 */
export class Sealing {
  readonly #options: SealingOptions;

  constructor(
    options: SealingOptions,
    readonly tree: SealedTree,
    readonly ends: ShardEnds,
  ) {
    this.#options = options;
  }

  /**
   * Seals what `shards` have, until there is no more or `isEnough` of leaves says so. Gives how many leaves were sealed, whether there may be more, and
   * when the oldest of them was recorded. Throws SealingStopped, Overtaken, and what Postgres, the keys and the store throw.
   */
  async seal(
    shards: readonly number[],
    isEnough: (leaves: number) => boolean,
  ): Promise<{ leaves: number; more: boolean; oldest: string | undefined }> {
    let leaves = 0;
    let oldest: string | undefined;
    let next: Promise<Chunk> | undefined = this.#read(shards, this.ends.readFrom(shards));
    while (next) {
      const chunk: Chunk = await next;
      next = chunk.hungry.length > 0 ? this.#readAhead(chunk) : undefined;
      const fresh = await this.#new(chunk);
      if (fresh.length > 0) await this.#step(fresh);
      leaves += fresh.length;
      for (const { recordedAt } of fresh) if (oldest === undefined || recordedAt < oldest) oldest = recordedAt;
      if (next && isEnough(leaves)) {
        await next.catch(() => undefined); // is read again
        return { leaves, more: true, oldest };
      }
    }
    return { leaves, more: false, oldest };
  }

  /** Holds the last sealed event of every shard against its leaf. Throws SealingStopped. */
  async assertEventsAreThere(): Promise<void> {
    const from = this.ends.readFrom(allShards);
    const events = await readAudited(this.#options.pool, from, 1);
    const sealed = events.filter(({ shard, position }) => position <= this.ends.position(shard));
    const leaves = await leavesOf(sealed, this.#options.salts);
    this.ends.newAmong(leaves, this.ends.shards());
  }

  async #new({ events, shards }: Chunk): Promise<Leaf[]> {
    return this.ends.newAmong(await leavesOf(events, this.#options.salts), shards);
  }

  async #read(shards: readonly number[], from: ReadonlyMap<number, number>): Promise<Chunk> {
    const limit = Math.max(leastOfShard, Math.floor(stepLeaves / Math.max(1, shards.length)));
    const events = await readAudited(this.#options.pool, from, limit);
    const counts = new Map<number, number>();
    for (const { shard } of events) counts.set(shard, (counts.get(shard) ?? 0) + 1);
    return { shards, events, hungry: shards.filter((shard) => counts.get(shard) === limit) };
  }

  /** Reads what follows while the chunk is sealed: its last event of each shard again, to be held against its leaf. */
  #readAhead({ events, hungry }: Chunk): Promise<Chunk> {
    const from = new Map<number, number>();
    for (const { shard, position } of events) if (hungry.includes(shard)) from.set(shard, position - 1);
    const ahead = this.#read(hungry, from);
    ahead.catch(() => undefined); // told where it is awaited
    return ahead;
  }

  async #step(leaves: readonly Leaf[]): Promise<void> {
    const { store, assertMayWrite } = this.#options;
    const { size } = this.tree.head();
    const files = this.tree.append(entriesOf(leaves));
    const step: Interleaving = { size, runs: runsOf(leaves), root: this.tree.head().root };
    assertMayWrite();
    const record = { path: interleavingPath(size), bytes: formatInterleaving(step) };
    if (!(await createSame(store, record)))
      throw new Overtaken(`another anchor has decided what follows ${size} leaves; its decision is adopted`);
    await writeFiles(store, files);
    this.tree.sealed(step);
    this.ends.advance(leaves);
  }
}

/** Leaves that follow each other in one shard, put together. */
const runsOf = (leaves: readonly Leaf[]): Interleaving['runs'] => {
  const runs: { shard: number; position: number; count: number }[] = [];
  for (const { shard, position } of leaves) {
    const last = runs.at(-1);
    if (last?.shard === shard) last.count += 1;
    else runs.push({ shard, position, count: 1 });
  }
  return runs;
};
