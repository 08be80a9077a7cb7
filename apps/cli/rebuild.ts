import type { Comparison } from '#projections';
import { abortRebuild, readModelNames, rebuildReadModels } from '#projections';
import { Argument, Command } from 'commander';

import { openOperator } from './operator/index.js';
import { recorded } from './operator/recorded.js';
import { showProgress } from './progress.js';
import { refusingUsage } from './usage.js';

interface RebuildFlags {
  swap: boolean;
  abort?: boolean;
}

const explained = `
Folds the log into tables beside the live ones, compares both at the same position, and puts the new ones in the place of the
live ones, while everybody goes on reading and the projector goes on projecting. Interrupted, it goes on where it was when it is run
again. Differences that it finds are repaired by the swap; they are printed, and no reason to fail. With --no-swap they are: exit 1.
`;

/** `billing rebuild`: read models anew from the log. */
export const rebuildCommand = (environment: NodeJS.ProcessEnv): Command =>
  recorded(commandOf(environment), environment, { act: (names) => ({ resource: names.join(',') }) });

const commandOf = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('rebuild'))
    .summary('rebuild read models from the log, beside the live ones, and swap them in')
    .description('Rebuilds read models from the log without downtime.')
    .addArgument(new Argument('<name...>', 'read models').choices([...readModelNames, 'all']))
    .option('--no-swap', 'only build and compare; a later run swaps')
    .option('--abort', 'drop what an unfinished rebuild has left')
    .addHelpText('after', explained)
    .action(async (given: string[], { swap, abort }: RebuildFlags) => {
      const names = given.includes('all') ? readModelNames : given;
      const owner = openOperator(environment, 'billing_owner', { max: 3, statementTimeoutMs: 0 });
      const max = names.length + 2;
      const projector = openOperator(environment, 'billing_projector', { max, statementTimeoutMs: 0 });
      const display = showProgress('events');
      try {
        if (abort) {
          const dropped = await abortRebuild(owner, names);
          console.log(dropped.length > 0 ? `Dropped what was rebuilt of ${dropped.join(', ')}.` : 'There was nothing.');
          return;
        }
        const compared = await rebuildReadModels(
          { owner, projector },
          {
            names,
            swap,
            onProgress: ({ events, total }) => {
              display.update(events, total);
            },
            onStep: (step) => {
              if (step !== 'done') display.say(`${step} ...`);
            },
            onResumed: (model, events) => {
              display.say(`going on with the rebuild of ${model} after ${events} events; --abort would begin anew`);
            },
            onBlocked: (tries) => {
              display.say(`the live tables are in use by a long transaction; try ${tries} is followed by another`);
            },
          },
        );
        for (const line of compared.flatMap((comparison) => linesOf(comparison, swap))) console.log(line);
        if (!swap && compared.some(({ differing }) => differing > 0)) process.exitCode = 1;
      } finally {
        display.stop();
        await Promise.all([owner.end(), projector.end()]);
      }
    });

const linesOf = ({ model, rows, differing, differences }: Comparison, swapped: boolean): string[] => {
  const found = differing === 0 ? 'as the log says' : `${differing} not as the log says`;
  const end = swapped ? (differing === 0 ? 'swapped' : 'swapped, and so repaired') : 'not swapped';
  const hidden = differing - differences.length;
  return [
    `${model}: ${rows} live rows, ${found}; ${end}`,
    ...differences.map((difference) => `  ${difference}`),
    ...(hidden > 0 ? [`  and ${hidden} more`] : []),
  ];
};
