import { emptyRoot, formatEntry } from '#audit';
import { MemoryLogFiles, sampleEntries } from '#audit/testing';
import type { ObjectStore } from '#object-store';

import { SealedTree } from './tree.js';

it('a root that waits for a checkpoint keeps no more memory than its own 32 bytes', async () => {
  const tree = await SealedTree.resume(new MemoryLogFiles() as unknown as ObjectStore, { size: 0, root: emptyRoot });
  tree.append(sampleEntries(3).map(formatEntry));
  const { root } = tree.head();
  tree.sealed({ size: 0, runs: [{ shard: 3, position: 1, count: 3 }], root });
  const [step] = tree.stepsBefore(3);
  expect(Buffer.from(root).equals(step?.root ?? new Uint8Array())).toBe(true);
  expect(step?.root.buffer.byteLength).toBe(32);
});
