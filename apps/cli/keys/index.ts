import { Command } from 'commander';

import { refusingUsage } from '../usage.js';
import { reEncryptCommand } from './re-encrypt-command.js';
import { rotateCommand } from './rotate-command.js';
import { statusCommand } from './status-command.js';

/** `billing keys`: the keys of tenants, and of the platform. */
export const keysCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('keys'))
    .summary('look at, replace and renew keys')
    .description(
      'The keys that seal what tenants entrust to us. Run it with the settings of the service: BILLING_ENV, and those of its key management.',
    )
    .addCommand(statusCommand(environment))
    .addCommand(rotateCommand(environment))
    .addCommand(reEncryptCommand(environment));
