import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Denial, Grant } from '#access';
import { platformTenantId } from '#access/tenancy';
import type { AccessDenied, AccessEvent } from '#domain/access';
import type { AppendCommand, AppendResult } from '#event-store';
import { Batcher, TenantShards, UnknownTenant, appendOver } from '#event-store';
import { createMetrics } from '#platform/metrics';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { AccessRecordUnavailable } from './index.js';
import { AccessRecorder } from './recorder.js';
import type { AccessRecorderParts } from './recorder.js';

interface Row {
  tenant_id: string;
  stream_id: string;
  type: string;
  data: string;
  metadata: { actor: { type: string; subject: string } };
}
type Append = AccessRecorderParts['batcher']['append'];

let database: TestDatabase;
let batcher: Batcher;
let shards: TenantShards;
const recorders: AccessRecorder[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  const pool = database.pool('billing_api');
  batcher = new Batcher(appendOver(pool));
  shards = new TenantShards(pool);
});
afterAll(async () => {
  await Promise.all(recorders.map((recorder) => recorder.close()));
  await database.drop();
});

/** A recorder of the api, over the real store or what `append` puts in front of it. */
const recorder = (append: Append = (shard, command) => batcher.append(shard, command)) => {
  const said: unknown[] = [];
  const say = (...line: unknown[]) => void said.push(line);
  const metrics = createMetrics('api');
  const logger = { warn: say, error: say };
  const made = new AccessRecorder({ shards, batcher: { append }, app: 'api', metrics, logger });
  recorders.push(made);
  const metric = async (name: string): Promise<number> => {
    const { values = [] } = (await metrics.getSingleMetric(name)?.get()) ?? {};
    return values.reduce((sum, { value }) => sum + value, 0);
  };
  return { recorder: made, said, metric };
};

const denial = (tenantId: string | undefined, more: Partial<Denial> = {}): Denial => ({
  tenantId,
  channel: 'http',
  action: 'payments.create',
  code: 'insufficient_scope',
  caller: { kind: 'person', subject: 'auth0|5f7c', roles: ['auditor'] },
  origin: { network: '203.0.113.0/24' },
  ...more,
});
const grant = (tenantId: string | undefined): Grant => ({
  tenantId,
  channel: 'http',
  action: 'refunds.create',
  caller: { kind: 'person', subject: 'auth0|5f7c' },
  origin: { network: '203.0.113.0/24' },
  grant: 'billing:refund',
});

const rowsOf = async (tenantId: string): Promise<Row[]> => {
  const { rows } = await database.admin.query<Row>(
    'select tenant_id, stream_id, type, data, metadata from billing.event where tenant_id = $1 order by position',
    [tenantId],
  );
  return rows;
};
const eventsOf = async (tenantId: string): Promise<AccessEvent[]> =>
  (await rowsOf(tenantId)).map(({ type, data }) => ({ type, ...(JSON.parse(data) as object) }) as AccessEvent);
const countOf = (events: readonly AccessEvent[]): number =>
  (events as AccessDenied[]).reduce((sum, { count }) => sum + count, 0);
