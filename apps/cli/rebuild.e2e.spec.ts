import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { PostgresLog } from '#log';
import { allReadModels, applyInLockstep, readModelsConsumer } from '#projections';

import { generateLog } from '../../test/bench/generated-log.js';
import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';

const program = join(process.cwd(), 'dist/apps/cli/main.js');
const events = 20_000;

interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await generateLog(database.admin, { events, tenants: 4 });
  const log = new PostgresLog(database.pool('billing_projector'), database.url('billing_projector'), {
    warn: () => undefined,
  });
  const models = allReadModels();
  const subscription = await log.subscribe({
    consumer: readModelsConsumer,
    batchSize: 2_000,
    handle: (batch, client) => applyInLockstep(models, batch, client),
    committed: () => {
      for (const model of models) model.committed();
    },
  });
  await subscription.whenCaughtUp();
  await log.close();
}, 60_000);
afterAll(() => database.drop());

/** Runs `billing` with `args`; `during` is called with its process id once it runs. */
const billing = async (args: string[], during?: (kill: () => void) => Promise<void>): Promise<Run> => {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env.PATH, BILLING_ENV: 'test', DATABASE_URL: database.adminUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const closed = once(child, 'close');
  await during?.(() => child.kill('SIGKILL'));
  const [code] = (await closed) as [number | null];
  return { code, ...output };
};

const foldedByRebuild = async (): Promise<number> => {
  const { rows } = await database.admin.query<{ folded: number }>(
    `select coalesce(sum(position), 0)::integer as folded from billing.checkpoint where consumer like 'projector:rebuild-%'`,
  );
  return rows[0]?.folded ?? 0;
};

const digests = async (): Promise<unknown> => {
  const { stdout, code } = await billing(['projections', 'verify', '--json']);
  expect(code).toBe(0);
  return stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { digest: string }).digest);
};

describe('billing rebuild and billing projections verify', () => {
  it('killed in the middle, again and again, ends with what the log says', async () => {
    const before = await digests();
    const folded: number[] = [0];
    for (let kills = 0; kills < 2; kills += 1) {
      await billing(['rebuild', 'all'], async (kill) => {
        // Let it begin, resume and get a little further.
        for (let tries = 0; tries < 2_000; tries += 1) {
          if ((await foldedByRebuild()) > (folded.at(-1) ?? 0)) break;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        kill();
      });
      folded.push(await foldedByRebuild());
    }
    expect(folded).toEqual([...new Set(folded)].sort((a, b) => a - b));
    expect(folded.at(-1)).toBeLessThan(5 * events);
    const run = await billing(['rebuild', 'all']);
    expect(run).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/payments: \d+ live rows, as the log says; swapped/) as string,
    });
    expect(run.stderr).toMatch(/going on with the rebuild of payments after \d+ events/);
    expect(await digests()).toEqual(before);
  }, 120_000);

  it('say what differs, by their exit codes too', async () => {
    await database.admin.query(
      `update billing.rm_customer set created_at = now() where customer_id in (select customer_id from billing.rm_customer limit 30)`,
    );
    const found = await billing(['projections', 'verify', 'customers']);
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/customers \D+\d+ \D+30 \D+[0-9a-f]{64}/);
    expect(found.stdout).toContain('and 10 more');
    const compared = await billing(['rebuild', 'customers', '--no-swap']);
    expect(compared).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('30 not as the log says; not swapped') as string,
    });
    expect(await billing(['rebuild', 'customers', '--abort'])).toMatchObject({
      code: 0,
      stdout: 'Dropped what was rebuilt of customers.\n',
    });
    expect(await billing(['rebuild', 'customers'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('swapped, and so repaired') as string,
    });
    expect((await billing(['projections', 'verify', 'customers'])).code).toBe(0);
  }, 60_000);

  it('refuse a name that is none', async () => {
    const run = await billing(['rebuild', 'ledger']);
    expect(run.code).toBe(64);
    expect(run.stderr).toContain(
      'Allowed choices are customers, payment-methods, payments, refunds, disputes, balances, processor-objects, all',
    );
  });
});
