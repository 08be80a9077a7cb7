import type { Entry } from '../entries/index.js';
import { formatEntry } from '../entries/index.js';
import { signerOf, witnessOf } from '../testing/keys.js';
import type { MemoryLogFiles } from '../testing/memory-log-files.js';
import { publishLog, sampleEntries } from '../testing/sample-log.js';
import { verifyLog } from './index.js';

const origin = 'audit.example.com/billing';
const signer = signerOf(origin, 1);
const witness = witnessOf('w1.example.com');
const trust = { log: { origin, keys: [signer.key] } };

const verified = (files: MemoryLogFiles) => verifyLog(files, { trust });

describe('a log as it should be', () => {
  it.each([0, 1, 2, 255, 256, 257, 700])('is verified with %i leaves', async (size) => {
    const entries = sampleEntries(size);
    const { files } = await publishLog(entries, signer);
    const seen: number[] = [];
    const { checkpoint, shards } = await verifyLog(files, { trust, onProgress: (done) => seen.push(done) });
    expect(checkpoint.size).toBe(size);
    const last = new Map(entries.map(({ shard, position }) => [shard, position]));
    expect(new Map(shards)).toEqual(last);
    expect(seen.at(-1)).toBe(size === 0 ? undefined : size);
  });

  it('extends every checkpoint that it ever had', async () => {
    const entries = sampleEntries(600);
    const { files } = await publishLog(entries, signer);
    for (const size of [0, 1, 255, 256, 300, 599, 600]) {
      const { checkpoint } = await publishLog(entries.slice(0, size), signer);
      await expect(verifyLog(files, { trust, from: checkpoint })).resolves.toBeDefined();
    }
  });

  it('is seen by its witnesses', async () => {
    const { files, checkpoint } = await publishLog(sampleEntries(5), signer);
    files.files.set('checkpoint', Buffer.from(witness.cosign(checkpoint, 7n)));
    const policy = { witnesses: [witness.key], quorum: 1 };
    const { cosignatures } = await verifyLog(files, { trust: { ...trust, witnesses: policy } });
    expect(cosignatures).toEqual([{ witness: 'w1.example.com', timestamp: 7n }]);
  });

  it('is examined leaf by leaf, in bounded pieces', async () => {
    const entries = sampleEntries(600);
    const { files } = await publishLog(entries, signer);
    const examined: Entry[] = [];
    const pieces: number[] = [];
    const examine = (leaves: readonly { entry: Entry }[]) => {
      pieces.push(leaves.length);
      examined.push(...leaves.map(({ entry }) => entry));
      return Promise.resolve(undefined);
    };
    await verifyLog(files, { trust, examine });
    expect(pieces).toEqual([256, 256, 88]);
    expect(examined.map((entry) => Buffer.from(formatEntry(entry)).toString())).toEqual(
      entries.map((entry) => Buffer.from(formatEntry(entry)).toString()),
    );
  });

  it('is read no further ahead than eight bundles', async () => {
    const { files } = await publishLog(sampleEntries(5_000), signer, 5_000);
    const reads: string[] = [];
    let furthest = 0;
    const slow = {
      read: (path: string) => {
        if (path.startsWith('tile/entries/')) reads.push(path);
        return files.read(path);
      },
    };
    await verifyLog(slow, {
      trust,
      onProgress: (done) => {
        furthest = Math.max(furthest, reads.length - Math.ceil(done / 256));
      },
    });
    expect(furthest).toBeLessThanOrEqual(8);
    expect(reads).toHaveLength(20);
  });

  it('that cannot be read is not called broken', async () => {
    const { files } = await publishLog(sampleEntries(600), signer);
    const unreachable = {
      read: (path: string) =>
        path === 'tile/1/000.p/2' ? Promise.reject(new Error('ECONNREFUSED')) : files.read(path),
    };
    await expect(verifyLog(unreachable, { trust })).rejects.toThrow('ECONNREFUSED');
  });

  it('is not believed for a key of another log', async () => {
    const { files } = await publishLog(sampleEntries(5), signerOf('elsewhere', 1));
    await expect(verified(files)).rejects.toMatchObject({ finding: { kind: 'checkpoint' } });
  });
});
