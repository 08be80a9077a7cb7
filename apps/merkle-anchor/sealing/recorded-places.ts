import { Malformed, fullWidth, parseEntry, readBundle, widthIn } from '#audit';
import type { Interleaving } from '#audit-log';
import { interleavingPath, leafRunsOf } from '#audit-log';
import type { ObjectStore } from '#object-store';

/**
 * Holds interleaving records against the entries of the log before Postgres is told of them: a record that says otherwise would stay there for good.
 * Reads each bundle once where the steps come in their order.
 */
export class RecordedPlaces {
  #bundle: { index: number; entries: readonly Uint8Array[] } | undefined;

  /** `size`: leaves of the tree whose files are there. */
  constructor(
    private readonly store: Pick<ObjectStore, 'read'>,
    private readonly size: number,
  ) {}

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

  async #entry(index: number): Promise<Uint8Array> {
    const bundle = Math.floor(index / fullWidth);
    if (this.#bundle?.index !== bundle) {
      const entries = await readBundle(this.store, bundle, widthIn(this.size, 0, bundle));
      this.#bundle = { index: bundle, entries };
    }
    return this.#bundle.entries[index % fullWidth] ?? new Uint8Array();
  }
}
