import type { Registered } from '#audit-log/keys';
import { Command } from 'commander';

import { recorded } from '../../operator/recorded.js';
import { UsageError, orUsage, refusingUsage } from '../../usage.js';
import type { KeyOffice } from './key-register.js';
import { withAuditKeys } from './key-register.js';
import { nextKeyName } from './next-key-name.js';
import { afterIntroduction, afterRetirement, noKeys, tableOf } from './present.js';

interface JsonOption {
  json?: boolean;
}

const jsonWords = 'print one JSON object';

/** `billing audit keys`: the keys that sign the audit log. */
export const auditKeysCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('keys'))
    .summary('look at, introduce and retire the keys that sign it')
    .description(
      'The keys that sign the audit log. Which they are is told in the log itself. Run it with the settings of the service: BILLING_ENV, AUDIT_ORIGIN, ' +
        'AUDIT_LOG, and those of its key management.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  npx --no billing audit keys rotate --reason OPS-12\n  npx --no billing audit keys list\n  npx --no billing audit keys retire audit-1',
    )
    .addCommand(listCommand(environment))
    .addCommand(recorded(rotateCommand(environment), environment, { act: (_, { key }) => ofKey(key) }))
    .addCommand(recorded(introduceCommand(environment), environment))
    .addCommand(recorded(retireCommand(environment), environment));

const ofKey = (key: unknown) => (typeof key === 'string' ? { resource: key } : {});

const listCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('list'))
    .summary('list them, retired ones too, the newest first')
    .option('--json', jsonWords)
    .action(({ json = false }: JsonOption, command: Command) =>
      orUsage(command, () =>
        withAuditKeys(environment, async (office) => {
          const keys = await office.list();
          if (json) console.log(JSON.stringify({ origin: office.origin, keys }));
          else console.log(keys.length === 0 ? noKeys : tableOf(keys));
        }),
      ),
    );

const rotateCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('rotate'))
    .summary('introduce the next key')
    .description(
      'Introduces the next key: a new one of the local keyring, or the one of KMS_SIGNING_KEY_ID that the log has not had. It signs beside the present one, ' +
        'until that is retired. The first key of a log is introduced in the same way.',
    )
    .option('--key <name>', 'its name at the key management; what ends in -p256 is of P-256 in a local keyring')
    .option('--json', jsonWords)
    .action(({ key, json = false }: JsonOption & { key?: string }, command: Command) =>
      orUsage(command, () =>
        withAuditKeys(environment, async (office) => {
          const next = nextKeyName(await office.state(), office.kms, key);
          await introduce(office, next, json);
        }),
      ),
    );

const introduceCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('introduce'))
    .summary('have a key sign as well')
    .description('Has a key of the key management sign the log as well. One that signs already stays as it is.')
    .argument('<name>', 'its name at the key management')
    .option('--json', jsonWords)
    .action((name: string, { json = false }: JsonOption, command: Command) =>
      orUsage(command, () => withAuditKeys(environment, (office) => introduce(office, name, json))),
    );

const retireCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('retire'))
    .summary('have a key sign no more')
    .description(
      'Has a key sign no later checkpoint. It is refused while no receipt of the key that follows it is published, and for the last key always.',
    )
    .argument('<name>', 'its name at the key management')
    .option('--json', jsonWords)
    .action((name: string, { json = false }: JsonOption, command: Command) =>
      orUsage(command, () =>
        withAuditKeys(environment, async (office) => {
          const found = (await office.state()).keys.find(({ keyName, vkey }) => keyName === name || vkey === name);
          if (!found) throw new UsageError(`the log has no key ${name}; billing audit keys list shows those it has`);
          const done = await office.register.retire(found.vkey, await office.vouched(), new Date().toISOString());
          print(done, found.keyName, json, afterRetirement);
        }),
      ),
    );

const nameForm = /^[a-z][a-z0-9-]{0,39}$/;

const introduce = async (office: KeyOffice, name: string, json: boolean): Promise<void> => {
  if (!nameForm.test(name)) throw new UsageError('a key is named by small letters, digits and -, 40 at most');
  const done = await office.register.introduce(await office.keyOf(name), name, new Date().toISOString());
  print(done, name, json, afterIntroduction);
};

const print = (
  { events, state }: Registered,
  keyName: string,
  json: boolean,
  words: (state: Registered['state'], keyName: string) => string,
): void => {
  const key = state.keys.find((each) => each.keyName === keyName);
  if (json) console.log(JSON.stringify({ changed: events.length > 0, key }));
  else console.log(words(state, keyName));
};
