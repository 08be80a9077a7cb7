import { Malformed, fullWidth, parseEntry, readBundle, widthIn } from '#audit';
import type { Interleaving } from '#audit-log';
import { interleavingPath, leafRunsOf } from '#audit-log';
import type { ObjectStore } from '#object-store';

/** Bundles of a step that are read ahead: a step has a run of each of sixteen shards at most, and two ends of each. */
const maxAheadOfStep = 32;
/** Bundles that are held, 66 kB each at most: those of the sixteen steps that are read ahead, and some. Nothing is read ahead beyond that. */
const maxHeld = 600;

/**
 * Holds interleaving records against the entries of the log before Postgres is told of them: a record that says otherwise would stay there for good.
 * Reads each bundle once where the steps come in their order.
 */
export class RecordedPlaces {
  /** By index, those before the one in use forgotten. */
  readonly #bundles = new Map<number, Promise<readonly Uint8Array[]>>();

  /** `size`: leaves of the tree whose files are there. */
  constructor(
    private readonly store: Pick<ObjectStore, 'read'>,
    private readonly size: number,
  ) {}

  /** Reads what `assertSealed` will need of a step, one bundle after the other, while there is room. Rejects where one cannot be read. */
  async readAhead(step: Interleaving): Promise<void> {
    const ends = leafRunsOf(step).flatMap(({ index, count }) => [bundleOf(index), bundleOf(index + count - 1)]);
    for (const index of [...new Set(ends)].slice(0, maxAheadOfStep)) {
      if (this.#bundles.size >= maxHeld) return;
      await this.#bundle(index);
    }
  }

  /**
   * The ends of a run tell of all of it: positions of a shard grow by one, so none else fits between. Throws FileMissing, and Malformed where the log
   * has another leaf.
   */
  async assertSealed(step: Interleaving): Promise<void> {
    for (const { index, shard, position, count } of leafRunsOf(step)) {
      for (const at of new Set([0, count - 1])) {
        const leaf = `leaf ${index + at}`;
        const entry = parseEntry(await this.#entry(index + at), leaf);
        if (entry.shard === shard && entry.position === position + at) continue;
        throw new Malformed(
          interleavingPath(step.size),
          `it has position ${position + at} of shard ${shard} as ${leaf}, which is position ${entry.position} of shard ${entry.shard}`,
        );
      }
    }
  }

  async #entry(leaf: number): Promise<Uint8Array> {
    const index = bundleOf(leaf);
    for (const known of this.#bundles.keys()) if (known < index) this.#bundles.delete(known);
    return (await this.#bundle(index))[leaf % fullWidth] ?? new Uint8Array();
  }

  #bundle(index: number): Promise<readonly Uint8Array[]> {
    const known = this.#bundles.get(index);
    if (known) return known;
    const bundle = readBundle(this.store, index, widthIn(this.size, 0, index));
    this.#bundles.set(index, bundle);
    bundle.catch(() => this.#bundles.delete(index)); // it rejects where it is awaited, and is read anew
    return bundle;
  }
}

const bundleOf = (leaf: number): number => Math.floor(leaf / fullWidth);
