import type { VerifiedModel } from '#projections';
import { readModelNames, verifyReadModels } from '#projections';
import Table from 'cli-table3';
import { Argument, Command } from 'commander';

import { openOperator } from './operator/index.js';
import { showProgress } from './progress.js';
import { refusingUsage } from './usage.js';

/** `billing projections verify`: whether the read models are what the log says. */
export const projectionsCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('projections'))
    .summary('prove that the read models are what the log says')
    .description('Looks after the read models.')
    .addCommand(verifyCommand(environment));

const verifyCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('verify'))
    .summary('compare read models with a fresh fold of the log')
    .description(
      'Folds the whole log again, compares it with the live read models in one snapshot, and prints a digest of each; 1 on a difference.',
    )
    .addArgument(new Argument('[name...]', 'read models; all of them by default').choices(readModelNames))
    .option('--json', 'print one JSON object a read model')
    .action(async (given: string[], { json = false }: { json?: boolean }) => {
      const pool = openOperator(environment, 'billing_projector', { max: 1, statementTimeoutMs: 0 });
      const display = showProgress('events');
      try {
        const verified = await verifyReadModels(pool, {
          names: given.length > 0 ? given : undefined,
          onProgress: ({ events, total }) => {
            display.update(events, total);
          },
        });
        display.stop();
        print(verified, json);
        if (verified.some(({ differing }) => differing > 0)) process.exitCode = 1;
      } finally {
        display.stop();
        await pool.end();
      }
    });

const print = (verified: readonly VerifiedModel[], json: boolean): void => {
  if (json) {
    for (const model of verified) console.log(JSON.stringify(model));
    return;
  }
  const table = new Table({
    head: ['read model', 'rows', 'differing', 'digest (SHA-256)'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right', 'left'],
  });
  for (const { model, rows, differing, digest } of verified) table.push([model, rows, differing, digest]);
  console.log(table.toString());
  for (const { differences, differing } of verified) {
    for (const difference of differences) console.log(difference);
    if (differing > differences.length) console.log(`and ${differing - differences.length} more`);
  }
  const upTo = Object.entries(verified[0]?.positions ?? {}).map(([shard, position]) => `${shard}:${position}`);
  console.log(`Compared up to ${upTo.join(' ') || 'the empty log'} (shard:position).`);
};
