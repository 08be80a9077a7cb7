import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

import pg from 'pg';

import { until } from '../../apps/gateway/testing/clock.js';
import { rolePasswords } from '../../apps/standalone/role-passwords.js';
import { stripeTestCards } from '../../libs/platform/logging/testing/card-numbers.js';
import type { Standalone } from '../standalone/index.js';
import { ByteSearch } from './byte-search.js';
import type { RunningProcess } from './core-image.js';
import { coreImagesOf, coreLimitOf, isShown, processesOn, showsMemory } from './core-image.js';
import { tablesOf } from './search.js';
import { newCardNumber, newPerson, startAsScripts, Visitors } from './standalone-story.js';

/** Stripe's, and some that are of this run alone. */
const ownCards = Array.from({ length: 6 }, newCardNumber);
const cards = [...stripeTestCards, ...ownCards];
const person = newPerson();

/** The processor's own records: it is told of persons, and makes the tokens. */
const isProcessors = (found: string): boolean => found.includes(' in stripe-sandbox/');

/** Who takes a card number in by what they are for: the front reads what is sent and refuses it, the sandbox plays the processor. */
const areTold = ['front', 'sandbox'];

describe('a standalone that card numbers were sent to and typed into', () => {
  let standalone: Standalone;
  let database: pg.Pool;
  let visitors: Visitors;
  let customerId = '';
  /** Of our making, each with the files that are made to hold it. */
  let secrets: Map<string, string[]>;
  /** What only its owner and the processor may see in clear. */
  const ofOthers: string[] = [person.email, person.name, person.address.line1, 'pm_card_mastercard'];
  let found: string[];

  beforeAll(async () => {
    standalone = await startAsScripts();
    secrets = secretsIn(standalone.dataDirectory);
    const webhookSecret = [...secrets.keys()].find((secret) => secret.startsWith('whsec_')) ?? '';
    database = new pg.Pool({ connectionString: standalone.adminUrl(), max: 2 });
    visitors = await Visitors.of(standalone, webhookSecret);
  }, 90_000);
  afterAll(async () => {
    await database?.end();
    await standalone?.stop();
  }, 60_000);

  /** Every file of the data directory that was written since a time, what was printed, and every table in clear. */
  const searchFor = async (needles: readonly string[], since_ms = 0): Promise<string[]> => {
    const search = new ByteSearch(needles);
    await database.query('checkpoint');
    for (const folder of foldersOf(standalone.dataDirectory))
      for (const file of filesBelow(folder, since_ms)) search.look(relative(folder, file), readFileSync(file));
    search.look('what was printed', Buffer.from(standalone.output()));
    for (const [table, text] of Object.entries(await tablesOf(database))) search.look(table, Buffer.from(text));
    return search.found;
  };

  const searchMemory = (of: readonly RunningProcess[], needles: readonly string[]): ByteSearch => {
    const search = new ByteSearch(needles);
    for (const [name, bytes] of coreImagesOf(of)) search.look(name, bytes);
    return search;
  };

  it('refuses each number or takes it out, and charges the cards', async () => {
    const customer = await visitors.post('/v1/customers', person);
    customerId = String(customer.json.id);
    const methods = `/v1/customers/${customerId}/payment-methods`;
    const method = await visitors.post(methods, { type: 'card', processorToken: 'pm_card_mastercard' });
    expect([customer.status, method.status]).toEqual([201, 201]);
    await visitors.demo(); // waits 5 seconds for an answer: by now each app has worked once

    const refused = await visitors.plantInApi(cards);
    expect(new Set(refused.map(({ status, json }) => `${status} ${json.code}`))).toEqual(
      new Set(['422 raw_card_data']),
    );
    const strangers = await visitors.plantInOtherHeaders(cards.slice(-12));
    expect(new Set(strangers.map(({ status }) => status))).toEqual(new Set([401]));
    const [taken, unsigned] = await visitors.plantInWebhooks(cards);
    expect([new Set(taken), new Set(unsigned)]).toEqual([new Set([200]), new Set([400])]);

    const typed = ['4242 4242 4242 4242', '4000-0025-0000-3155', '4000000000009995', '6205500000000000004'];
    const paid = await Promise.all(typed.map((number) => visitors.pay(customerId, number)));
    expect(paid.map(({ status }) => status)).toEqual(['succeeded', 'requires_action', 'failed', 'succeeded']);
    const real = await Promise.all(ownCards.map((number) => visitors.type(number)));
    expect(new Set(real.map(({ status }) => status))).toEqual(new Set([402]));
    await until(async () => {
      const { rows } = await database.query<{ count: string }>(
        `select (select count(*) from billing.processor_call) + (select count(*) from billing.webhook_events where state = 'received') as count`,
      );
      return rows[0]?.count === '0';
    }, 20_000);
    ofOthers.push(visitors.token, ...paid.flatMap(({ secret, token }) => [secret, token]));
    ofOthers.push(...(await visitors.tokensAtProcessor()));
  }, 60_000);

  it('has no number in any file of its data, in a table, nor in what it has printed', async () => {
    found = await searchFor([...cards, ...ofOthers, ...secrets.keys(), customerId]);
    expect(found.filter((each) => cards.some((number) => each.startsWith(number)))).toEqual([]);
    // The search has looked where something is: in the files of tables and in the write-ahead log.
    expect(found).toContainEqual(expect.stringContaining(`${customerId} (text) in postgres/base/`));
    expect(found).toContainEqual(expect.stringContaining(`${customerId} (text) in postgres/pg_wal/`));
    expect(standalone.output().length).toBeGreaterThan(5_000);
  }, 60_000);

  it('has nothing of a person and no token there but sealed, and each secret in the files that are made for it', () => {
    expect(ofOthers.length).toBeGreaterThan(20);
    const ours = found.filter((each) => !each.startsWith(customerId) && !isProcessors(each));
    const expected = [...secrets].flatMap(([secret, files]) => files.map((file) => `${secret} (text) in ${file}`));
    expect(ours).toEqual(expected.sort());
    expect(found).toContainEqual(expect.stringContaining(`${person.email} (text) in stripe-sandbox/`));
    for (const file of new Set([...secrets.values()].flat()))
      expect([file, statSync(join(standalone.dataDirectory, file)).mode & 0o777]).toEqual([file, 0o600]);
  });

  (showsMemory ? it : it.skip)(
    'has none in the core image of a process that is told none',
    () => {
      const all = processesOn(standalone.dataDirectory);
      const untold = all.filter(({ name }) => !areTold.includes(name));
      const names = untold.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['supervisor', 'back', 'postgres: walwriter']));
      // Sources are there, too: a number in a comment of theirs is found.
      const search = searchMemory(shown(untold), cards);
      expect(search.found).toEqual([]);
      expect(search.size).toBeGreaterThan(50_000_000);
      // The table of cards is in the sandbox, and so the search finds what is there.
      const sandbox = all.filter(({ name }) => name === 'sandbox');
      expect(searchMemory(sandbox, stripeTestCards.slice(0, 3)).found.length).toBeGreaterThanOrEqual(3);
    },
    60_000,
  );

  (showsMemory ? it : it.skip)('leaves no core file, neither its supervisor nor any process below it', () => {
    const limits = processesOn(standalone.dataDirectory).flatMap((each) => {
      const limit = coreLimitOf(each);
      return limit ? [`${each.name}: ${limit.join(' ')}`] : [];
    });
    expect(limits.length).toBeGreaterThan(8);
    expect(limits.filter((limit) => !limit.endsWith(': 0 0'))).toEqual([]);
  });

  it('would be found out by one row in one table, on disk and in memory', async () => {
    const [leaked, untouched] = [newCardNumber(), newCardNumber()];
    const began = Date.now();
    const client = await database.connect();
    try {
      await client.query('create table billing.leak (details jsonb)');
      await client.query(
        `insert into billing.leak values (jsonb_build_object('number', $1::numeric, 'text', $1::text))`,
        [leaked],
      );
      const onDisk = await searchFor([leaked, untouched], began);
      const at = (place: string) => expect.stringMatching(`^${leaked} .* in ${place}`) as string;
      expect(onDisk).toEqual(expect.arrayContaining(['postgres/base/', 'postgres/pg_wal/', 'table '].map(at)));
      expect(onDisk.join('\n')).not.toContain(untouched);
      if (!showsMemory) return;
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      const backend = processesOn(standalone.dataDirectory).filter(({ pid }) => pid === rows[0]?.pid);
      if (shown(backend).length === 0) return;
      expect(searchMemory(backend, [leaked, untouched]).found).toContainEqual(at('postgres'));
    } finally {
      client.release();
    }
  }, 60_000);
});

