import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

export const path = (...parts) => join(root, ...parts);

/** The runtime that the lockfile pins, whatever Node runs this file. */
export const lockedNode = () => {
  const node = path('node_modules', '.bin', 'node');
  return existsSync(node) ? realpathSync(node) : undefined;
};

/**
 * What our own programs run with: positions of the sources in their errors, and no word of kafkajs's timers, of which one may be due
 * already (Node then takes 1 ms, which is right).
 */
export const nodeArguments = ['--enable-source-maps', '--disable-warning=TimeoutNegativeWarning'];

/** Raised where the reader has to do something; the message is for them. */
export class LaunchError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Our own words go to standard error: the standard output of a command is its data. */
export const say = (line) => process.stderr.write(`${line}\n`);

export const seconds = (since_ms) => `${((Date.now() - since_ms) / 1000).toFixed(1)} s`;
