import { createMetrics } from '#platform/metrics';
import { Warnings } from '#platform/warnings';
import type { Pool } from 'pg';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import {
  PostgresKeyCandidates,
  PostgresProcessorSecrets,
  SecretAges,
  SecretRefused,
  candidateLifeMs,
} from '../index.js';
import type { SecretName } from '../index.js';

let database: TestDatabase;
let secrets: PostgresProcessorSecrets;
let candidates: PostgresKeyCandidates;
beforeAll(async () => {
  database = await createTestDatabase();
  secrets = new PostgresProcessorSecrets(database.admin);
  candidates = new PostgresKeyCandidates(database.admin);
});
afterAll(() => database.drop());
beforeEach(() => database.admin.query('delete from billing.processor_secret'));

const roles = [
  'billing_analyst',
  'billing_api',
  'billing_command_worker',
  'billing_console',
  'billing_gateway',
  'billing_merkle_anchor',
  'billing_privacy',
  'billing_projector',
  'billing_relay',
  'billing_webhook_ingest',
];
const api: SecretName = { processor: 'stripe', account: '', environment: 'test', kind: 'api' };
const webhook: SecretName = { ...api, kind: 'webhook' };
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 21) + seconds * 1_000);
const sealed = () => Promise.resolve('sealed');
const set = (now = at(0)) => secrets.rotate(api, sealed, { now, overlapUntil: now, form: 'sk_test' });
const propose = (now = at(0)) => candidates.propose(api, sealed, { form: 'rk_test', now });

describe('who reaches secrets of the processor, whatever the app would do', () => {
  /** What each role does of `sql`, by role; those that may not are left out. */
  const byRole = async (sql: string, values: unknown[] = []): Promise<Record<string, unknown>> => {
    const done = await Promise.all(
      roles.map(async (role) => {
        const client = await database.pool(role, { max: 1 }).connect();
        try {
          await client.query('begin');
          const { rows } = await client.query<{ of: string }>(sql, values);
          return [[role, rows.map((row) => row.of).sort()]] as const;
        } catch (error) {
          expect(String(error)).toMatch(/permission denied|row-level security/);
          return [];
        } finally {
          await client.query('rollback');
          client.release();
        }
      }),
    );
    return Object.fromEntries(done.flat().filter(([, of]) => of.length > 0));
  };

  it('is the gateway for API keys and the ingest for webhooks, and no other role', async () => {
    await set();
    await secrets.addFirst(webhook, 'sealed');
    expect(await byRole('select kind as of from billing.processor_secret')).toEqual({
      billing_gateway: ['api'],
      billing_webhook_ingest: ['webhook'],
    });
    expect(await byRole('select ciphertext as of from billing.processor_secret')).toEqual({
      billing_gateway: ['sealed'],
      billing_webhook_ingest: ['sealed'],
    });
    expect(await byRole("update billing.processor_secret set state = 'valid' returning kind as of")).toEqual({
      billing_gateway: ['api'],
    });
    expect(await byRole("update billing.processor_secret set ciphertext = 'other' returning kind as of")).toEqual({});
    expect(await byRole('delete from billing.processor_secret returning kind as of')).toEqual({});
  });

  it('is the same for the keys that earlier releases sealed these under, and nobody makes such a key any more', async () => {
    for (const purpose of ['inbox', 'webhook_secret'])
      await database.admin.query(
        `insert into billing.platform_key (processor, purpose, version, wrapped) values ('stripe', $1, 1, '\\x00')`,
        [purpose],
      );
    expect(await byRole('select purpose as of from billing.platform_key')).toEqual({
      billing_gateway: ['inbox'],
      billing_webhook_ingest: ['inbox', 'webhook_secret'],
    });
    const insert = `insert into billing.platform_key (processor, purpose, version, wrapped) values ('other', $1, 1, '\\x00')
      returning purpose as of`;
    expect(await byRole(insert, ['inbox'])).toEqual({ billing_gateway: ['inbox'], billing_webhook_ingest: ['inbox'] });
    expect(await byRole(insert, ['webhook_secret'])).toEqual({});
  });

  it('is nobody but an operator in production, and a first one elsewhere', async () => {
    const insert = `insert into billing.processor_secret (processor, account, environment, kind, version, ciphertext, form)
      values ('stripe', 'x', $1, $2, 1, 'sealed', $3) returning kind as of`;
    expect(await byRole(insert, ['production', 'api', 'rk_live'])).toEqual({});
    expect(await byRole(insert, ['production', 'webhook', null])).toEqual({});
    expect(await byRole(insert, ['test', 'api', 'rk_test'])).toEqual({ billing_gateway: ['api'] });
    expect(await byRole(insert, ['test', 'webhook', null])).toEqual({ billing_webhook_ingest: ['webhook'] });
  });
});

