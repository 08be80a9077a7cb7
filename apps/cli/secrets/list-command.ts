import type { StoredSecret } from '#keys';
import { secretLifeDays } from '#keys';
import Table from 'cli-table3';
import { Command } from 'commander';

import { orUsage, refusingUsage } from '../usage.js';
import { recommendationFor } from './kinds.js';
import { accountOf, ageDays, isOverdue, isValid, jsonOf, stateOf, warningOfNone } from './present.js';
import { withVault } from './vault.js';

export const listCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = refusingUsage(new Command('list'))
    .summary('list them, of every environment, without what they are')
    .option('--json', 'print one JSON object a version')
    .action(({ json = false }: { json?: boolean }) =>
      orUsage(command, () =>
        withVault(environment, async ({ secrets, environment: present }) => {
          print(await secrets.list(), json);
          const warning = warningOfNone(
            await secrets.valid({ processor: 'stripe', environment: present, kind: 'api' }, new Date()),
          );
          if (warning !== undefined) console.error(`warning: ${warning}`);
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
    head: ['processor', 'account', 'kind', 'environment', 'version', 'since', 'age', 'form', 'state'],
    style: { head: [], border: [], compact: true },
  });
  for (const secret of secrets) {
    const { processor, kind, environment, version, createdAt, form } = secret;
    table.push([
      processor,
      accountOf(secret),
      kind,
      environment,
      version,
      createdAt.toISOString(),
      `${ageDays(secret, now)} days`,
      form ?? '',
      wordsOf(secret, now),
    ]);
  }
  console.log(table.toString());
  if (secrets.some((secret) => isOverdue(secret, now)))
    console.error(`warning: what is overdue is older than ${secretLifeDays} days: billing secrets rotate replaces it`);
  const recommendation = secrets.map((secret) => (isValid(secret, now) ? recommendationFor(secret.form) : undefined));
  const [first] = recommendation.filter((each) => each !== undefined);
  if (first !== undefined) console.error(`warning: ${first}`);
};

const wordsOf = (secret: StoredSecret, now: Date): string => {
  const state = stateOf(secret, now);
  if (state !== 'valid') return state;
  if (secret.retiresAt !== null) return `valid until ${secret.retiresAt.toISOString()}`;
  return isOverdue(secret, now) ? 'valid, overdue' : 'valid';
};
