import { reconcileCommand } from '../../apps/cli/reconcile/index.js';
import { until } from '../../apps/gateway/testing/clock.js';
import type { Payer } from '../../apps/gateway/testing/workbench.js';
import { Workbench } from '../../apps/gateway/testing/workbench.js';

let bench: Workbench;
let payer: Payer;
beforeAll(async () => {
  bench = await Workbench.open();
  await bench.project();
  await bench.gateway();
  payer = await bench.payer();
});
afterAll(() => bench.close());

interface Said {
  out: string;
  err: string;
  code: number;
}

/** What the command prints and how it ends. */
const run = async (...args: string[]): Promise<Said> => {
  const said: Said = { out: '', err: '', code: 0 };
  const { log, error } = console;
  const exit = process.exit.bind(process);
  const write = process.stderr.write.bind(process.stderr);
  console.log = (line: string) => void (said.out += `${line}\n`);
  console.error = (line: string) => void (said.err += `${line}\n`);
  process.stderr.write = (text: unknown) => ((said.err += String(text)), true);
  process.exit = (status) => {
    said.code = Number(status);
    throw new Error('exit');
  };
  try {
    await reconcileCommand({ DATABASE_URL: bench.database.adminUrl }).parseAsync(args, { from: 'user' });
    said.code = Number(process.exitCode ?? 0);
  } catch (failure) {
    if (said.code === 0) throw failure;
  } finally {
    process.exitCode = undefined;
    Object.assign(console, { log, error });
    Object.assign(process, { exit });
    Object.assign(process.stderr, { write });
  }
  return said;
};

const charged = async (): Promise<{ paymentId: string; intentId: string }> => {
  const paymentId = await bench.charge(payer);
  await bench.reaches(paymentId, 'succeeded');
  await bench.idle();
  const attempts = Object.values((await bench.api.payment(bench.tenantId, paymentId)).attempts);
  return { paymentId, intentId: String(attempts[0]?.processorPaymentId) };
};

describe('billing reconcile', () => {
  it('has the gateway repair what was dropped, shows it in a table, tells how far it is, and ends with 0', async () => {
    const { paymentId, intentId } = await charged();
    await bench.stripe.post(`/v1/refunds?payment_intent=${intentId}&amount=250`);
    const { out, err, code } = await run('--since', '2d');
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/^comparing 20.* to 20/) as string });
    const row = out.split('\n').find((line) => line.includes('missing here'));
    expect(row).toMatch(/repaired.*missing here.*refund.*succeeded.*250 usd/);
    expect(row).toContain(bench.tenantId);
    expect(out.trim().split('\n').at(-1)).toMatch(/\d+ objects compared, \d+ repaired, both sides agree\.$/);
    await bench.reaches(paymentId, 'partially_refunded');
  });

  it('tells in JSON what is left to look at, and ends with 1; --last shows the same', async () => {
    await bench.stripe.post(
      '/v1/payment_intents?amount=700&currency=usd&confirm=true&payment_method=pm_card_visa&return_url=https://example.com',
    );
    const { out, code } = await run('--json');
    expect(code).toBe(1);
    const report = JSON.parse(out) as { drift: number; findings: Record<string, unknown>[] };
    expect(report).toMatchObject({ state: 'done', askedBy: 'operator' });
    expect(report.drift).toBeGreaterThan(0);
    expect(report.findings).toContainEqual(
      expect.objectContaining({ outcome: 'drift', finding: 'missing_here', aspect: 'no_tenant', theirs: '700' }),
    );
    const last = await run('--last', '--json');
    expect({ ...last, out: JSON.parse(last.out) as unknown }).toEqual({ out: report, err: '', code: 1 });
  });

  it('tells on a log how far it is, every few seconds', async () => {
    for (let count = 0; count < 7; count += 1) await charged();
    await bench.stop();
    await bench.gateway({ looksPerSecond: 1 });
    const { err } = await run('--since', '2d');
    expect(err).toMatch(/\n {2}\d+ of \d+ steps, \d+\/s, .* left\n/);
    await bench.stop();
    await bench.gateway();
  }, 30_000);

  it('waits for another run that is under way', async () => {
    const { rows } = await bench.database.admin.query<{ run_id: string }>(
      `insert into billing.reconciliation_run (run_id, asked_by, window_from, window_to, not_before, requested_at, state)
       values (gen_random_uuid(), 'operator', now() - interval '1 hour', now(), now() + interval '1 hour', now(), 'running')
       returning run_id`,
    );
    const running = run('--since', '1h');
    await until(async () => {
      const { rowCount } = await bench.database.admin.query(
        "select from billing.reconciliation_run where state = 'requested'",
      );
      return rowCount === 1;
    });
    await new Promise((resolve) => setTimeout(resolve, 600));
    await bench.database.admin.query('update billing.reconciliation_run set not_before = now() where run_id = $1', [
      rows[0]?.run_id,
    ]);
    expect((await running).err).toContain('another reconciliation is under way');
  });

  it.each([
    ['--since', 'yesterday'],
    ['--since', '0d'],
    ['--since', '999d'],
    ['--last', '--since', '7d'],
  ])('says in one line what was asked for wrongly, and ends with 64: %s %s', async (...args) => {
    const { err, code } = await run(...args);
    expect({ code, lines: err.trim().split('\n').length }).toEqual({ code: 64, lines: 1 });
  });
});
