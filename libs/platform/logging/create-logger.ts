import { pino } from 'pino';
import type { Logger } from 'pino';

import { scrubCardNumbers } from './scrub.js';

export interface LoggerOptions {
  app: string;
  level?: string;
  /** Where finished lines go; standard output by default. */
  write?: (line: string) => void;
}

const redacted = [
  'authorization',
  'cookie',
  '*.authorization',
  '*.cookie',
  'req.headers',
  '*.client_secret',
  '*.clientSecret',
];

/**
 * JSON lines with `app`. The last thing that happens to a line before it leaves the process is that card numbers are taken
 * out of it, wherever they stand: redaction by path alone leaks.
 */
export const createLogger = ({
  app,
  level = 'info',
  write = (line) => process.stdout.write(line),
}: LoggerOptions): Logger =>
  pino(
    {
      level,
      base: { app },
      redact: { paths: redacted, censor: '[redacted]' },
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(scrubCardNumbers(line)) },
  );
