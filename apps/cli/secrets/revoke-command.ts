import { Command } from 'commander';

import { recorded } from '../operator/recorded.js';
import { UsageError, orUsage, refusingUsage } from '../usage.js';
import type { NameOptions } from './name.js';
import { actOn, nameOf, namingSecret, titleOf } from './name.js';
import { accountOf, warningOfNone } from './present.js';
import { withVault } from './vault.js';

interface RevokeOptions extends NameOptions {
  version: string;
  json?: boolean;
}

export const revokeCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = namingSecret(refusingUsage(new Command('revoke')))
    .summary('end a version at once, for good')
    .description(
      'Ends a version of a secret at once. Running processes follow within 30 seconds. Where it was the only valid one, deliveries ' +
        'are answered 503 until the next one is set, and the processor sends them again; without an API key calls wait.',
    )
    .requiredOption('--version <number>', 'as `list` prints it')
    .option('--json', 'print one JSON object')
    .action((options: RevokeOptions) => orUsage(command, () => revoke(environment, options)));
  return recorded(command, environment, { act: actOn(environment) });
};

const revoke = async (
  given: NodeJS.ProcessEnv,
  { version: text, json = false, ...options }: RevokeOptions,
): Promise<void> => {
  const version = Number(text);
  if (!Number.isInteger(version) || version < 1 || version > 2_147_483_647)
    throw new UsageError('--version is a number, as `list` prints it');
  await withVault(given, async ({ secrets, environment }) => {
    const name = nameOf(options, environment);
    const now = new Date();
    await secrets.revoke(name, version, now);
    if (json) console.log(JSON.stringify({ ok: true, ...name, account: accountOf(name), version, state: 'revoked' }));
    else console.log(`version ${version} of ${titleOf(name)} is revoked in ${environment}`);
    const warning = name.kind === 'api' ? warningOfNone(await secrets.valid(name, now)) : undefined;
    if (warning !== undefined) console.error(`warning: ${warning}`);
  });
};
