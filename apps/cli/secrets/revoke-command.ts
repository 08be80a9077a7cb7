import { Command } from 'commander';

import { recorded } from '../operator/recorded.js';
import { UsageError, orUsage, refusingUsage } from '../usage.js';
import type { NameOptions } from './name.js';
import { actOn, nameOf, namingSecret, titleOf } from './name.js';
import { withVault } from './vault.js';

export const revokeCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = namingSecret(refusingUsage(new Command('revoke')))
    .summary('end a version at once, for good')
    .description(
      'Ends a version of a secret at once. Running processes follow within 30 seconds. Where it was the only valid one, deliveries are\n' +
        'answered 503 until the next one is set; the processor sends them again.',
    )
    .requiredOption('--version <number>', 'as `list` prints it')
    .action((options: NameOptions & { version: string }) => orUsage(command, () => revoke(environment, options)));
  return recorded(command, environment, { act: actOn(environment) });
};

const revoke = async (
  given: NodeJS.ProcessEnv,
  { version: text, ...options }: NameOptions & { version: string },
): Promise<void> => {
  const version = Number(text);
  if (!Number.isInteger(version) || version < 1 || version > 2_147_483_647)
    throw new UsageError('--version is a number, as `list` prints it');
  await withVault(given, async ({ secrets, environment }) => {
    const name = nameOf(options, environment);
    await secrets.revoke(name, version, new Date());
    console.log(`version ${version} of ${titleOf(name)} is revoked in ${environment}`);
  });
};
