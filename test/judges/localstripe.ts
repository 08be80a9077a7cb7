/**
 * localstripe, a stateful stand-in for Stripe that others have written: a peer, to compare with. GPL: it runs as a process of its own,
 * installed by pip, and no line of it is here. It is started by Python so that it listens on loopback only; its own command does not.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../kafka/ports.js';
import { outputOf, startChild } from './child.js';

export const howToInstall = 'pip install -r test/requirements.txt';

/** Whether the `python3` on PATH has it. */
export const localstripeInstalled = async (): Promise<boolean> =>
  (await outputOf('python3', ['-c', 'import localstripe.server'])) !== undefined;

export interface Localstripe {
  port: number;
  url: string;
  close(): Promise<void>;
}

const program = (port: number): string =>
  `from aiohttp import web; from localstripe.server import app; web.run_app(app, host='127.0.0.1', port=${String(port)}, print=None)`;

/** Starts it from scratch on a free port of loopback. */
export const startLocalstripe = async (): Promise<Localstripe> => {
  const [port = 0] = await freePorts(1);
  // What it keeps, it keeps in TMPDIR.
  const directory = await mkdtemp(join(tmpdir(), 'localstripe-'));
  const stop = await startChild('python3', ['-c', program(port)], port, directory);
  return {
    port,
    url: `http://127.0.0.1:${String(port)}`,
    close: async () => {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
};
