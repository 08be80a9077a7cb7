import type { Grants, ProducerScope, PublicKey, Registration } from '#access/producers';
import {
  KeyRefused,
  RegistrationRefused,
  generateProducerKey,
  listProducers,
  producerScopes,
  readPublicKey,
  registerProducer,
  revokeProducer,
} from '#access/producers';
import { isTenantId } from '#access/tenancy';
import { isSpiffeId } from '#platform/spiffe';
import Table from 'cli-table3';
import { Command, InvalidArgumentError, Option } from 'commander';
import { readFile, rm, writeFile } from 'node:fs/promises';
import type { Pool } from 'pg';

import { openOperator } from './operator/index.js';
import { recorded } from './operator/recorded.js';
import { UsageError, orUsage, refusingUsage } from './usage.js';

interface AddOptions {
  spiffeId?: string;
  tenant?: string[];
  allTenants?: boolean;
  scope?: ProducerScope[];
  publicKey?: string;
  generateKey?: string;
}

const maxTenants = 1_000;

const tenantsOf = (id: string, before: string[] = []): string[] => {
  if (!isTenantId(id)) throw new InvalidArgumentError('a tenant is named by its id, a UUID');
  if (before.length >= maxTenants) throw new InvalidArgumentError('for so many tenants give --all-tenants');
  return [...before, id.toLowerCase()];
};

const scopesOf = (scope: string, before: ProducerScope[] = []): ProducerScope[] => {
  const known = producerScopes.find((each) => each === scope);
  if (!known)
    throw new InvalidArgumentError(
      `a service has ${producerScopes.join(' and ')} at most; whatever takes a second factor is a person's`,
    );
  return [...before, known];
};

const spiffeIdOf = (text: string): string => {
  if (!isSpiffeId(text)) throw new InvalidArgumentError('a SPIFFE id is written spiffe://trust-domain/path');
  return text;
};

/**
 * `billing producers`: the services that may publish commands to Kafka, with the keys they sign them with, and those that may call the
 * api, with the SPIFFE id of their certificates.
 */
export const producersCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('producers'))
    .summary('services that may publish commands or call the api')
    .description(
      'Services: the public keys they sign commands on Kafka with, and the SPIFFE id of the certificates they call the api with.',
    )
    .addCommand(recorded(addCommand(environment), environment))
    .addCommand(listCommand(environment))
    .addCommand(recorded(revokeCommand(environment), environment));

const addCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('add'))
    .summary('register a service, or another key of one')
    .description(
      'Registers a service with a public key for commands on Kafka, with a SPIFFE id for calls of the api, or with both, and prints ' +
        'the id of the key. For a service that is registered: adds the key, to take over from an older one, and replaces its ' +
        'SPIFFE id, tenants and scopes where they are given.',
    )
    .argument('<name>', 'lower-case letters, digits, dots, dashes and underscores; ce_source of what it sends')
    .option('--tenant <id>', 'a tenant it may speak for; repeat it for more', tenantsOf)
    .addOption(new Option('--all-tenants', 'it may speak for every tenant, of today and tomorrow').conflicts('tenant'))
    .option('--scope <scope>', `${producerScopes.join(' or ')}; refunds take a person's token, never a scope`, scopesOf)
    .option('--spiffe-id <id>', 'the URI in its client certificates, spiffe://trust-domain/path', spiffeIdOf)
    .option('--public-key <file>', 'PEM (SPKI) or JWK; P-256 or Ed25519')
    .addOption(
      new Option('--generate-key <file>', 'make a P-256 key, write the private one there (PEM, mode 0600)').conflicts(
        'publicKey',
      ),
    )
    .addHelpText(
      'after',
      '\nExample:\n  npx --no billing producers add shop --tenant 11111111-1111-4111-8111-111111111111 \\\n' +
        '    --scope billing:write --generate-key shop.pem\n' +
        '  npx --no billing producers add shop --spiffe-id spiffe://acme.example/shop',
    )
    .action((name: string, options: AddOptions, command: Command) =>
      orUsage(command, () => withOwner(environment, (pool) => add(pool, name, options))),
    );

const listCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('list'))
    .summary('list them, revoked ones too')
    .option('--json', 'print one JSON object a producer')
    .action((options: { json?: boolean }, command: Command) =>
      orUsage(command, () =>
        withOwner(environment, async (pool) => {
          print(await listProducers(pool), options.json ?? false);
        }),
      ),
    );

const revokeCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('revoke'))
    .summary('revoke a service, or one of its keys')
    .description(
      'Revokes a service with all its keys, or one key, for good. Workers and the api follow within seconds. ' +
        'It comes back under another name, which may have its SPIFFE id, and with new keys. To shut a service out of the api ' +
        'for a while, put its SPIFFE id into the file of TLS_CLIENT_DENY instead.',
    )
    .argument('<name>', 'the service')
    .option('--kid <id>', 'only this key')
    .action((name: string, { kid }: { kid?: string }, command: Command) =>
      orUsage(command, () =>
        withOwner(environment, async (pool) => {
          await revokeProducer(pool, name, kid);
          console.log(
            kid === undefined
              ? `${name} is revoked for good, with all its keys`
              : `the key ${kid} of ${name} is revoked`,
          );
        }),
      ),
    );

const add = async (pool: Pool, name: string, options: AddOptions): Promise<void> => {
  const { spiffeId, tenant, allTenants = false, scope: scopes, generateKey } = options;
  const key = await keyOf(options);
  const grants: Grants = { spiffeId, tenants: allTenants ? 'all' : tenant, scopes };
  try {
    await registerProducer(pool, name, grants, key);
  } catch (error) {
    if (generateKey !== undefined) await rm(generateKey, { force: true }); // a key that was never registered is no use
    throw error;
  }
  const kept = generateKey === undefined ? '' : `, its private half is in ${generateKey}`;
  const known = [spiffeId, key && `the key ${key.kid}${kept}`].filter(Boolean).join(' and ');
  console.log(`${name} is registered with ${known}`);
};

/** undefined: none was given, and the service is known by its SPIFFE id. */
const keyOf = async ({ publicKey, generateKey, spiffeId }: AddOptions): Promise<PublicKey | undefined> => {
  if (publicKey !== undefined) return readPublicKey(await contentOf(publicKey));
  if (generateKey === undefined) {
    if (spiffeId !== undefined) return undefined;
    throw new UsageError('give its --public-key FILE, --generate-key FILE to make one, or its --spiffe-id');
  }
  const made = await generateProducerKey();
  // Never over a key that may be in use.
  await writeFile(generateKey, made.privatePem, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    throw new UsageError(`${generateKey} cannot be written: ${codeOf(error)}`);
  });
  return made.publicKey;
};

const contentOf = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${file} cannot be read: ${codeOf(error)}`);
  });

const codeOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'EEXIST' ? 'it exists already' : (code ?? message);
};

/** Works as the owner of the tables; what was asked for wrongly is told as such. */
const withOwner = async (environment: NodeJS.ProcessEnv, work: (pool: Pool) => Promise<void>): Promise<void> => {
  const pool = openOperator(environment, 'billing_owner', { max: 1 });
  try {
    await work(pool);
  } catch (error) {
    if (error instanceof RegistrationRefused || error instanceof KeyRefused) throw new UsageError(error.message);
    throw error;
  } finally {
    await pool.end();
  }
};

const print = (producers: readonly Registration[], json: boolean): void => {
  if (json) {
    for (const producer of producers) console.log(JSON.stringify(producer));
    return;
  }
  if (producers.length === 0) {
    console.log('no service is registered');
    return;
  }
  const table = new Table({
    head: ['producer', 'spiffe id', 'tenants', 'scopes', 'key', 'algorithm', 'added', 'state'],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, spiffeId, tenants, scopes, createdAt, revokedAt, keys } of producers) {
    const whom = tenants === 'all' ? 'all' : tenants.join('\n');
    const known = keys.length > 0 ? keys : [{ kid: '', algorithm: '', addedAt: createdAt, revokedAt: null }];
    for (const key of known) {
      const state = revokedAt !== null ? 'producer revoked' : key.revokedAt !== null ? 'revoked' : 'active';
      table.push([name, spiffeId ?? '', whom, scopes.join('\n'), key.kid, key.algorithm, key.addedAt, state]);
    }
  }
  console.log(table.toString());
};
