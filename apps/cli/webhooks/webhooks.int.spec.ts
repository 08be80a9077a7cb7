import { randomUUID } from 'node:crypto';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { runCommand } from '../testing/run-command.js';
import { webhooksCommand } from './index.js';

let database: TestDatabase;
const tenantId = randomUUID();
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.admin.query('delete from billing.webhook_events');
  await add('evt_applied', { state: 'applied', outcome: 'recorded', minutes: 1, tenant: tenantId });
  await add('evt_ignored', { state: 'ignored', reason: 'type_not_used', minutes: 2 });
  await add('evt_live', { state: 'ignored', reason: 'livemode_mismatch', minutes: 3 });
  await add('evt_q1', { state: 'quarantined', reason: 'tenant_mismatch', minutes: 120 });
  await add('evt_q2', { state: 'quarantined', reason: 'no_tenant', minutes: 5_000 });
  await add('evt_failed', { state: 'failed', reason: 'fault', minutes: 4, faults: 10 });
  await add('evt_waiting', { state: 'waiting', reason: 'object_unknown', minutes: 5 });
});

const add = (
  id: string,
  {
    state,
    minutes,
    reason = null,
    outcome = null,
    tenant = null,
    faults = 0,
  }: {
    state: string;
    minutes: number;
    reason?: string | null;
    outcome?: string | null;
    tenant?: string | null;
    faults?: number;
  },
): Promise<unknown> =>
  database.admin.query(
    `insert into billing.webhook_events (processor, event_id, type, api_version, livemode, created_at, received_at, sealed, body_hash, state,
       reason, outcome, tenant_id, faults, tries, not_before, applied_at)
     select 'stripe', $1, 'charge.updated', '2026-10-28.endive', false, now(), now() - make_interval(mins => $2), 'v1.1.hush', sha256('x'), $3,
       $4, $5, $6, $7, 1, now() + interval '1 hour', case $3 when 'applied' then now() end`,
    [id, minutes, state, reason, outcome, tenant, faults],
  );

const billing = (...args: string[]) => runCommand(webhooksCommand({ DATABASE_URL: database.adminUrl }), args);
const idsOf = async (...args: string[]): Promise<string[]> =>
  (await billing('list', '--json', ...args)).out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { eventId: string }).eventId);
const stateOf = async (id: string): Promise<Record<string, unknown> | undefined> => {
  const { rows } = await database.admin.query<Record<string, unknown>>(
    'select state, reason, faults, not_before <= now() as due from billing.webhook_events where event_id = $1',
    [id],
  );
  return rows[0];
};

describe('billing webhooks list', () => {
  it('shows the newest first, and how many wait for a person', async () => {
    const { code, out } = await billing('list');
    expect(code).toBe(0);
    const lines = out.split('\n').filter((line) => line.includes('evt_'));
    expect(lines.map((line) => /evt_\w+/.exec(line)?.[0])).toEqual([
      'evt_applied',
      'evt_ignored',
      'evt_live',
      'evt_failed',
      'evt_waiting',
      'evt_q1',
      'evt_q2',
    ]);
    expect(lines[5]).toContain('tenant_mismatch');
    expect(out).toContain('7 shown. 3 of all wait for a person');
  });

  it('is filtered by state, by time and by how many', async () => {
    expect(await idsOf('--state', 'quarantined')).toEqual(['evt_q1', 'evt_q2']);
    expect(await idsOf('--since', '30m')).toEqual([
      'evt_applied',
      'evt_ignored',
      'evt_live',
      'evt_failed',
      'evt_waiting',
    ]);
    expect(await idsOf('--since', '1d', '--state', 'quarantined')).toEqual(['evt_q1']);
    expect(await idsOf('--since', new Date(Date.now() - 150_000).toISOString())).toEqual([
      'evt_applied',
      'evt_ignored',
    ]);
    expect(await idsOf('--limit', '2')).toEqual(['evt_applied', 'evt_ignored']);
  });

  it.each([
    [['list', '--state', 'lost']],
    [['list', '--since', 'yesterday']],
    [['list', '--since', '2026-13-45T00:00:00Z']],
    [['list', '--since', '2026-02-30T00:00:00Z']],
    [['list', '--since', '0000-01-01T00:00:00Z']],
    [['list', '--limit', '0']],
    [['show']],
    [['replay']],
    [['replay', 'evt_q1', '--state', 'failed']],
    [['replay', '--state', 'applied', '--yes']],
    [['replay', '--state', 'failed']],
    [['dismiss', 'evt_q1']],
    [['dismiss', 'evt_q1', '--reason', ' ']],
    [['lists']],
  ])('and the others refuse what means nothing with one line and 64: %p', async (args) => {
    const { code, out, err } = await billing(...args);
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(/^error: [^\n]+\n/);
  });
});

