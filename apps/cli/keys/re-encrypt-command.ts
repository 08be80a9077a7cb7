import { setTimeout as pause } from 'node:timers/promises';

import { resealedPurposes } from '#keys';
import { Command, Option } from 'commander';
import type { Pool } from 'pg';

import { openOperator } from '../operator/index.js';
import { recorded } from '../operator/recorded.js';
import type { ProgressDisplay } from '../progress.js';
import { sayingOnce, watching } from '../progress.js';
import { orUsage, refusingUsage } from '../usage.js';
import { knownTenant } from './key-room.js';
import type { Run } from './runs.js';
import { askForRun, findRun, otherUnderWay, withdrawRun } from './runs.js';
import { Standstill } from './standstill.js';

interface ReEncryptOptions {
  tenant?: string;
  purpose?: string;
  json?: boolean;
}

const pollMs = 250;
/** How long a gateway may take to begin, where no other run is under way. */
const beginMs = 30_000;
/** How long a run may stand still that a gateway has begun: the largest batch takes seconds, and counting beforehand a minute or two. */
const stillMs = 300_000;
const number = new Intl.NumberFormat('en');

const explained = `
The gateway does it, in batches, and goes on with it whatever happens to this command or to itself. Every row opens at every moment, by the
version that it names. Exit code 1 where rows do not open: they stay as they are; and where nothing has moved for five minutes.
Rows that running processes still seal under an older version, within five minutes of a rotation, are sealed anew by the next run, unasked
within the hour.

Example:
  npx --no billing keys re-encrypt`;

export interface ReEncryptBounds {
  /** How long a gateway may take to begin. Default 30,000. */
  beginMs?: number;
  /** How long a run may stand still. Default 300,000. */
  stillMs?: number;
}

export const reEncryptCommand = (environment: NodeJS.ProcessEnv, bounds: ReEncryptBounds = {}): Command => {
  const command = refusingUsage(new Command('re-encrypt'))
    .summary('seal anew, under the newest keys, what stands under older ones')
    .description('Has the gateway seal anew what stands under older versions of keys, and shows how far it is.')
    .option('--tenant <id>', 'of one tenant only')
    .addOption(new Option('--purpose <purpose>', 'of one purpose only').choices([...resealedPurposes]))
    .option('--json', 'print one JSON object')
    .addHelpText('after', explained)
    .action((options: ReEncryptOptions) =>
      orUsage(command, async () => {
        const pool = openOperator(environment, 'billing_gateway', { max: 1 });
        try {
          await reEncrypt(pool, options, { beginMs, stillMs, ...bounds });
        } finally {
          await pool.end();
        }
      }),
    );
  return recorded(command, environment, {
    act: (_, { tenant }) => (typeof tenant === 'string' ? { resource: tenant, tenantId: tenant } : {}),
  });
};

const reEncrypt = async (
  pool: Pool,
  { tenant, purpose, json = false }: ReEncryptOptions,
  bounds: Required<ReEncryptBounds>,
): Promise<void> => {
  const tenantId = tenant === undefined ? undefined : await knownTenant(pool, tenant);
  const runId = await askForRun(pool, { tenantId, purpose });
  const farewell = 'The gateway goes on with the re-encryption; billing keys status shows how far it is.';
  const run = await watching('rows', farewell, (display) => ended(pool, runId, display, bounds));
  if (typeof run !== 'string') print(run, json);
  else {
    console.error(waitsInVain[run]);
    process.exitCode = 1;
  }
};

const waitsInVain = {
  not_begun: 'No gateway has begun the re-encryption: look whether one runs, and ask again.',
  still:
    'The re-encryption stands still: look whether a gateway runs, and what its log says. The next gateway goes on with it by itself; billing keys status shows how far it is.',
} as const;

/** The run once it has come to its end, or why that is not waited for any more. */
const ended = async (
  pool: Pool,
  runId: string,
  display: ProgressDisplay,
  bounds: Required<ReEncryptBounds>,
): Promise<Run | keyof typeof waitsInVain> => {
  const say = sayingOnce(display);
  const standstill = new Standstill();
  for (;;) {
    const run = await findRun(pool, runId);
    if (run?.state === 'done' || run?.state === 'failed') return run;
    const underWay = run?.state === 'running' ? run : await otherUnderWay(pool, runId);
    const stillFor_ms = standstill.lasts(underWay);
    if (!underWay) {
      if (stillFor_ms > bounds.beginMs && (await withdrawRun(pool, runId))) return 'not_begun';
    } else if (stillFor_ms > bounds.stillMs) return 'still';
    else if (underWay.runId !== runId) say('another re-encryption is under way; this one begins after it ...');
    else if (underWay.lastError !== null) say(`it was interrupted (${underWay.lastError}) and goes on by itself ...`);
    else if (underWay.rowsTotal > 0) display.update(underWay.rowsDone + underWay.rowsBroken, underWay.rowsTotal);
    await pause(pollMs);
  }
};

const print = (run: Run, json: boolean): void => {
  const { state, rowsDone, rowsBroken, lastError } = run;
  if (json) console.log(JSON.stringify(run));
  else if (state === 'failed') console.log(`The re-encryption failed: ${lastError ?? 'unknown'}.`);
  else {
    const broken = rowsBroken > 0 ? `; ${number.format(rowsBroken)} do not open and stay as they are` : '';
    console.log(`${number.format(rowsDone)} rows sealed anew${broken}.`);
  }
  if (state === 'failed' || rowsBroken > 0) process.exitCode = 1;
};
