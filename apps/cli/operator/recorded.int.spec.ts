import { hostname, userInfo } from 'node:os';

import { platformTenantId } from '#access/tenancy';
import type { PrivilegedAccessGranted } from '#domain/access';
import type { Command } from 'commander';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { billingProgram } from '../program.js';
import type { Ran } from '../testing/run-command.js';
import { runCommand } from '../testing/run-command.js';
import { isRecorded } from './recorded.js';

/** Commands that change and open nothing that needs a record, and why. A new command is recorded, or stands here. */
const unrecorded: Readonly<Record<string, string>> = {
  token: 'prints a token of the development issuer, which production does not have',
  'certs dev': 'writes certificates for a trial into a folder; production refuses it',
  demo: 'starts a service of its own and ends it',
  'audit verify': 'is for outsiders: reads what is published, or what they were given',
  'pci scripts check': 'reads what every payer is sent, and a reviewed file',
  'pci scripts update': 'writes a reviewed file of the repository, which has a history of its own',
  'dead-letters list': 'tells which there are, not what they say',
  'audit keys list': 'tells which keys sign the audit log, public keys only',
  'keys status': 'tells how old keys are and how much they seal, not what they are',
  'producers list': 'tells what is registered, public keys only',
  'projections verify': 'compares, and prints digests and ids',
  'retention status': 'tells holds and what is archived, nothing of what is in it',
  'retention verify': 'tells which copies are good, nothing of what is in them',
  'secrets list': 'tells which there are, not what they are',
  'webhooks list': 'tells which there are, not what they say',
};

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const leavesOf = (command: Command, path: string[] = []): { path: string[]; command: Command }[] =>
  command.commands.flatMap((each) =>
    each.commands.length > 0
      ? leavesOf(each, [...path, each.name()])
      : [{ path: [...path, each.name()], command: each }],
  );
const leaves = leavesOf(billingProgram({}));
const recordedPaths = leaves.filter(({ command }) => isRecorded(command)).map(({ path }) => path.join(' '));

/** What the command line asks for, filled with something that it takes. */
const filledIn = ({ path, command }: (typeof leaves)[number]): string[] => {
  const sample = (choices: readonly string[] | undefined) => choices?.[0] ?? '11111111-1111-4111-8111-111111111111';
  return [
    ...path,
    ...command.registeredArguments.filter(({ required }) => required).map(({ argChoices }) => sample(argChoices)),
    ...command.options
      .filter(({ mandatory }) => mandatory)
      .flatMap(({ long, argChoices }) => [String(long), sample(argChoices)]),
  ];
};

