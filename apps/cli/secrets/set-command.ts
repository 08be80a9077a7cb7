import type { Readable } from 'node:stream';

import type { SecretName, StoredSecret } from '#keys';
import { Command } from 'commander';

import { UsageError, refusingUsage } from '../usage.js';
import { kinds, recommendationFor } from './kinds.js';
import { nameOf, titleOf } from './name.js';
import { overlapMs } from './overlap.js';
import { jsonOf } from './present.js';
import { readSecret } from './read-secret.js';
import type { TakingOptions } from './taking-secret.js';
import { takingSecret } from './taking-secret.js';
import type { Vault } from './vault.js';
import { withVault } from './vault.js';

const example = `
Example, once Stripe shows the endpoint's new secret; the old one is good for another day. Paste the secret when it is asked for, or pipe it in:
  npx --no billing secrets set --kind webhook
  npx --no billing secrets set --kind webhook < FILE
`;

/** `input`: where the secret is read from, never the command line: that is for every user of the machine to see. */
export const setCommand = (environment: NodeJS.ProcessEnv, input: Readable = process.stdin): Command => {
  const command = refusingUsage(new Command('set'))
    .summary('store a secret, read from standard input')
    .description(
      'Stores a secret that it reads from standard input. The one before stays valid for a while, so that nothing is refused while it ' +
        'rotates; two are valid at a time at most. Running processes use it within seconds. Nobody looks whether an API key works, so it is ' +
        'for the first one: the next one is for `rotate`. Where all before were revoked, it is used once it has told that it is of their account.',
    )
    .addHelpText('after', example);
  return takingSecret(command, environment, (options) => set(environment, input, options));
};

/** Stores the next version of a secret, unasked. */
export const set = async (environment: NodeJS.ProcessEnv, input: Readable, options: TakingOptions): Promise<void> => {
  const overlap_ms = overlapMs(options.kind, options.overlap);
  await withVault(environment, async (vault) => {
    const name = nameOf(options, vault.environment);
    const kind = kinds[options.kind];
    if (options.kind === 'api') await assertUnchecked(vault, name);
    const secret = await readSecret(input);
    const form = kind.formOf(secret, vault.environment);
    const keys = await vault.openKeys();
    const now = new Date();
    const valid = await vault.secrets.rotate(name, (version) => kind.seal(keys, { ...name, version }, secret), {
      ...{ now, overlapUntil: new Date(now.getTime() + overlap_ms) },
      form,
    });
    printValid(valid, options);
  });
};

/** Where it is known whose the present API key is, the next one has to be of the same account, which a gateway finds out. */
const assertUnchecked = async ({ secrets }: Vault, name: SecretName): Promise<void> => {
  const now = new Date();
  const isKnown = (await secrets.versions(name)).some(
    ({ state, retiresAt, processorAccount }) =>
      state === 'valid' && (retiresAt === null || retiresAt > now) && processorAccount !== null,
  );
  if (isKnown)
    throw new UsageError(
      'there is a valid API key already, and nobody would look whether this one is of the same account: billing secrets rotate --kind api',
    );
};

/** Says which versions count now, the newest first. */
export const printValid = (
  [newest, before]: readonly StoredSecret[],
  { json = false }: Pick<TakingOptions, 'json'>,
): void => {
  if (!newest) return;
  if (json) {
    const now = new Date();
    console.log(JSON.stringify({ ok: true, newest: jsonOf(newest, now), before: before ? jsonOf(before, now) : null }));
  } else {
    console.log(`${titleOf(newest)} is version ${newest.version} in ${newest.environment}`);
    if (before) console.log(`version ${before.version} is valid until ${before.retiresAt?.toISOString()}`);
  }
  const recommendation = recommendationFor(newest.form);
  if (recommendation !== undefined) console.error(`warning: ${recommendation}`);
};
