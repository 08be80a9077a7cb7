import { sameHash } from '#audit';
import type { LeafRun } from '#audit-log';
import { allShards } from '#event-store';

import { SealingStopped } from '../stopped.js';
import type { Leaf } from './leaves.js';

/** How far each shard is in the tree: its last position and what the leaf of that commits to. */
export class ShardEnds {
  readonly #positions = new Map<number, number>(allShards.map((shard) => [shard, 0]));
  readonly #commitments = new Map<number, Uint8Array>();
  readonly #places = new Map<number, number>();

  /** The last position of a shard in the tree; 0: none. */
  position(shard: number): number {
    return this.#positions.get(shard) ?? 0;
  }

  /** Positions in the tree over all shards: its size, because no shard has gaps. */
  total(): number {
    return [...this.#positions.values()].reduce((sum, position) => sum + position, 0);
  }

  /** Shards that have leaves. */
  shards(): number[] {
    return allShards.filter((shard) => this.position(shard) > 0);
  }

  /** From where to read `shards` so that the last event of each that is sealed is read again, and held against its leaf. */
  readFrom(shards: readonly number[]): Map<number, number> {
    return new Map(shards.map((shard) => [shard, Math.max(0, this.position(shard) - 1)]));
  }

  /** Takes in runs that the log has, without their leaves. Gives the first that does not follow the position before it. */
  passOver(runs: readonly LeafRun[]): LeafRun | undefined {
    for (const run of runs) {
      if (run.position !== this.position(run.shard) + 1) return run;
      this.#positions.set(run.shard, run.position + run.count - 1);
      this.#places.set(run.shard, run.index + run.count - 1);
    }
    return undefined;
  }

  /** Where the last leaves of the shards are in the tree, as `passOver` was told. */
  places(): ReadonlyMap<number, number> {
    return this.#places;
  }

  /** Says what the last leaf of a shard commits to. */
  setCommitment(shard: number, commitment: Uint8Array): void {
    this.#commitments.set(shard, commitment);
  }

  /** Takes in leaves that have been sealed. */
  advance(leaves: readonly Leaf[]): void {
    for (const { shard, position, commitment } of leaves) {
      this.#positions.set(shard, position);
      this.#commitments.set(shard, commitment);
    }
  }

  /**
   * The new ones among leaves that were read by `readFrom(shards)`, after the first of each shard was held against what is sealed. Throws
   * SealingStopped: events_missing where Postgres no longer has a position that is sealed, event_changed where it has another event there.
   */
  newAmong(leaves: readonly Leaf[], shards: readonly number[]): Leaf[] {
    const next = new Map(shards.map((shard) => [shard, Math.max(1, this.position(shard))]));
    const fresh: Leaf[] = [];
    for (const leaf of leaves) {
      if (leaf.position !== next.get(leaf.shard)) throw missing(leaf.shard, next.get(leaf.shard) ?? 0);
      next.set(leaf.shard, leaf.position + 1);
      if (leaf.position > this.position(leaf.shard)) fresh.push(leaf);
      else this.#assertSame(leaf);
    }
    for (const shard of shards) {
      const position = this.position(shard);
      if (position > 0 && next.get(shard) === position) throw missing(shard, position);
    }
    return fresh;
  }

  #assertSame({ shard, position, commitment }: Leaf): void {
    const sealed = this.#commitments.get(shard);
    if (sealed && sameHash(sealed, commitment)) return;
    throw new SealingStopped(
      'event_changed',
      `the event at position ${position} of shard ${shard} is not the one that was sealed: the database was changed, or an older backup of it ` +
        'has grown again. Nothing is sealed any more; see docs/operations/audit-log.md',
    );
  }
}

const missing = (shard: number, position: number): SealingStopped =>
  new SealingStopped(
    'events_missing',
    `position ${position} of shard ${shard} is sealed, or lies before an event that is there, and Postgres does not have it: ` +
      'events were removed, or the database was restored from an older backup. Nothing is sealed any more; see docs/operations/audit-log.md',
  );
