import { formatBundle, formatEntry, fullWidth } from '#audit';
import type { Interleaving } from '#audit-log';
import { sampleEntries } from '#audit/testing';

import { RecordedPlaces } from './recorded-places.js';

const bundle = formatBundle(sampleEntries(fullWidth).map(formatEntry));
const bundlesOfStep = 32;
/** A step that touches as many bundles as are read ahead of one, `at` such steps after the first. */
const stepAt = (at: number): Interleaving => ({
  size: at * bundlesOfStep * fullWidth,
  runs: Array.from({ length: bundlesOfStep }, (_, run) => ({
    shard: 3,
    position: 1 + run * fullWidth,
    count: fullWidth,
  })),
  root: new Uint8Array(32),
});

it('holds some hundred bundles at most, however many records of leaves far ahead somebody has put there', async () => {
  const planted = 40;
  let reads = 0;
  const read = () => {
    reads += 1;
    return Promise.resolve(bundle);
  };
  const places = new RecordedPlaces({ read }, planted * bundlesOfStep * fullWidth);
  for (let at = 0; at < planted; at += 1) await places.readAhead(stepAt(at));
  expect(reads).toBeGreaterThanOrEqual(16 * bundlesOfStep); // what reading ahead is for
  expect(reads).toBeLessThanOrEqual(600);
});
