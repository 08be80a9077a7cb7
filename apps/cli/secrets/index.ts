import { Command } from 'commander';

import { refusingUsage } from '../usage.js';
import { listCommand } from './list-command.js';
import { revokeCommand } from './revoke-command.js';
import type { RotateOptions } from './rotate-command.js';
import { rotateCommand } from './rotate-command.js';
import { setCommand } from './set-command.js';

/** `billing secrets`: what the processor is called with, and what its webhooks are verified with. */
export const secretsCommand = (environment: NodeJS.ProcessEnv, options: RotateOptions = {}): Command =>
  refusingUsage(new Command('secrets'))
    .summary('store, rotate, list or revoke secrets of the processor')
    .description(
      'Secrets of the processor, sealed in the database. Run it with the settings of the service: BILLING_ENV, and those of its key management.',
    )
    .addCommand(setCommand(environment, options.input))
    .addCommand(rotateCommand(environment, options))
    .addCommand(listCommand(environment))
    .addCommand(revokeCommand(environment));