/** Each secret that the standalone has made for itself, and the files that are there to hold it, for its owner alone (0600). */
const secretsIn = (dataDirectory: string): Map<string, string[]> => {
  const text = (name: string): string => readFileSync(join(dataDirectory, name), 'utf8').trim();
  const json = (name: string): Record<string, unknown> => JSON.parse(text(name)) as Record<string, unknown>;
  const { platform, connect } = json('webhook-secrets.json');
  const passwordOf = rolePasswords(dataDirectory);
  const roles = ['api', 'gateway', 'projector', 'webhook_ingest', 'merkle_anchor'];
  return new Map([
    // What opens the keyring, which is sealed under it. In production there is a KMS, and neither file.
    [text('keyring-master.key'), ['keyring-master.key']],
    // What signs the tokens of the development issuer.
    [String(json('development-issuer.json').d), ['development-issuer.json']],
    // The superuser's password of the embedded Postgres, and his address for the operator's tools while it runs.
    [text('postgres-password'), ['postgres-password', 'run.json']],
    // What the passwords of the roles are made of; they themselves are kept nowhere.
    [text('role-secret'), ['role-secret']],
    ...roles.map((role): [string, string[]] => [passwordOf(`billing_${role}`), []]),
    // What the sandbox signs its webhooks with, and we check them with.
    [String(platform), ['webhook-secrets.json']],
    [String(connect), ['webhook-secrets.json']],
    // The key that the sandbox is called with.
    ['sk_test_sandbox', []],
  ]);
};

/** Those whose memory can be read here. Where that leaves some out, a line says so; in CI it fails. */
const shown = (processes: readonly RunningProcess[]): RunningProcess[] => {
  const hidden = processes.filter((each) => !isShown(each)).map(({ name }) => name);
  if (hidden.length > 0 && process.env.CI === 'true') throw new Error(`no CAP_SYS_PTRACE to read ${hidden.join(', ')}`);
  if (hidden.length > 0) process.stderr.write(`Not searched, for want of CAP_SYS_PTRACE: ${hidden.join(', ')}.\n`);
  return processes.filter(isShown);
};

/** The data directory; and the folder of the cluster, where Postgres's account could not get at it there. */
const foldersOf = (dataDirectory: string): string[] => {
  const pointer = join(dataDirectory, 'postgres-location');
  return existsSync(pointer) ? [dataDirectory, readFileSync(pointer, 'utf8').trim()] : [dataDirectory];
};

/** Those that were written since a time. */
const filesBelow = (folder: string, since_ms: number): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? -1) >= since_ms);
