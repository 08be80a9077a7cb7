import { ConfigurationError, exitConfiguration } from '#platform/configuration';
import { Command } from 'commander';

import { deadLettersCommand } from './dead-letters/index.js';
import { demoCommand } from './demo/index.js';
import { producersCommand } from './producers.js';
import { projectionsCommand } from './projections.js';
import { rebuildCommand } from './rebuild.js';
import { reconcileCommand } from './reconcile/index.js';
import { replayCommand } from './replay/index.js';
import { secretsCommand } from './secrets/index.js';
import { tokenCommand } from './token.js';
import { topicsCommand } from './topics/index.js';
import { webhooksCommand } from './webhooks/index.js';

const program = new Command('billing')
  .description('Tools of billing-service.')
  .showHelpAfterError('(try: npx --no billing help)')
  .addCommand(tokenCommand(process.env))
  .addCommand(demoCommand(process.env))
  .addCommand(deadLettersCommand(process.env))
  .addCommand(producersCommand(process.env))
  .addCommand(projectionsCommand(process.env))
  .addCommand(rebuildCommand(process.env))
  .addCommand(reconcileCommand(process.env))
  .addCommand(replayCommand(process.env))
  .addCommand(secretsCommand(process.env))
  .addCommand(topicsCommand(process.env))
  .addCommand(webhooksCommand(process.env));

try {
  await program.parseAsync();
} catch (error) {
  console.error(`billing: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = error instanceof ConfigurationError ? exitConfiguration : 1;
}
