/** A log that libs/audit wrote, in a folder of its own, as any web server could publish it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { NoteSigner, TreeHead } from '#audit';
import { TiledLog, checkpointPath, formatEntry, formatVerifierKey } from '#audit';
import { MemoryLogFiles } from '../../libs/audit/testing/memory-log-files.js';
import { sampleEntries, signHead } from '../../libs/audit/testing/sample-log.js';

export interface Published {
  directory: string;
  /** The same files. */
  files: MemoryLogFiles;
  checkpoint: string;
  /** Where the log's vkey lies, outside of the log. */
  vkeyFile: string;
  /** Every head that the log has had, from size 0 on. */
  heads: TreeHead[];
  remove(): Promise<void>;
}

/** Appends `size` entries in batches of uneven sizes and writes files, checkpoint and key. */
export const publish = async (size: number, signer: NoteSigner): Promise<Published> => {
  const log = new TiledLog();
  const files = new MemoryLogFiles();
  const heads = [log.head()];
  const entries = sampleEntries(size);
  for (let [at, batch] = [0, 1]; at < size; at += batch, batch = (batch * 7) % 509) {
    files.write(log.append(entries.slice(at, at + batch).map(formatEntry)));
    heads.push(log.head());
  }
  const checkpoint = await signHead(log, signer.key.name, [signer]);
  files.files.set(checkpointPath, Buffer.from(checkpoint));

  const folder = await mkdtemp(join(tmpdir(), 'audit-judges-'));
  const directory = join(folder, 'log');
  for (const [path, bytes] of files.files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), bytes);
  }
  const vkeyFile = join(folder, 'vkey');
  await writeFile(vkeyFile, formatVerifierKey(signer.key));
  return { directory, files, checkpoint, vkeyFile, heads, remove: () => rm(folder, { recursive: true }) };
};
