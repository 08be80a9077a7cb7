import { createHash } from 'node:crypto';
import type { Entry } from '../entries/index.js';
import { formatEntry } from '../entries/index.js';
import type { NoteSigner } from '../notes/index.js';
import { formatCheckpoint, signNote } from '../notes/index.js';
import { TiledLog, checkpointPath } from '../tiles/index.js';
import { MemoryLogFiles } from './memory-log-files.js';

/** `count` entries of three shards that take turns unevenly, each shard's positions 1, 2, 3, ... */
export const sampleEntries = (count: number): Entry[] => {
  const positions = [0, 0, 0];
  return Array.from({ length: count }, (_, index) => {
    const shard = (index * index) % 3;
    const position = (positions[shard] ?? 0) + 1;
    positions[shard] = position;
    const commitment = createHash('sha256')
      .update(`event ${String(index)}`)
      .digest();
    return { shard, position, commitment };
  });
};

/** Signs the head of a log. */
export const signHead = (log: TiledLog, origin: string, signers: readonly NoteSigner[]): Promise<string> =>
  signNote(formatCheckpoint({ origin, ...log.head(), extensions: [] }), signers);

/** A published log of these entries, appended `batch` at a time, with a checkpoint of its end. */
export const publishLog = async (
  entries: readonly Entry[],
  signer: NoteSigner,
  batch = 100,
): Promise<{ files: MemoryLogFiles; log: TiledLog; checkpoint: string }> => {
  const files = new MemoryLogFiles();
  const log = new TiledLog();
  for (let at = 0; at < entries.length; at += batch) {
    files.write(log.append(entries.slice(at, at + batch).map(formatEntry)));
  }
  const checkpoint = await signHead(log, signer.key.name, [signer]);
  files.files.set(checkpointPath, Buffer.from(checkpoint));
  return { files, log, checkpoint };
};
