import { ConfigurationError, exitConfiguration } from '#platform/configuration';
import { Command } from 'commander';

import { demoCommand } from './demo/index.js';
import { tokenCommand } from './token.js';

const program = new Command('billing')
  .description('Tools of billing-service.')
  .showHelpAfterError('(try: npx --no billing help)')
  .addCommand(tokenCommand(process.env))
  .addCommand(demoCommand(process.env));

try {
  await program.parseAsync();
} catch (error) {
  console.error(`billing: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = error instanceof ConfigurationError ? exitConfiguration : 1;
}
