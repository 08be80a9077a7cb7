import type { Readable } from 'node:stream';

import { Command } from 'commander';

import { refusingUsage } from '../usage.js';
import { listCommand } from './list-command.js';
import { revokeCommand } from './revoke-command.js';
import { setCommand } from './set-command.js';

/** `billing secrets`: what the processor's webhooks are verified with. */
export const secretsCommand = (environment: NodeJS.ProcessEnv, input?: Readable): Command =>
  refusingUsage(new Command('secrets'))
    .summary('store, list or revoke secrets of the processor')
    .description(
      'Secrets of the processor, sealed in the database. Run it with the settings of the service: BILLING_ENV, and those of its key management.',
    )
    .addCommand(setCommand(environment, input))
    .addCommand(listCommand(environment))
    .addCommand(revokeCommand(environment));
