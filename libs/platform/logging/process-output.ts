import { isUtf8 } from 'node:buffer';
import { writeSync } from 'node:fs';
import { inspect } from 'node:util';

import { createLogger } from './create-logger.js';
import { scrubCardNumbers } from './scrub.js';

export interface ProcessOutput {
  /** Names the process in its last line and in its warnings. */
  app: string;
  /** Whether people read it on a terminal: words and stacks rather than lines of JSON. */
  forPeople?: boolean;
}

/** A full pipe is tried again as often as this, and then the process ends without its last word. */
const maxTries = 1_000;
const standardError = 2;
const guarded = new WeakSet<NodeJS.WriteStream>();

/**
 * From here on nothing leaves this process by its standard streams with a card number in it: not by `console` or a `write` of anybody's,
 * not in a warning, and not in an error that nobody caught, of which the runtime itself would print all there is. Such an error, or a
 * rejection, is one last line with its stack and its causes, and the process ends with 1. For a program's first import.
 */
export const guardProcessOutput = (output: ProcessOutput): void => {
  for (const stream of [process.stdout, process.stderr]) guard(stream);
  // A rejection that nobody handles arrives here, too.
  process.on('uncaughtException', (error) => {
    try {
      writeNow(lastWordOf(output, error));
    } finally {
      process.exit(1);
    }
  });
  process.removeAllListeners('warning'); // the runtime's own printer, which writes past the streams
  process.on('warning', (warning) => {
    if (!isMuted(warning)) process.stderr.write(warningOf(output, warning));
  });
};

const guard = (stream: NodeJS.WriteStream): void => {
  if (guarded.has(stream)) return;
  guarded.add(stream);
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) => write(scrubbed(chunk), ...rest);
};

const scrubbed = (chunk: string | Uint8Array): string | Uint8Array => {
  if (typeof chunk === 'string') return scrubCardNumbers(chunk);
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1';
  const text = bytes.toString(encoding);
  const kept = scrubCardNumbers(text);
  return kept === text ? chunk : Buffer.from(kept, encoding);
};

/** What the runtime was told to say nothing of: `--disable-warning=NAME` or a code. */
const isMuted = ({ name, code }: Error & { code?: string }): boolean =>
  process.execArgv.some((each) =>
    [name, code].some((word) => word !== undefined && each === `--disable-warning=${word}`),
  );

const lastWordOf = ({ app, forPeople = false }: ProcessOutput, thrown: unknown): string => {
  if (forPeople) return scrubCardNumbers(`${app}: ${inspect(thrown)}\n`);
  const err =
    thrown instanceof Error ? thrown : new Error(`something else than an error was thrown: ${inspect(thrown)}`);
  return lineOf(app, 'fatal', { err }, 'an error that nobody caught ends the process');
};

const warningOf = ({ app, forPeople = false }: ProcessOutput, warning: Error & { code?: string }): string => {
  const { name, code, message } = warning;
  return forPeople
    ? `${app}: ${code === undefined ? name : `[${code}] ${name}`}: ${message}\n`
    : lineOf(app, 'warn', { warning: name, code }, message);
};

const lineOf = (app: string, level: 'fatal' | 'warn', context: object, message: string): string => {
  let line = '';
  createLogger({ app, write: (written) => (line = written) })[level](context, message);
  return line;
};

/** Synchronously: the process ends next. */
const writeNow = (text: string): void => {
  let rest = Buffer.from(text);
  for (let tries = 0; rest.length > 0 && tries < maxTries; tries += 1) {
    try {
      rest = rest.subarray(writeSync(standardError, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
    }
  }
};
