import { RebuildOutdated, RebuildRunning } from '#projections';
import type { ReasonToStay, Removal } from '#retention';
import { CopyDiffers, removeExpired } from '#retention';
import { Command } from 'commander';

import { openOperator } from '../operator/index.js';
import { showProgress } from '../progress.js';
import { orUsage, refusingUsage, UsageError } from '../usage.js';
import { openArchive, openIdentity } from './room.js';

const number = new Intl.NumberFormat('en');

/** Of a statement that judges, which keeps nobody waiting; those that remove have bounds of their own. */
const longestMs = 600_000;

const explained = `
Removes the events of streams that are older than seven years to the last event, archived and verified, under no legal hold, and referred to by
nothing; their copies in the archive are looked at first. The database judges each event once more. Appends to a shard wait while a statement removes
some of its events: mostly milliseconds, four seconds at most, or thirty for one stream of thousands of events. Nothing is held between two statements.
Interrupted, it goes on when it is run again.

Examples:
  npx --no billing retention remove --dry-run
  npx --no billing retention remove --reason OPS-1234
`;

/** `billing retention remove`: what is past its retention goes. */
export const removeCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('remove'))
    .summary('remove what is past its retention, archived and under no hold')
    .description('Removes events that are past their retention from the database.')
    .option('--dry-run', 'say what would be removed and why the rest stays; remove nothing')
    .option('--json', 'print one JSON object')
    .addHelpText('after', explained)
    .action(({ dryRun = false, json = false }: { dryRun?: boolean; json?: boolean }, command: Command) =>
      orUsage(command, async () => {
        const removal = await remove(environment, dryRun);
        console.log(json ? JSON.stringify({ dryRun, ...removal }) : wordsOf(removal, dryRun));
      }),
    );

const remove = async (environment: NodeJS.ProcessEnv, dryRun: boolean): Promise<Removal> => {
  const store = openArchive(environment);
  const identity = await openIdentity(environment);
  const pool = openOperator(environment, 'billing_retention', { max: 2, statementTimeoutMs: longestMs });
  const display = showProgress('archived events looked at');
  const interrupted = new AbortController();
  const interrupt = (): void => {
    interrupted.abort();
  };
  process.once('SIGINT', interrupt);
  try {
    const onProgress = (done: number, total: number): void => {
      display.update(done, total);
    };
    return await removeExpired(pool, { store, identity, dryRun, onProgress, signal: interrupted.signal });
  } catch (error) {
    if (error instanceof RebuildRunning || error instanceof RebuildOutdated || error instanceof CopyDiffers)
      throw new UsageError(`${error.message}; nothing more is removed`);
    throw error;
  } finally {
    process.off('SIGINT', interrupt);
    display.stop();
    await pool.end();
  }
};

const reasons: Readonly<Record<ReasonToStay, string>> = {
  young: 'are not seven years old',
  open: 'are of streams that have gone on since',
  held: 'are under a legal hold',
  referred: 'are of streams that are still referred to',
  unarchived: 'are of streams that are not archived to their end: billing retention archive',
  unread: 'were not digested by the read models yet',
  newest: 'are the newest of their shard',
  slow: 'are of streams that take longer than thirty seconds to remove',
};

const wordsOf = ({ removed, kept }: Removal, dryRun: boolean): string =>
  [
    `${number.format(removed)} events ${dryRun ? 'would be removed' : 'were removed'}.`,
    ...Object.entries(kept).map(
      ([why, events]) => `  ${number.format(events)} stay: they ${reasons[why as ReasonToStay]}`,
    ),
    ...(!dryRun && removed > 0
      ? ['Lists still show what was removed until the read models are made anew: npx --no billing rebuild all']
      : []),
  ].join('\n');
