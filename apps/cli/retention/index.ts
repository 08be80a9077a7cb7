import { Command } from 'commander';

import type { Act } from '../operator/recorded.js';
import { recorded } from '../operator/recorded.js';
import { refusingUsage } from '../usage.js';
import { archiveCommand } from './archive-command.js';
import { holdCommand, releaseCommand } from './holds.js';
import { removeCommand } from './remove-command.js';
import { statusCommand } from './status-command.js';
import { verifyCommand } from './verify-command.js';

/**
 * `billing retention`: how long events are kept, what is held, archived and removed. All of it is recorded in the platform's access log, and not
 * in a tenant's, who would see there that they are investigated.
 */
export const retentionCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('retention'))
    .summary('archive closed months, place legal holds, remove what is past its retention')
    .description('Events are kept for seven years: docs/operations/retention.md.')
    .addCommand(statusCommand(environment))
    .addCommand(recorded(archiveCommand(environment), environment, unlessDry))
    .addCommand(verifyCommand(environment))
    .addCommand(recorded(holdCommand(environment), environment))
    .addCommand(recorded(releaseCommand(environment), environment))
    .addCommand(recorded(removeCommand(environment), environment, unlessDry));

/** A dry run changes nothing and is not recorded. */
const unlessDry = {
  act: (_: readonly string[], { dryRun }: Readonly<Record<string, unknown>>): Act | undefined =>
    dryRun === true ? undefined : {},
};
