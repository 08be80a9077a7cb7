import type { Command } from 'commander';

import { recorded } from '../operator/recorded.js';
import { UsageError, orUsage } from '../usage.js';
import type { NameOptions } from './name.js';
import { actOn, namingSecret } from './name.js';
import { overlapOption } from './overlap.js';

export interface TakingOptions extends NameOptions {
  overlap?: string;
  json?: boolean;
}

/** Makes `command` one that takes the next version of a secret from standard input and never from an argument, which it does not quote. */
export const takingSecret = (
  command: Command,
  environment: NodeJS.ProcessEnv,
  take: (options: TakingOptions) => Promise<void>,
): Command => {
  namingSecret(command)
    .addOption(overlapOption())
    .option('--json', 'print one JSON object')
    .allowExcessArguments() // so that it is us who refuse one, and do not print it
    .action((options: TakingOptions) =>
      orUsage(command, async () => {
        if (command.args.length > 0)
          throw new UsageError(
            'a secret comes from standard input: who saw it on the command line may use it, so roll it',
          );
        await take(options);
      }),
    );
  return recorded(command, environment, { act: actOn(environment) });
};
