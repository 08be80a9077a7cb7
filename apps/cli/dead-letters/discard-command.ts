import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';

import { Command } from 'commander';

import { openOperator } from '../operator/index.js';
import { recorded } from '../operator/recorded.js';
import { UsageError, orUsage, refusingUsage } from '../usage.js';
import { letterIdOf, roleOf, textOf } from './letter-id.js';
import type { EventLetter } from './letters.js';
import { discard, findEventLetter, firstOfStream } from './letters.js';

interface DiscardOptions {
  reason: string;
  by?: string;
  yes?: boolean;
}

export const discardCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = refusingUsage(new Command('discard'))
    .summary('let a stream go on without an event, for good')
    .argument('<id>', 'as `list` prints it')
    .requiredOption('--reason <text>', 'why; it is kept')
    .option('--by <name>', 'who says so; by default, who is logged in here')
    .option('--yes', 'do not ask')
    .action((id: string, options: DiscardOptions) => orUsage(command, () => run(environment, id, options)));
  return recorded(command, environment);
};

const run = async (environment: NodeJS.ProcessEnv, text: string, options: DiscardOptions): Promise<void> => {
  const { yes = false, by = userInfo().username } = options;
  const id = letterIdOf(text);
  const reason = options.reason.trim();
  if (reason === '' || reason.length > 500) throw new UsageError('--reason takes 1 to 500 characters');
  if (by === '' || by.length > 100) throw new UsageError('--by takes 1 to 100 characters');
  if (id.kind === 'command') {
    refuse(`${text}: nothing waits behind a command, so there is nothing to discard; it is deleted after 30 days`);
    return;
  }
  const pool = openOperator(environment, roleOf(id.consumer), { max: 1 });
  try {
    const letter = await findEventLetter(pool, id);
    const why = letter ? whyNot(letter, await firstOfStream(pool, letter)) : 'there is no such dead letter';
    if (!letter || why !== undefined) {
      refuse(`${textOf(id)}: ${why}`);
      return;
    }
    if (!yes && !(await confirmed(letter))) {
      refuse('Nothing was discarded.');
      return;
    }
    if (await discard(pool, id, { by, reason }))
      console.log(`${textOf(id)}: discarded; ${letter.behind} events may go on.`);
    else refuse(`${textOf(id)}: it was digested meanwhile`);
  } finally {
    await pool.end();
  }
};

const whyNot = (letter: EventLetter, first: string | undefined): string | undefined => {
  if (letter.discarded_at !== null) return 'it was discarded before';
  if (letter.reason === 'blocked')
    return `it only waits behind ${letter.consumer}/${letter.shard}:${first}; look at that one`;
  return undefined;
};

/** Asks on a terminal. Throws UsageError where nobody can answer. */
const confirmed = async ({ consumer, event_type: type, stream_id: stream, behind }: EventLetter): Promise<boolean> => {
  if (!process.stdin.isTTY) throw new UsageError('discarding is for good: say --yes where nobody can be asked');
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await asking.question(
      `${consumer} will never digest this ${type} of ${stream}; ${behind} events behind it go on. Discard it? (yes/no) `,
    );
    return answer.trim().toLowerCase() === 'yes';
  } finally {
    asking.close();
  }
};

const refuse = (message: string): void => {
  console.error(message);
  process.exitCode = 1;
};