describe('billing webhooks show', () => {
  it('has what is known of an event, and never what it says', async () => {
    const shown = await billing('show', 'evt_applied', '--json');
    expect(shown.code).toBe(0);
    expect(JSON.parse(shown.out)).toMatchObject({
      eventId: 'evt_applied',
      state: 'applied',
      outcome: 'recorded',
      tenantId,
      livemode: false,
      source: 'delivered',
    });
    const lines = await billing('show', 'evt_q1');
    expect(lines.out).toMatch(/^reason +tenant_mismatch$/m);
    for (const { out } of [shown, lines, await billing('list', '--json')]) expect(out).not.toContain('hush');
  });

  it('says what is not there', async () => {
    expect(await billing('show', 'evt_none')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('evt_none') as string,
    });
  });
});

describe('billing webhooks replay', () => {
  it.each(['evt_q1', 'evt_failed', 'evt_ignored'])('has %s tried again from the start', async (id) => {
    expect(await billing('replay', id, '--no-wait')).toMatchObject({ code: 0, out: `${id}: to be tried again\n` });
    expect(await stateOf(id)).toEqual({ state: 'received', reason: null, faults: 0, due: true });
  });

  it('has one that waits tried now, and it still waits for what it waited for', async () => {
    expect((await billing('replay', 'evt_waiting', '--no-wait')).code).toBe(0);
    expect(await stateOf('evt_waiting')).toMatchObject({ state: 'waiting', due: true });
  });

  it.each([
    ['evt_waiting', ['evt_waiting', '--no-wait']],
    ['evt_q2', ['--state', 'quarantined', '--yes']],
  ])('gives %s all its time to wait again, and leaves when it was received', async (id, args) => {
    const times = async (): Promise<Record<string, unknown> | undefined> =>
      (
        await database.admin.query<Record<string, unknown>>(
          `select received_at, looks, replayed_at > now() - interval '1 minute' as now from billing.webhook_events where event_id = $1`,
          [id],
        )
      ).rows[0];
    await database.admin.query('update billing.webhook_events set looks = 7');
    const before = await times();
    expect((await billing('replay', ...args)).code).toBe(0);
    expect(await times()).toEqual({ ...before, looks: 0, now: true });
  });

  it.each([
    ['evt_applied', 'it was applied'],
    ['evt_live', 'of another mode'],
    ['evt_none', 'There is no event'],
  ])('leaves %s alone and says why', async (id, why) => {
    const before = await stateOf(id);
    const { code, err } = await billing('replay', id, '--no-wait');
    expect(code).toBe(1);
    expect(err).toContain(why);
    expect(await stateOf(id)).toEqual(before);
  });

  it('tells what became of it, or that nobody tries', async () => {
    const replayed = billing('replay', 'evt_q1');
    const applied = `update billing.webhook_events set state = 'applied', outcome = 'nothing_new', applied_at = now(), tries = tries + 1
      where event_id = 'evt_q1' and state = 'received'`;
    const deadline = Date.now() + 5_000;
    while ((await database.admin.query(applied)).rowCount === 0 && Date.now() < deadline);
    expect(await replayed).toEqual({ code: 0, out: 'evt_q1: applied (nothing_new)\n', err: '' });
    const { code, err } = await billing('replay', 'evt_q2');
    expect([code, err]).toEqual([1, 'evt_q2: not tried yet; does webhook-ingest run?\n']);
  }, 30_000);

  it('has all of a state tried again, and no others', async () => {
    expect(await billing('replay', '--state', 'quarantined', '--yes')).toMatchObject({
      code: 0,
      out: '2 to be tried again.\n',
    });
    expect(await idsOf('--state', 'received')).toEqual(['evt_q1', 'evt_q2']);
    expect(await idsOf('--state', 'failed')).toEqual(['evt_failed']);
    expect((await billing('replay', '--state', 'quarantined', '--yes')).out).toBe('0 to be tried again.\n');
  });
});

describe('billing webhooks dismiss', () => {
  it('leaves one alone for good, says by whom and why, and it can be replayed all the same', async () => {
    for (const id of ['evt_q1', 'evt_failed'])
      expect(await billing('dismiss', id, '--reason', 'of another shop', '--by', 'ada')).toMatchObject({
        code: 0,
        out: `${id}: dismissed\n`,
      });
    const shown = JSON.parse((await billing('show', 'evt_q1', '--json')).out) as Record<string, unknown>;
    expect(shown).toMatchObject({
      state: 'ignored',
      reason: 'dismissed',
      dismissedBy: 'ada',
      dismissReason: 'of another shop',
    });
    expect((await billing('list')).out).toContain('1 of all wait for a person');
    await billing('replay', 'evt_q1', '--no-wait');
    expect(await stateOf('evt_q1')).toMatchObject({ state: 'received', reason: null });
    expect(JSON.parse((await billing('show', 'evt_q1', '--json')).out)).toMatchObject({ dismissedBy: null });
  });

  it.each(['evt_applied', 'evt_waiting', 'evt_none'])('does nothing to %s, which waits for nobody', async (id) => {
    const before = await stateOf(id);
    expect(await billing('dismiss', id, '--reason', 'x')).toMatchObject({ code: 1, out: '' });
    expect(await stateOf(id)).toEqual(before);
  });
});
