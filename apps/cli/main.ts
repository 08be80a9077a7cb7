import { ConfigurationError, exitConfiguration } from '#platform/configuration';
import { guardProcessOutput } from '#platform/logging';

import { unreachableDatabase } from './operator/unreachable.js';
import { billingProgram } from './program.js';

guardProcessOutput({ app: 'billing', forPeople: true });
try {
  await billingProgram(process.env).parseAsync();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`billing: ${unreachableDatabase(error, process.env) ?? message}`);
  process.exitCode = error instanceof ConfigurationError ? exitConfiguration : 1;
}