const until = async (holds: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> => {
  for (const deadline = Date.now() + withinMs; !(await holds()); await sleep(20))
    if (Date.now() > deadline) throw new Error('it did not happen');
};
const refusedConnection = (): never => {
  throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
};

describe('a denial', () => {
  it('is in its tenant’s log a moment later, and what repeats is one event at the end', async () => {
    const tenant = await database.addTenant();
    const { recorder: doors } = recorder();
    for (let at = 0; at < 5; at += 1) doors.denied(denial(tenant));
    await until(async () => (await eventsOf(tenant)).length === 1);
    await doors.close();
    const events = (await eventsOf(tenant)) as AccessDenied[];
    expect(events.map(({ count }) => count)).toEqual([1, 4]);
    expect(events[0]).toMatchObject({ type: 'AccessDenied', action: 'payments.create', code: 'insufficient_scope' });
    const [row] = await rowsOf(tenant);
    expect(row?.stream_id).toMatch(/^access-[0-9a-f-]{36}$/);
    expect(row?.metadata.actor).toEqual({ type: 'system', subject: 'api' });
  });

  it('of nobody, and of a tenant that there is not, is in the platform’s log', async () => {
    const { recorder: doors } = recorder();
    const nobody = randomUUID();
    doors.denied(denial(undefined, { code: 'token_missing', caller: undefined }));
    doors.denied(denial(nobody));
    await doors.close();
    const events = (await eventsOf(platformTenantId)) as AccessDenied[];
    expect(events.map(({ code, namedTenantId }) => [code, namedTenantId]).sort()).toEqual([
      ['insufficient_scope', nobody],
      ['token_missing', undefined],
    ]);
  });

  it('of a suspended tenant is recorded like any other', async () => {
    const tenant = await database.addTenant();
    await database.admin.query('update billing.tenant set suspended_at = now() where id = $1', [tenant]);
    const { recorder: doors } = recorder();
    doors.denied(denial(tenant, { code: 'tenant_suspended' }));
    await doors.close();
    expect(countOf(await eventsOf(tenant))).toBe(1);
  });
});

describe('a flood of 100,000 denials', () => {
  it('of one caller is two events, and hardly any memory', async () => {
    const tenant = await database.addTenant();
    const { recorder: doors, metric } = recorder();
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < 100_000; at += 1) doors.denied(denial(tenant));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000);
    await doors.close();
    const events = await eventsOf(tenant);
    expect(events).toHaveLength(2);
    expect(countOf(events)).toBe(100_000);
    expect(await metric('billing_access_denied_total')).toBe(100_000);
  });

  it('of as many callers stays within the tenant’s share; each is counted, and other tenants are told apart', async () => {
    const [flooded, quiet] = [await database.addTenant(), await database.addTenant()];
    const { recorder: doors, metric } = recorder();
    for (let at = 0; at < 100_000; at += 1) {
      const subject = `somebody-${at}`;
      doors.denied(
        denial(flooded, { caller: { kind: 'person', subject }, origin: { network: `10.${at % 200}.0.0/24` } }),
      );
      if (at === 99_999) doors.denied(denial(quiet));
    }
    await until(async () => (await eventsOf(quiet)).length === 1);
    await doors.close();
    const events = (await eventsOf(flooded)) as AccessDenied[];
    expect(events.length).toBeLessThanOrEqual(401);
    expect(countOf(events)).toBe(100_000);
    expect(events.find(({ code }) => code === 'other_denials')?.count).toBe(
      await metric('billing_access_denied_untold_total'),
    );
    expect(await eventsOf(quiet)).toHaveLength(1);
  });
});

describe('a store that is away', () => {
  it('hurts no caller; what was denied meanwhile is written once when it is back', async () => {
    const tenant = await database.addTenant();
    let isAway = true;
    const { recorder: doors } = recorder((shard, command) =>
      isAway ? refusedConnection() : batcher.append(shard, command),
    );
    for (let at = 0; at < 10; at += 1) doors.denied(denial(tenant, { code: `code_${at}` }));
    await sleep(400);
    isAway = false;
    await until(async () => (await eventsOf(tenant)).length === 10);
    await doors.close();
    expect(await eventsOf(tenant)).toHaveLength(10);
  });

  it('that loses its answers doubles nothing: the same command goes into another stream', async () => {
    const tenant = await database.addTenant();
    let losses = 2;
    const { recorder: doors } = recorder(async (shard, command): Promise<AppendResult> => {
      const result = await batcher.append(shard, command);
      losses -= 1;
      if (losses >= 0) throw new Error('Connection terminated unexpectedly');
      return result;
    });
    doors.denied(denial(tenant));
    await until(async () => (await eventsOf(tenant)).length === 1);
    await until(() => losses < 0);
    doors.denied(denial(tenant, { code: 'tenant_mismatch' }));
    await doors.close();
    expect(countOf(await eventsOf(tenant))).toBe(2);
    expect(new Set((await rowsOf(tenant)).map(({ stream_id }) => stream_id)).size).toBe(2);
  });

  it('at the end is told to the log of the process, with the number that is lost', async () => {
    const { recorder: doors, said, metric } = recorder(refusedConnection);
    for (let at = 0; at < 7; at += 1) doors.denied(denial(await database.addTenant()));
    await doors.close(300);
    doors.denied(denial(undefined));
    expect(await metric('billing_access_denied_lost_total')).toBe(8);
    expect(JSON.stringify(said)).toContain('"count":7');
  });
});