describe('a gateway in production', () => {
  const live: SecretName = { ...api, environment: 'production' };
  const refusal = 'in production the gateway judges candidates, and does no more';
  let gateway: Pool;
  beforeEach(async () => {
    gateway = database.pool('billing_gateway');
    await secrets.rotate(live, sealed, { now: at(0), overlapUntil: at(0), form: 'rk_live' });
    await candidates.propose(live, sealed, { form: 'rk_live', now: at(0) });
  });
  const change = (set: string, where: string) =>
    gateway.query(`update billing.processor_secret set ${set} where environment = 'production' and ${where}`);

  it.each([
    ['promotes a candidate', `state = 'valid'`, `state = 'candidate'`],
    ['ends the key in use', `retires_at = now()`, `state = 'valid'`],
    ['makes it one that is none', `state = 'checked'`, `state = 'valid'`],
    ['keeps a candidate alive that it has judged', `state = 'candidate'`, `state = 'candidate'`],
  ])('that %s is refused by the database, though it has the role', async (_, set, where) => {
    await expect(change(set, where)).rejects.toThrow(refusal);
  });

  it('neither promotes what it has checked nor brings back what has retired', async () => {
    await change(`state = 'checked'`, `state = 'candidate'`);
    await expect(change(`state = 'valid'`, `state = 'checked'`)).rejects.toThrow(refusal);
    await expect(change(`state = 'refused', refusal = 'no'`, `state = 'checked'`)).rejects.toThrow(refusal);
    await secrets.revoke(live, 1, at(1));
    await expect(change(`retires_at = null`, `version = 1`)).rejects.toThrow(refusal);
  });

  it('says what it found of a candidate, and once whose a key is', async () => {
    await new PostgresKeyCandidates(gateway).judge(live, 2, { refusal: 'it lacks permissions' });
    expect(await candidates.look(live, 2)).toMatchObject({ state: 'refused' });
    await new PostgresProcessorSecrets(gateway).noteAccount(live, 1, 'acct_1');
    expect((await secrets.valid(live, at(1)))[0]).toMatchObject({ processorAccount: 'acct_1' });
    await expect(change(`processor_account = 'acct_2'`, `version = 1`)).rejects.toThrow(refusal);
  });
});

describe('an API key that is to follow', () => {
  it('is not valid before it was checked and promoted, and then the one before goes on for its time', async () => {
    await set();
    const version = await propose();
    const valid = async (now: Date) => (await secrets.valid(api, now)).map((each) => each.version);
    expect([version, await valid(at(1))]).toEqual([2, [1]]);
    const overlap = { now: at(2), overlapUntil: at(60) };
    await expect(candidates.promote(api, version, overlap)).rejects.toThrow('no gateway has checked the key');
    expect(await valid(at(2))).toEqual([1]);
    await new PostgresKeyCandidates(database.pool('billing_gateway')).judge(api, version, {
      processorAccount: 'acct_1',
    });
    expect(await valid(at(2))).toEqual([1]);
    expect((await candidates.promote(api, version, overlap)).map((each) => each.version)).toEqual([2, 1]);
    expect([await valid(at(59)), await valid(at(60))]).toEqual([[2, 1], [2]]);
    await candidates.withdraw(api, version);
    expect(await valid(at(60))).toEqual([2]);
  });

  it('is judged once, and leaves nothing behind where it is refused', async () => {
    await set();
    const version = await propose();
    await candidates.judge(api, version, { refusal: 'it lacks permissions' });
    await candidates.judge(api, version, { processorAccount: 'acct_1' });
    expect(await candidates.look(api, version)).toMatchObject({ state: 'refused', refusal: 'it lacks permissions' });
    await expect(candidates.promote(api, version, { now: at(1), overlapUntil: at(1) })).rejects.toThrow(SecretRefused);
    await candidates.withdraw(api, version);
    expect((await secrets.list()).map((each) => [each.version, each.state, each.retiresAt])).toEqual([
      [1, 'valid', null],
    ]);
  });

  it('is one at a time, and makes room once whoever proposed it has gone away', async () => {
    await expect(propose()).rejects.toThrow('there is no valid key that it could follow');
    await set();
    const outcomes = await Promise.allSettled([propose(), propose(), propose()]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    await expect(propose(at(candidateLifeMs / 1_000 - 1))).rejects.toThrow('another key is being checked');
    expect(await propose(at(candidateLifeMs / 1_000 + 1))).toBe(2);
  });

  it('gives way to one that was set meanwhile', async () => {
    await set();
    const version = await propose();
    await candidates.judge(api, version, { processorAccount: 'acct_1' });
    await set(at(1));
    await expect(candidates.promote(api, version, { now: at(2), overlapUntil: at(2) })).rejects.toThrow(
      'another key was stored meanwhile',
    );
  });
});

describe('the ages of secrets', () => {
  it.each(['billing_api', 'billing_gateway', 'billing_webhook_ingest'])(
    'are told to %s, which is yellow while one is older than 90 days',
    async (role) => {
      const [metrics, warnings] = [createMetrics('ages'), new Warnings()];
      const look = async () => {
        await new SecretAges({
          environment: 'test',
          pool: database.pool(role),
          metrics: createMetrics('x'),
          warnings,
        }).look();
        return warnings.list();
      };
      const age = (kind: string, days: number) =>
        database.admin.query(
          'update billing.processor_secret set created_at = now() - make_interval(days => $2) where kind = $1 and retires_at is null',
          [kind, days],
        );
      await set();
      await secrets.addFirst(webhook, 'sealed');
      await secrets.addFirst({ ...webhook, account: 'acct_1' }, 'sealed');
      await age('api', 89);
      expect(await look()).toEqual([]);
      await age('api', 91);
      await age('webhook', 200);
      expect(await look()).toEqual([
        {
          code: 'api_key_overdue',
          message: expect.stringMatching(
            /^API keys of the processor older than 90 days: 1; billing secrets list /,
          ) as string,
        },
        {
          code: 'webhook_secret_overdue',
          message: expect.stringMatching(/^webhook secrets .* 90 days: 2; /) as string,
        },
      ]);
      void new SecretAges({ environment: 'test', pool: database.pool(role), metrics, warnings });
      const text = await metrics.metrics();
      expect(text).toMatch(/billing_secret_age_days\{kind="api",app="ages"\} 91\./);
      expect(text).toMatch(/billing_secret_age_days\{kind="webhook",app="ages"\} 200\./);
      await set(new Date());
      await age('webhook', 1);
      expect(await look()).toEqual([]);
    },
  );
});
