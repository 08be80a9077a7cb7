import { setTimeout as pause } from 'node:timers/promises';

import { Command, Option } from 'commander';
import type { Pool } from 'pg';

import { openOperator } from '../operator/index.js';
import { recorded } from '../operator/recorded.js';
import type { ProgressDisplay } from '../progress.js';
import { sayingOnce, watching } from '../progress.js';
import { UsageError, orUsage, refusingUsage } from '../usage.js';
import { reportOf, summaryOf, tableOf } from './present.js';
import type { Run } from './runs.js';
import { askForRun, findRun, findingsOf, isAnotherUnderWay, lastRun, withdrawRun } from './runs.js';

interface ReconcileOptions {
  since?: string;
  last?: boolean;
  json?: boolean;
}

const hourMs = 3_600_000;
const units: Readonly<Record<string, number>> = { h: hourMs, d: 24 * hourMs };
const mostMs = 366 * 24 * hourMs;
const pollMs = 250;
/** How long a gateway may take to begin, where no other run is under way. */
const beginMs = 30_000;
/** Findings printed at most: the run's row has the numbers. */
const mostShown = 10_000;

const explained = `
The gateway compares what the processor holds with what the log says: payments, refunds, disputes, payouts, connected accounts,
events and balances of the window. What is missing here is recorded as the webhook would have had it, and shown as repaired. What is
missing there, or differs in its amount, is drift: it is shown and changed by nobody. Exit code 0 where all agrees in the end, 1 where
drift is left.

Example:
  npx --no billing reconcile --since 7d`;

/** `billing reconcile`: has the gateway compare the processor with the log. */
export const reconcileCommand = (environment: NodeJS.ProcessEnv): Command =>
  recorded(commandOf(environment), environment, { act: (_, { last }) => (last === true ? undefined : {}) });

const commandOf = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('reconcile'))
    .summary('compare the processor with the log, and repair what was dropped')
    .description('Compares what the processor holds with what the log says, and repairs what was dropped.')
    .option('--since <duration>', 'how far back to look, such as 36h or 7d; events are kept there for 30 days', '7d')
    .addOption(new Option('--last', 'show what the last finished run has found').conflicts('since'))
    .option('--json', 'print one JSON object')
    .addHelpText('after', explained)
    .action((options: ReconcileOptions, command: Command) =>
      orUsage(command, async () => {
        const pool = openOperator(environment, 'billing_gateway', { max: 1 });
        try {
          if (options.last) await showLast(pool, options.json ?? false);
          else await reconcile(pool, durationOf(options.since ?? '7d'), options.json ?? false);
        } finally {
          await pool.end();
        }
      }),
    );

const durationOf = (text: string): number => {
  const [, count, unit] = /^(\d{1,5})([hd])$/.exec(text) ?? [];
  const ms = Number(count) * (units[unit ?? ''] ?? Number.NaN);
  if (ms > 0 && ms <= mostMs) return ms;
  throw new UsageError('--since is a number of hours or days, such as 36h or 7d, up to 366d');
};

const showLast = async (pool: Pool, json: boolean): Promise<void> => {
  const run = await lastRun(pool);
  if (run) await print(pool, run, json);
  else refuse('No reconciliation has come to its end yet: billing reconcile begins one.');
};

const reconcile = async (pool: Pool, lengthMs: number, json: boolean): Promise<void> => {
  const now = new Date();
  const runId = await askForRun(pool, new Date(now.getTime() - lengthMs), now);
  const farewell = 'The gateway goes on with the reconciliation; billing reconcile --last shows it when it is done.';
  const run = await watching('steps', farewell, (display) => ended(pool, runId, display));
  if (run) await print(pool, run, json);
  else refuse('No gateway has begun the reconciliation: look whether one runs, and ask again.');
};

/** The run once it has come to its end; undefined where no gateway began it. */
const ended = async (pool: Pool, runId: string, display: ProgressDisplay): Promise<Run | undefined> => {
  const say = sayingOnce(display);
  let idleSince = Date.now();
  for (;;) {
    const run = await findRun(pool, runId);
    if (run?.state === 'done' || run?.state === 'failed') return run;
    if (run?.state === 'running') {
      say(`comparing ${run.from.toISOString()} to ${run.to.toISOString()} ...`);
      if (run.lastError !== null) say(`it was interrupted (${run.lastError}) and goes on by itself ...`);
      else if (run.stepsTotal > 0) display.update(run.stepsDone, run.stepsTotal);
    } else if (await isAnotherUnderWay(pool, runId)) {
      say('another reconciliation is under way; this one begins after it ...');
      idleSince = Date.now();
    } else if (Date.now() - idleSince > beginMs && (await withdrawRun(pool, runId))) return undefined;
    await pause(pollMs);
  }
};

const print = async (pool: Pool, run: Run, json: boolean): Promise<void> => {
  const findings = await findingsOf(pool, run.runId, mostShown);
  if (json) console.log(reportOf(run, findings));
  else {
    if (findings.length > 0) console.log(tableOf(findings));
    const hidden = run.repaired + run.drift - findings.length;
    if (hidden > 0) console.log(`and ${hidden} more`);
    console.log(summaryOf(run));
  }
  if (run.state === 'failed' || run.drift > 0) process.exitCode = 1;
};

const refuse = (message: string): void => {
  console.error(message);
  process.exitCode = 1;
};
