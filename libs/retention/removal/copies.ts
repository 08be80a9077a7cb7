import { openCheckpoint } from '#audit';
import type { LogIdentity } from '#audit';
import type { ObjectStore } from '#object-store';
import { createHash } from 'node:crypto';
import type { PoolClient } from 'pg';

import type { ArchivedMonth, Manifest, ShardMonth } from '../archive/index.js';
import { checkedFile, CopyDiffers, eventsIn, manifestPath, parseManifest, Runs } from '../archive/index.js';

/** Runs of positions that a month was archived with, as the database has them written down. */
export const runsOf = async (
  client: PoolClient,
  { shard, month }: ShardMonth,
): Promise<{ first: number; last: number }[]> => {
  const { rows } = await client.query<{ first: string; last: string }>(
    `select lower(run) as first, upper(run) - 1 as last from billing.retention_archive a cross join unnest(a.positions) as run
    where a.shard = $1 and a.month = ($2 || '-01')::date order by run`,
    [shard, month],
  );
  return rows.map(({ first, last }) => ({ first: Number(first), last: Number(last) }));
};

/**
 * The copies that stand for what is removed: each is read once more, and is what was verified, of this month of this shard, with every position
 * that the database would let go for it.
 */
export class Copies {
  readonly #months: ReadonlyMap<string, ArchivedMonth>;
  readonly #checked = new Set<string>();

  constructor(
    private readonly from: { store: ObjectStore; identity: LogIdentity },
    months: readonly ArchivedMonth[],
  ) {
    this.#months = new Map(months.map((month) => [`${month.shard}/${month.month}`, month]));
  }

  /** Throws CopyDiffers. A copy that was found good is not read again. */
  async check(client: PoolClient, { shard, month }: ShardMonth): Promise<void> {
    const key = `${shard}/${month}`;
    if (this.#checked.has(key)) return;
    const archived = this.#months.get(key);
    if (!archived) throw new CopyDiffers({ shard, month }, 'there is none');
    const manifest = await this.#manifestOf(archived);
    const runs = (await runsOf(client, archived)).map(({ first, last }) => [first, last]);
    const events = runs.reduce((sum, [first = 0, last = 0]) => sum + last - first + 1, 0);
    if (archived.events !== events || manifest.events !== events || !isSame(manifest.positions, runs))
      throw new CopyDiffers(archived, `${archived.manifest} has other positions than are written down`);
    if (!isSame(await this.#positionsIn(archived, manifest), runs))
      throw new CopyDiffers(archived, `the files of ${archived.manifest} do not have the positions that it lists`);
    this.#checked.add(key);
  }

  async #manifestOf(archived: ArchivedMonth): Promise<Manifest> {
    const { store, identity } = this.from;
    const bytes = await store.read(archived.manifest);
    if (!bytes || !createHash('sha256').update(bytes).digest().equals(archived.manifestSha256))
      throw new CopyDiffers(archived, `${store.name} does not have ${archived.manifest} as it was written`);
    try {
      const manifest = parseManifest(bytes, manifestPath(archived.shard, archived.month));
      const { size } = openCheckpoint(manifest.checkpoint, identity);
      if (size === manifest.treeSize && size === archived.treeSize) return manifest;
    } catch (error) {
      throw new CopyDiffers(archived, error instanceof Error ? error.message : String(error));
    }
    throw new CopyDiffers(archived, `the checkpoint in ${archived.manifest} is of another size than is written down`);
  }

  async #positionsIn(archived: ArchivedMonth, { files }: Manifest): Promise<[number, number][]> {
    const runs = new Runs();
    for (const file of files)
      for await (const events of eventsIn(await checkedFile(this.from.store, archived, file)))
        for (const { shard, position, recordedAt } of events) {
          if (shard !== archived.shard || !recordedAt.startsWith(archived.month))
            throw new CopyDiffers(archived, `${file.path} has events of another month or shard`);
          runs.add(position);
        }
    return runs.all;
  }
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