describe('a grant', () => {
  it('is in the log before it is used', async () => {
    const tenant = await database.addTenant();
    const { recorder: doors, metric } = recorder();
    await doors.granted(grant(tenant));
    expect(await eventsOf(tenant)).toMatchObject([
      { type: 'PrivilegedAccessGranted', action: 'refunds.create', grant: 'billing:refund', channel: 'http' },
    ]);
    await doors.granted(grant(undefined));
    expect((await eventsOf(platformTenantId)).filter(({ type }) => type === 'PrivilegedAccessGranted')).toHaveLength(1);
    expect(await metric('billing_access_granted_total')).toBe(2);
  });

  it('shares its append with those that come at the same time', async () => {
    const tenant = await database.addTenant();
    const appended: AppendCommand[] = [];
    const { recorder: doors } = recorder((shard, command) => {
      appended.push(command);
      return batcher.append(shard, command);
    });
    await Promise.all(Array.from({ length: 100 }, () => doors.granted(grant(tenant))));
    expect(await eventsOf(tenant)).toHaveLength(100);
    expect(appended.length).toBeLessThan(10);
    expect(new Set(appended.map(({ streamId }) => streamId)).size).toBe(1);
  });

  it('of a look is one for the same looks of a minute, and of a write one each', async () => {
    const tenant = await database.addTenant();
    const { recorder: doors, metric } = recorder();
    const look: Grant = { ...grant(tenant), action: 'events.list', grant: 'billing:audit' };
    for (let at = 0; at < 20; at += 1)
      await doors.granted({ ...look, origin: { ...look.origin, requestId: `r${at}` } });
    await doors.granted({ ...look, reason: 'OPS-7' });
    for (let at = 0; at < 3; at += 1) await doors.granted(grant(tenant));
    const tool: Grant = { ...grant(tenant), channel: 'cli', action: 'replay' };
    for (let at = 0; at < 3; at += 1) await doors.granted(tool);
    const recorded = (await eventsOf(tenant)).map(({ action }) => action).sort();
    expect(recorded).toEqual([
      ...['events.list', 'events.list', 'refunds.create', 'refunds.create', 'refunds.create'],
      ...['replay', 'replay', 'replay'],
    ]);
    expect(await metric('billing_access_granted_total')).toBe(8);
  });

  it('of a look that the log does not take is none for the next', async () => {
    const tenant = await database.addTenant();
    let isAway = true;
    const { recorder: doors } = recorder((shard, command) =>
      isAway ? refusedConnection() : batcher.append(shard, command),
    );
    const look: Grant = { ...grant(tenant), action: 'events.list' };
    await expect(doors.granted(look)).rejects.toThrow('ECONNREFUSED');
    await expect(doors.granted(look)).rejects.toThrow('ECONNREFUSED');
    isAway = false;
    await doors.granted(look);
    expect(await eventsOf(tenant)).toHaveLength(1);
  });

  it('fails where the log does not take it, and for a tenant that there is not', async () => {
    await expect(recorder(refusedConnection).recorder.granted(grant(undefined))).rejects.toThrow('ECONNREFUSED');
    const forbidden = () => Promise.reject(Object.assign(new Error('may not append'), { code: '42501' }));
    await expect(recorder(forbidden).recorder.granted(grant(undefined))).rejects.toThrow(AccessRecordUnavailable);
    await expect(recorder().recorder.granted(grant(randomUUID()))).rejects.toThrow(UnknownTenant);
  });

  it('for a tenant that there is not is in the platform’s log with the id that was named, a look once a minute', async () => {
    const [ghost, looked] = [randomUUID(), randomUUID()];
    const { recorder: doors } = recorder();
    const asked = { ...grant(ghost), resource: randomUUID() };
    const look: Grant = { ...grant(looked), action: 'events.list' };
    for (const each of [asked, asked, look, look]) await expect(doors.granted(each)).rejects.toThrow(UnknownTenant);
    const probes = (await eventsOf(platformTenantId)).filter(
      (event) => 'resource' in event && (event.resource === ghost || event.resource === looked),
    );
    expect(probes).toMatchObject([
      { resource: ghost },
      { resource: ghost },
      { resource: looked, action: 'events.list' },
    ]);
  });

  it('goes into a new stream before the old one is longer than readers take', async () => {
    const tenant = await database.addTenant();
    const { recorder: doors } = recorder();
    for (let batch = 0; batch < 21; batch += 1)
      await Promise.all(Array.from({ length: 200 }, () => doors.granted(grant(tenant))));
    const { rows } = await database.admin.query<{ events: number }>(
      'select count(*)::integer as events from billing.event where tenant_id = $1 group by stream_id order by 1 desc',
      [tenant],
    );
    expect(rows).toEqual([{ events: 4_000 }, { events: 200 }]);
  });
});
