import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const tries = 50;

/** Whether nothing listens on a port of loopback. */
export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });

/**
 * Free ports of loopback, below those that systems give to outgoing connections: a broker that was killed must get its own
 * again. Throws when none is found.
 */
export const freePorts = async (count: number): Promise<number[]> => {
  const found = new Set<number>();
  for (let at = 0; at < tries && found.size < count; at += 1) {
    const port = randomInt(20_000, 32_000);
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  if (found.size < count) throw new Error(`found no ${count} free ports on 127.0.0.1 between 20000 and 32000`);
  return [...found];
};
