import type { LogFiles } from '#audit';
import { FileMissing, fullWidth, levelsOf, tilePath, widthIn } from '#audit';
import type { ObjectStore } from '#object-store';

/** Files that are copied at once. */
const atOnce = 16;

/** The tiles and bundles of a log of `size` leaves, bundle after bundle, each with how many leaves the copy then has. */
function* placesOf(
  size: number,
): Generator<{ level: number | 'entries'; index: number; width: number; leaves: number }> {
  for (let index = 0; index * fullWidth < size; index += 1) {
    const width = widthIn(size, 0, index);
    const leaves = index * fullWidth + width;
    yield { level: 'entries', index, width, leaves };
    yield { level: 0, index, width, leaves };
  }
  for (let level = 1; level < levelsOf(size); level += 1) {
    for (let index = 0; widthIn(size, level, index) > 0; index += 1) {
      yield { level, index, width: widthIn(size, level, index), leaves: size };
    }
  }
}

export interface Copied {
  /** Files that were copied now, and those that an earlier export had brought. */
  copied: number;
  present: number;
}

/** Copies the tiles of a log of `size` leaves; what is there already is left as it is. Throws FileMissing. */
export const copyTiles = async (
  source: LogFiles,
  target: ObjectStore,
  size: number,
  onProgress: (leaves: number) => void,
): Promise<Copied> => {
  const done: Copied = { copied: 0, present: 0 };
  const copy = async (place: { level: number | 'entries'; index: number; width: number }): Promise<void> => {
    const path = tilePath(place);
    if (await target.read(path)) {
      done.present += 1;
      return;
    }
    const bytes = await source.read(path);
    if (!bytes) throw new FileMissing(path);
    await target.create(path, bytes);
    done.copied += 1;
  };
  let batch: Promise<void>[] = [];
  for (const place of placesOf(size)) {
    batch.push(copy(place));
    if (batch.length < atOnce) continue;
    await Promise.all(batch);
    batch = [];
    onProgress(place.leaves);
  }
  await Promise.all(batch);
  onProgress(size);
  return done;
};
