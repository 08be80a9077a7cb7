import type { StoredSecret } from '#keys';
import Table from 'cli-table3';
import { Command } from 'commander';

import { orUsage, refusingUsage } from '../usage.js';
import { withVault } from './vault.js';

export const listCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = refusingUsage(new Command('list'))
    .summary('list them, of every environment, without what they are')
    .option('--json', 'print one JSON object a version')
    .action(({ json = false }: { json?: boolean }) =>
      orUsage(command, () =>
        withVault(environment, async ({ secrets }) => {
          print(await secrets.list(), json);
        }),
      ),
    );
  return command;
};

const print = (secrets: readonly StoredSecret[], json: boolean): void => {
  const now = new Date();
  if (json) {
    for (const secret of secrets) console.log(JSON.stringify(jsonOf(secret, now)));
    return;
  }
  if (secrets.length === 0) {
    console.log('no secret is stored');
    return;
  }
  const table = new Table({
    head: ['processor', 'account', 'kind', 'environment', 'version', 'since', 'state'],
    style: { head: [], border: [], compact: true },
  });
  for (const secret of secrets) {
    const { processor, account, kind, environment, version, createdAt, retiresAt } = secret;
    const until = retiresAt === null ? '' : ` until ${retiresAt.toISOString()}`;
    const state = isValid(secret, now) ? `valid${until}` : 'retired';
    table.push([
      processor,
      account === '' ? 'platform' : account,
      kind,
      environment,
      version,
      createdAt.toISOString(),
      state,
    ]);
  }
  console.log(table.toString());
};

const isValid = ({ retiresAt }: StoredSecret, now: Date): boolean => retiresAt === null || retiresAt > now;

/** Never with the ciphertext. */
const jsonOf = (secret: StoredSecret, now: Date): Record<string, unknown> => ({
  processor: secret.processor,
  account: secret.account,
  kind: secret.kind,
  environment: secret.environment,
  version: secret.version,
  createdAt: secret.createdAt,
  retiresAt: secret.retiresAt,
  valid: isValid(secret, now),
});
