import { Command } from 'commander';

import type { Act } from '../operator/recorded.js';
import { recorded } from '../operator/recorded.js';
import { archiveCommand } from './archive-command.js';
import { holdCommand, releaseCommand } from './holds.js';
import { isDryRun, removeCommand } from './remove-command.js';
import { statusCommand } from './status-command.js';

/**
 * `billing retention`: how long events are kept, what is held, archived and removed. All of it is recorded in the platform's access log, and not
 * in a tenant's, who would see there that they are investigated.
 */
export const retentionCommand = (environment: NodeJS.ProcessEnv): Command =>
  new Command('retention')
    .summary('archive closed months, place legal holds, remove what is past its retention')
    .description('Events are kept for seven years: docs/operations/retention.md.')
    .addCommand(statusCommand(environment))
    .addCommand(recorded(archiveCommand(environment), environment))
    .addCommand(recorded(holdCommand(environment), environment))
    .addCommand(recorded(releaseCommand(environment), environment))
    .addCommand(
      recorded(removeCommand(environment), environment, {
        act: (_, options): Act | undefined => (isDryRun(options) ? undefined : {}),
      }),
    );
