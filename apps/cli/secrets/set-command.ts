import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import { webhookSecretForm } from '#platform/configuration';
import { Command } from 'commander';

import { recorded } from '../operator/recorded.js';
import { UsageError, orUsage, refusingUsage } from '../usage.js';
import type { NameOptions } from './name.js';
import { actOn, nameOf, namingSecret, titleOf } from './name.js';
import { withVault } from './vault.js';

interface SetOptions extends NameOptions {
  overlap: string;
}

const example = `
Example, once Stripe shows the endpoint's new secret; the old one is good for another day:
  pbpaste | npx --no billing secrets set --processor stripe --kind webhook
`;
/** As long as Stripe itself lets an old secret live beside a new one. */
const maxOverlapHours = 24;

/** `input`: where the secret is read from, never the command line: that is for every user of the machine to see. */
export const setCommand = (environment: NodeJS.ProcessEnv, input: Readable = process.stdin): Command => {
  const command = namingSecret(refusingUsage(new Command('set')))
    .summary('store a secret, read from standard input')
    .description(
      'Stores a secret that it reads from standard input. The one before stays valid for a while, so that nothing is refused while it\n' +
        'rotates; two are valid at a time at most. Running processes use it within seconds.',
    )
    .option(
      '--overlap <hours>',
      `how long the one before stays valid, up to ${maxOverlapHours}`,
      String(maxOverlapHours),
    )
    .addHelpText('after', example)
    .allowExcessArguments() // so that it is us who refuse one, and do not print it
    .action((options: SetOptions) =>
      orUsage(command, async () => {
        if (command.args.length > 0)
          throw new UsageError(
            'a secret comes from standard input: who saw it on the command line may use it, so roll it',
          );
        await set(environment, input, options);
      }),
    );
  return recorded(command, environment, { act: actOn(environment) });
};

const set = async (environment: NodeJS.ProcessEnv, input: Readable, options: SetOptions): Promise<void> => {
  const overlapHours = options.overlap === '' ? NaN : Number(options.overlap);
  if (!(overlapHours >= 0 && overlapHours <= maxOverlapHours))
    throw new UsageError(`--overlap is a number of hours from 0 to ${maxOverlapHours}`);
  await withVault(environment, async (vault) => {
    const name = nameOf(options, vault.environment);
    const secret = await readLine(input);
    if (!webhookSecretForm.test(secret))
      throw new UsageError('this is no signing secret of a webhook endpoint: one line, whsec_..., without spaces');
    const keys = await vault.openKeys();
    const now = new Date();
    const [newest, before] = await vault.secrets.rotate(
      name,
      (version) => keys.sealWebhookSecret({ ...name, version }, secret),
      { now, overlapUntil: new Date(now.getTime() + overlapHours * 3_600_000) },
    );
    console.log(`${titleOf(name)} is version ${newest?.version} in ${vault.environment}`);
    if (before) console.log(`version ${before.version} is valid until ${before.retiresAt?.toISOString()}`);
  });
};

/** The first line, without what a terminal puts around it. A person is asked on standard error. */
const readLine = async (input: Readable): Promise<string> => {
  if (input === process.stdin && process.stdin.isTTY) process.stderr.write('secret, then enter: ');
  const lines = createInterface({ input, terminal: false });
  try {
    for await (const line of lines) return line.trim();
  } finally {
    lines.close();
  }
  throw new UsageError('there is nothing on standard input: pipe the secret in');
};
