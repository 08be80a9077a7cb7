import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

import type { LogFiles } from '#audit';
import { checkpointPath } from '#audit';

import { CouldNotTell } from '../outcome.js';
import type { BoundedWeb } from './web.js';

/** Of the largest file of a log: a bundle of 256 entries of 65,535 bytes, each after its length. */
const maxFileBytes = 256 * (2 + 65_535);

const absent: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR']);

/** The bytes of a regular file, `maxBytes` at most; undefined where there is none. Rejects with CouldNotTell. */
export const readBounded = async (path: string, maxBytes = maxFileBytes): Promise<Uint8Array | undefined> => {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK); // a pipe would wait for its writer
    try {
      if (!(await file.stat()).isFile()) throw new CouldNotTell(`${path} is not a regular file`);
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of file.createReadStream({ end: maxBytes, autoClose: false })) {
        chunks.push(chunk as Uint8Array);
        bytes += (chunk as Uint8Array).length;
      }
      if (bytes > maxBytes) throw new CouldNotTell(`${path} has more than ${String(maxBytes)} bytes`);
      return Buffer.concat(chunks);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof CouldNotTell) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (absent.has(code)) return undefined;
    throw new CouldNotTell(`${path} cannot be read: ${message}`, { cause: error });
  }
};

/** A log in a folder: an export, or the log's own. */
export const logInFolder = (folder: string): LogFiles => ({ read: (path) => readBounded(join(folder, path)) });

/** A log on the web, below `prefix`. */
export const logOnWeb = (web: BoundedWeb, prefix: URL): LogFiles => ({
  read: async (path) => (await web.get(new URL(path, prefix), maxFileBytes))?.bytes,
});

/** The files of a log, with another checkpoint than the one that lies there. */
export const withCheckpoint = (files: LogFiles, checkpoint: Uint8Array): LogFiles => ({
  read: (path) => (path === checkpointPath ? Promise.resolve(checkpoint) : files.read(path)),
});
