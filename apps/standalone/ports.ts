import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { RefusedToStart } from './refusal.js';

/** Listens for a moment. @returns the port that was had (the one asked for, or any when that was 0), undefined if taken */
const tryPort = async (port: number): Promise<number | undefined> => {
  const probe = createServer();
  try {
    probe.listen({ port, host: '127.0.0.1', exclusive: true });
    await once(probe, 'listening');
    return (probe.address() as AddressInfo).port;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw new RefusedToStart(`cannot listen on 127.0.0.1:${port}: ${(error as Error).message}`);
  } finally {
    probe.close();
  }
};

/** Whether nobody listens on this port of 127.0.0.1. Throws RefusedToStart where this account may not listen there at all. */
export const isFree = async (port: number): Promise<boolean> => (await tryPort(port)) !== undefined;

/**
 * The port to use for a setting: `port` itself if it is free within `patience_ms`, any free one where it is 0.
 * @throws RefusedToStart naming the variable when it stays taken
 */
export const claimPort = async (variable: string, port: number, patience_ms: number): Promise<number> => {
  const deadline = Date.now() + patience_ms;
  for (;;) {
    const had = await tryPort(port);
    if (had !== undefined) return had;
    if (Date.now() >= deadline) {
      throw new RefusedToStart(`port ${port} of 127.0.0.1 is taken: stop what listens there, or set ${variable}`);
    }
    await sleep(100);
  }
};
