import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

import type { SecretName, StoredSecret } from '#keys';
import { Command } from 'commander';

import { refusingUsage } from '../usage.js';
import { kinds } from './kinds.js';
import { nameOf } from './name.js';
import { overlapMs } from './overlap.js';
import { readSecret } from './read-secret.js';
import { printValid, set } from './set-command.js';
import type { TakingOptions } from './taking-secret.js';
import { takingSecret } from './taking-secret.js';
import type { Vault } from './vault.js';
import { withVault } from './vault.js';

/** How long a gateway may take to look at a key: some of its rounds, and a dozen requests to the processor. */
const waitMs = 60_000;
const pollMs = 200;

const example = `
Example. Make the key in Stripe's dashboard first (Developers, API keys), and revoke the old one there when this is done. Paste the key when it is
asked for, or pipe it in:
  npx --no billing secrets rotate --kind api
  npx --no billing secrets rotate --kind api < FILE
`;

export interface RotateOptions {
  /** Where the secret is read from. */
  input?: Readable;
  waitMs?: number;
}

export const rotateCommand = (
  environment: NodeJS.ProcessEnv,
  { input = process.stdin, ...bounds }: RotateOptions = {},
): Command => {
  const command = refusingUsage(new Command('rotate'))
    .summary('have a new secret follow the present one, an API key once the gateway has checked it')
    .description(
      'Stores a secret that it reads from standard input as the one that follows. A running gateway checks an API key first: that Stripe ' +
        'knows it, that it is of the same account and mode, and that it may do all that is needed. Until then, and where it is refused, the ' +
        'present key stays as it is. What follows is used within seconds; the one before stays valid for --overlap. Webhook secrets, which ' +
        'nothing can check before a delivery comes, are stored as `set` does.',
    )
    .addHelpText('after', example);
  return takingSecret(command, environment, (options) =>
    options.kind === 'webhook'
      ? set(environment, input, options)
      : rotate(environment, input, options, bounds.waitMs ?? waitMs),
  );
};

const rotate = async (
  given: NodeJS.ProcessEnv,
  input: Readable,
  options: TakingOptions,
  mostMs: number,
): Promise<void> => {
  const overlap_ms = overlapMs(options.kind, options.overlap);
  await withVault(given, async (vault) => {
    const name = nameOf(options, vault.environment);
    const kind = kinds[options.kind];
    const secret = await readSecret(input);
    const form = kind.formOf(secret, vault.environment);
    if (form === null) throw new Error('an API key has a form');
    const keys = await vault.openKeys();
    const version = await vault.candidates.propose(
      name,
      (next) => kind.seal(keys, { ...name, version: next }, secret),
      {
        form,
        now: new Date(),
      },
    );
    const left = await leavingNothing(vault, name, version, async () => {
      console.error(`a gateway looks at the key (${Math.round(mostMs / 1_000)} s at most) ...`);
      const looked = await lookedAt(vault, name, version, mostMs);
      if (looked?.state !== 'checked') return refusalOf(looked);
      const now = new Date();
      const overlapUntil = new Date(now.getTime() + overlap_ms);
      printValid(await vault.candidates.promote(name, version, { now, overlapUntil }), options);
      return undefined;
    });
    if (left === undefined) return;
    if (options.json) console.log(JSON.stringify({ ok: false, error: left }));
    console.error(`error: ${left}. The present key stays as it is.`);
    process.exitCode = 1;
  });
};

/** Takes the candidate away in the end, however that comes; one that was promoted is none any more. */
const leavingNothing = async <T>(
  { candidates }: Vault,
  name: SecretName,
  version: number,
  work: () => Promise<T>,
): Promise<T> => {
  const leave = (): void => {
    void candidates.withdraw(name, version).finally(() => process.exit(130));
  };
  process.once('SIGINT', leave);
  try {
    return await work();
  } finally {
    process.off('SIGINT', leave);
    await candidates.withdraw(name, version);
  }
};

/** The candidate once a gateway has looked at it; as it is when nobody has for `mostMs`. */
const lookedAt = async (
  { candidates }: Vault,
  name: SecretName,
  version: number,
  mostMs: number,
): Promise<StoredSecret | undefined> => {
  const until = Date.now() + mostMs;
  for (;;) {
    const candidate = await candidates.look(name, version);
    if (candidate?.state !== 'candidate' || Date.now() > until) return candidate;
    await pause(pollMs);
  }
};

const refusalOf = (looked: StoredSecret | undefined): string => {
  if (!looked) return 'another operator has taken the new key away';
  if (looked.state === 'refused') return `the new key is refused: ${looked.refusal}`;
  return 'no gateway has looked at the new key: see whether one runs, and whether it reaches the processor';
};
