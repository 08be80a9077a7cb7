import { Malformed, fullWidth, parseBundle, parseEntry, tilePath, widthIn } from '#audit';
import type { LeafRun } from '#audit-log';
import { LeafRuns } from '#audit-log';
import { Injectable } from '@nestjs/common';

import { inconsistent } from './problems.js';
import type { PublishedHead } from './published-log.js';
import { PublishedLog } from './published-log.js';

/** How far Postgres knows a published log. */
export interface KnownEnds {
  /** Leaves of the published log whose places Postgres knows: fewer than its size for a moment after each checkpoint. */
  leaves: number;
  /** The last position of each shard among them; none of a shard that has no leaf. */
  positions: ReadonlyMap<number, number>;
}

/** How old an answer may be while Postgres does not know all of a published log: whoever asks more often is answered the same. */
const freshMs = 100;

/**
 * How far each shard is in the published log. Postgres's copy of the runs is held against the log: where the last leaf of every shard is what the
 * copy says, and all of them together are as many as the log has, no position can be hidden or too many. Whoever asks while it is being looked shares
 * that look.
 */
@Injectable()
export class SealedEnds {
  #asked: { note: string; ends: Promise<KnownEnds>; until: number } | undefined;

  constructor(
    private readonly log: PublishedLog,
    private readonly runs: LeafRuns,
  ) {}

  /**
   * At most 100 ms old where Postgres does not know all of the log yet. Throws ProblemError 503 where Postgres and the log do not agree, or the store is
   * away.
   */
  async under(head: PublishedHead): Promise<KnownEnds> {
    if (this.#asked?.note === head.note && performance.now() < this.#asked.until) return this.#asked.ends;
    const asked = { note: head.note, ends: this.#look(head), until: Infinity };
    this.#asked = asked;
    try {
      const { leaves } = await asked.ends;
      if (leaves < head.size) asked.until = performance.now() + freshMs;
    } catch (error) {
      asked.until = -Infinity;
      throw error;
    }
    return asked.ends;
  }

  async #look(head: PublishedHead): Promise<KnownEnds> {
    const last = await this.runs.lastUpTo(head.size - 1);
    const positions = new Map(last.map(({ shard, position, count }) => [shard, position + count - 1]));
    const leaves = Math.max(0, ...last.map(({ index, count }) => index + count));
    const counted = [...positions.values()].reduce((sum, position) => sum + position, 0);
    if (counted !== leaves) throw inconsistent(`${leaves} leaves are of ${counted} positions by audit_leaf_run`);
    for (const run of last) await this.#assertLast(run, head.size);
    return { leaves, positions };
  }

  async #assertLast({ shard, index, position, count }: LeafRun, size: number): Promise<void> {
    const leaf = index + count - 1;
    const bundle = Math.floor(leaf / fullWidth);
    const width = widthIn(size, 0, bundle);
    const path = tilePath({ level: 'entries', index: bundle, width });
    const entry = entryIn((await this.log.tile(path)) ?? new Uint8Array(), { path, width, at: leaf % fullWidth });
    if (entry.shard === shard && entry.position === position + count - 1) return;
    throw inconsistent(`leaf ${leaf} of the published audit log is not what audit_leaf_run says`);
  }
}

const entryIn = (
  bundle: Uint8Array,
  { path, width, at }: { path: string; width: number; at: number },
): ReturnType<typeof parseEntry> => {
  try {
    return parseEntry(parseBundle(bundle, width, path)[at] ?? new Uint8Array());
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw inconsistent(`${path} of the published audit log cannot be read: ${error.message}`);
  }
};