const billing = (args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Ran> =>
  runCommand(billingProgram({ BILLING_ENV: 'test', ...environment }), args);
const onDatabase = (...args: string[]) => billing(args, { DATABASE_URL: database.adminUrl });
const grantsOf = async (tenantId: string): Promise<PrivilegedAccessGranted[]> => {
  const { rows } = await database.admin.query<{ data: string }>(
    `select data from billing.event where tenant_id = $1 and type = 'PrivilegedAccessGranted' order by position`,
    [tenantId],
  );
  return rows.map(({ data }) => JSON.parse(data) as PrivilegedAccessGranted);
};

describe('the commands of billing', () => {
  it('are each recorded, or say here why not', () => {
    const declared = Object.keys(unrecorded);
    expect(recordedPaths.filter((path) => declared.includes(path))).toEqual([]);
    expect([...recordedPaths, ...declared].sort()).toEqual(leaves.map(({ path }) => path.join(' ')).sort());
  });

  it.each(leaves.filter(({ command }) => isRecorded(command)))(
    'do nothing where their use cannot be recorded: $path',
    async (leaf) => {
      const nowhere = new URL(database.adminUrl);
      nowhere.port = '1';
      const environment = { DATABASE_URL: nowhere.href, KAFKA_BROKERS: '127.0.0.1:1' };
      await expect(billing(filledIn(leaf), environment)).rejects.toThrow(
        /^this is recorded in the access log before it is done, and the log cannot be written: .*ECONNREFUSED.*Nothing was done\.$/,
      );
    },
  );
});

describe('the use of a command', () => {
  it('is recorded with who is logged in, on which machine, on what and why', async () => {
    const ran = await onDatabase('webhooks', 'show', 'evt_42', '--reason', 'OPS-7/a-look');
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('There is no event')]);
    expect(await grantsOf(platformTenantId)).toMatchObject([
      {
        ...{ channel: 'cli', action: 'webhooks.show', grant: 'billing_operator', resource: 'evt_42' },
        caller: { kind: 'person', subject: `operator:${userInfo().username}` },
        ...{ origin: { host: hostname() }, reason: 'OPS-7/a-look' },
      },
    ]);
  });

  it('is recorded of a look at which tenants there are, too', async () => {
    expect(await onDatabase('tenants', 'list', '--json', '--reason', 'OPS-11')).toMatchObject({ code: 0, err: '' });
    const last = (await grantsOf(platformTenantId)).at(-1);
    expect(last).toMatchObject({ action: 'tenants.list', grant: 'billing_operator', reason: 'OPS-11' });
    expect(last).not.toHaveProperty('resource');
  });

  it('is in the log of the one tenant whose events it reads', async () => {
    const tenant = await database.addTenant();
    await onDatabase('replay', '--tenant', tenant, '--quiet', '--types', 'Payment*');
    expect(await grantsOf(tenant)).toMatchObject([{ action: 'replay', resource: tenant }]);
  });

  it('takes a reason in the form of one, or does nothing', async () => {
    const before = await grantsOf(platformTenantId);
    const ran = await onDatabase('webhooks', 'show', 'evt_1', '--reason', 'because Ada asked, nicely!');
    expect([ran.code, ran.err]).toEqual([64, expect.stringContaining('a ticket or a code')]);
    expect(await grantsOf(platformTenantId)).toEqual(before);
  });

  it('by a login that is no operator ends with what to do', async () => {
    const environment = { DATABASE_URL: database.url('billing_analyst') };
    await expect(billing(['webhooks', 'show', 'evt_1'], environment)).rejects.toThrow(
      'must be a member of billing_operator',
    );
    const relay = { DATABASE_URL: database.url('billing_relay') };
    await expect(billing(['replay', '--quiet'], relay)).rejects.toThrow(
      'must be billing_analyst, or a member of it and of billing_operator',
    );
  });

  it('that takes no more than to read the log is recorded by analysts themselves, as what they are', async () => {
    const tenant = await database.addTenant();
    const analyst = { DATABASE_URL: database.url('billing_analyst') };
    const payments = ['replay', '--tenant', tenant, '--types', 'Payment*', '--quiet', '--reason', 'OPS-8'];
    expect(await billing(payments, analyst)).toMatchObject({ code: 0, err: '' });
    const shown = await billing(['dead-letters', 'show', 'command/0:43'], analyst);
    expect(shown.err).toContain('There is no dead letter');
    const act = { channel: 'cli', grant: 'billing_analyst' };
    expect(await grantsOf(tenant)).toMatchObject([{ ...act, action: 'replay', resource: tenant, reason: 'OPS-8' }]);
    expect((await grantsOf(platformTenantId)).at(-1)).toMatchObject({
      ...{ ...act, action: 'dead-letters.show', resource: 'command/0:43' },
    });
  });

  it('before there is a database is said not to be recorded, and in production is refused', async () => {
    const none = { BILLING_DATA_DIR: '/nowhere', KAFKA_BROKERS: '127.0.0.1:1' };
    const args = ['topics', 'apply', '--file', '/nowhere/topics.json'];
    await expect(billing(args, none)).rejects.not.toThrow('access log');
    await expect(billing(['replay'], none)).rejects.toThrow(/^no billing-service runs on \/nowhere/);
    // What Kafka holds is read unrecorded from a broker of this machine alone.
    const elsewhere = { ...none, KAFKA_BROKERS: 'kafka.example:9092' };
    await expect(billing(['replay', '--source', 'kafka'], elsewhere)).rejects.toThrow(/^no billing-service runs on/);
    await expect(billing(args, { ...none, BILLING_ENV: 'production' })).rejects.toThrow('DATABASE_URL');
  });
});
