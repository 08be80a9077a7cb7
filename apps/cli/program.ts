import { Command } from 'commander';

import { auditCommand } from './audit/index.js';
import { certsCommand } from './certs/index.js';
import { deadLettersCommand } from './dead-letters/index.js';
import { demoCommand } from './demo/index.js';
import { environmentOf } from './environment.js';
import { pciCommand } from './pci/index.js';
import { keysCommand } from './keys/index.js';
import { producersCommand } from './producers.js';
import { projectionsCommand } from './projections.js';
import { rebuildCommand } from './rebuild.js';
import { reconcileCommand } from './reconcile/index.js';
import { replayCommand } from './replay/index.js';
import { retentionCommand } from './retention/index.js';
import { secretsCommand } from './secrets/index.js';
import { tenantsCommand } from './tenants/index.js';
import { tokenCommand } from './token.js';
import { topicsCommand } from './topics/index.js';
import { refusingUsage } from './usage.js';
import { webhooksCommand } from './webhooks/index.js';

/** Commands that know no other place than the data directory. */
const onDataDirectory: ReadonlySet<string> = new Set(['certs', 'demo', 'pci', 'token']);

/** Commands that read no setting at all: outsiders use them. */
const knowsNoService: ReadonlySet<string> = new Set(['audit verify']);

/** Every command of `billing`. Throws ConfigurationError for a BILLING_ENV that is none, before anything is done. */
export const billingProgram = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('billing'))
    .description('Tools of billing-service.')
    .showHelpAfterError('(try: npx --no billing help)')
    .hook('preAction', (_, command) => {
      if (knowsNoService.has(pathOf(command))) return;
      const { BILLING_ENV } = environment;
      environmentOf(onDataDirectory.has(topOf(command)) ? { BILLING_ENV } : environment);
    })
    .addCommand(auditCommand(environment))
    .addCommand(tokenCommand(environment))
    .addCommand(certsCommand(environment))
    .addCommand(demoCommand(environment))
    .addCommand(deadLettersCommand(environment))
    .addCommand(pciCommand())
    .addCommand(keysCommand(environment))
    .addCommand(producersCommand(environment))
    .addCommand(projectionsCommand(environment))
    .addCommand(rebuildCommand(environment))
    .addCommand(reconcileCommand(environment))
    .addCommand(replayCommand(environment))
    .addCommand(retentionCommand(environment))
    .addCommand(secretsCommand(environment))
    .addCommand(tenantsCommand(environment))
    .addCommand(topicsCommand(environment))
    .addCommand(webhooksCommand(environment));

/** The names of the commands of `billing` that lead to it, such as `audit verify`. */
const pathOf = (command: Command): string =>
  command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();

/** The name of the command of `billing` that it is, or belongs to. */
const topOf = (command: Command): string => (command.parent?.parent ? topOf(command.parent) : command.name());
