import { copyFile, open, stat, truncate } from 'node:fs/promises';

const limit_bytes = 16 * 1024 * 1024;

/** Opens the server's log for appending. Only its owner can read it. */
export const openLog = (file: string) => open(file, 'a', 0o600);

/** The size now, where what comes next will begin. */
export const logSize = async (file: string): Promise<number> => (await stat(file).catch(() => ({ size: 0 }))).size;

/** What was logged since `from` (bytes), at most the last 4 KiB. */
export const logSince = async (file: string, from: number): Promise<string> => {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const start = Math.max(from, size - 4096);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.max(0, size - start)), 0, undefined, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
};

/**
 * Keeps the log within twice 16 MiB: what is over moves to `<file>.1`, over the older one. The server appends, so that it
 * goes on at the new end.
 */
export const boundLog = async (file: string): Promise<void> => {
  if ((await logSize(file)) <= limit_bytes) return;
  await copyFile(file, `${file}.1`);
  await truncate(file);
};
