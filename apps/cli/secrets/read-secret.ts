import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import { UsageError } from '../usage.js';

/** The first line of `input`, without what a terminal puts around it. A person is asked on standard error. Throws UsageError for nothing. */
export const readSecret = async (input: Readable): Promise<string> => {
  if (input === process.stdin && process.stdin.isTTY) process.stderr.write('secret, then enter: ');
  const lines = createInterface({ input, terminal: false });
  try {
    for await (const line of lines) return line.trim();
  } finally {
    lines.close();
  }
  throw new UsageError('there is nothing on standard input: pipe the secret in');
};
