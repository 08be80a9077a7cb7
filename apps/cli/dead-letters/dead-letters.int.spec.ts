import type { Log, Subscription } from '#log';
import { openLog } from '#log';
import { randomUUID } from 'node:crypto';

import { generateLog } from '../../../test/bench/generated-log.js';
import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { deadLettersCommand } from './index.js';

const consumer = 'projector:testing';
let database: TestDatabase;
let log: Log;
let subscription: Subscription;
/** The stream whose events fail, and until when. */
let poison: { streamId: string; tenantId: string; shard: number; positions: number[] };
let isBroken = true;

beforeAll(async () => {
  database = await createTestDatabase();
  await generateLog(database.admin, { events: 2_000, tenants: 2 });
  const { rows } = await database.admin.query<{
    stream_id: string;
    tenant_id: string;
    shard: number;
    positions: number[];
  }>(
    `select stream_id, tenant_id, shard, array_agg(position::integer order by version) as positions from billing.event
     where stream_id like 'payment-%' group by 1, 2, 3 having count(*) >= 4 order by 1 limit 1`,
  );
  const [found] = rows;
  if (!found) throw new Error('the generated log has no stream of four events');
  poison = { streamId: found.stream_id, tenantId: found.tenant_id, shard: found.shard, positions: found.positions };
  log = openLog({
    pool: database.pool('billing_projector'),
    databaseUrl: database.url('billing_projector'),
    kafka: undefined,
    app: 'projector',
    observer: { warn: () => undefined, count: () => undefined },
  });
  subscription = await log.subscribe({
    consumer,
    maxTries: 1,
    handle: (events) => {
      if (isBroken && events.some(({ streamId }) => streamId === poison.streamId))
        return Promise.reject(new Error('the table is \u001b[31mmissing'));
      return Promise.resolve();
    },
  });
  await subscription.whenCaughtUp();
}, 60_000);
afterAll(async () => {
  await log.close();
  await database.drop();
});

interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs the command as the command line would, and catches what it prints and how it ends. */
const billing = async (...args: string[]): Promise<Ran> => {
  let [out, err] = ['', ''];
  const { log: print, error } = console;
  const exit = process.exit.bind(process);
  const write = process.stderr.write.bind(process.stderr);
  console.log = (line: string) => void (out += `${line}\n`);
  console.error = (line: string) => void (err += `${line}\n`);
  process.stderr.write = (text: string | Uint8Array) => {
    err += String(text);
    return true;
  };
  process.exit = (code) => {
    throw new Ended(Number(code));
  };
  process.exitCode = undefined;
  try {
    await deadLettersCommand({ DATABASE_URL: database.adminUrl }).parseAsync(args, { from: 'user' });
    return { code: Number(process.exitCode ?? 0), out, err };
  } catch (thrown) {
    if (thrown instanceof Ended) return { code: thrown.code, out, err };
    throw thrown;
  } finally {
    process.exitCode = undefined;
    process.exit = exit;
    process.stderr.write = write;
    console.log = print;
    console.error = error;
  }
};

class Ended extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

const idAt = (at: number): string => `${consumer}/${poison.shard}:${poison.positions[at]}`;

const addCommandLetter = (offset: number, producer: string | null = 'shop'): Promise<unknown> =>
  database.admin.query(
    `insert into billing.command_dead_letter (kafka_partition, kafka_offset, appended_at, reason, detail, claimed_producer,
       claimed_tenant, message_id, command_type, sealed_body)
     values (0, $1, now(), 'signature_invalid', 'the signature does not verify', $2, $3, 'm-1', 'CreatePayment', 'sealed')`,
    [offset, producer, poison.tenantId],
  );

describe('billing dead-letters list', () => {
  it('shows what failed, what waits behind it, and how long', async () => {
    const { code, out } = await billing('list');
    expect(code).toBe(0);
    expect(out).toContain(idAt(0));
    expect(out).not.toContain(idAt(1));
    expect(out).toContain(`and ${poison.positions.length - 1} behind them`);
    expect(out).not.toContain('\u001b[31mmissing');
  });

  it('prints JSON for programs, filtered', async () => {
    await addCommandLetter(7);
    const json = async (...args: string[]) =>
      (await billing('list', '--json', ...args)).out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(await json()).toMatchObject([
      { id: idAt(0), kind: 'event', tries: 1, behind: poison.positions.length - 1, streamId: poison.streamId },
      { id: 'command/0:7', kind: 'command', claimedProducer: 'shop', reason: 'signature_invalid' },
    ]);
    expect(await json('--consumer', consumer)).toHaveLength(1);
    expect(await json('--consumer', 'command')).toHaveLength(1);
    expect(await json('--consumer', 'gateway:intake')).toEqual([]);
    expect(await json('--tenant', randomUUID())).toEqual([]);
    expect(await json('--tenant', poison.tenantId.toUpperCase())).toHaveLength(2);
    expect(await json('--limit', '1')).toHaveLength(2);
    expect(JSON.stringify(await json())).not.toContain('sealed');
  });

  it.each([
    [['list', '--consumer', 'nobody:x']],
    [['list', '--tenant', '1']],
    [['list', '--limit', '0']],
    [['list', '--json=yes']],
    [['lists']],
    [['show', 'x']],
    [['show']],
    [['retry']],
    [['retry', '--all', '--consumer', consumer]],
    [['retry', 'x', '--all']],
    [['retry', 'nobody:x/1:1']],
    [['discard', 'command/0:7']],
    [['discard', 'x', '--reason', 'r']],
  ])('and the others refuse what means nothing with one line and 64: %p', async (args) => {
    const { code, out, err } = await billing(...args);
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(/^error: [^\n]+\n/);
  });
});

describe('billing dead-letters show', () => {
  it('has the error, the event as it is stored, and what waits behind it', async () => {
    const { code, out } = await billing('show', idAt(0));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      id: idAt(0),
      reason: 'poison',
      error: expect.stringContaining('the table is') as string,
      event: { streamId: poison.streamId, version: 1, data: { paymentId: poison.streamId.slice('payment-'.length) } },
      waitingBehind: poison.positions
        .slice(1)
        .map((position) => expect.stringContaining(`${poison.shard}:${position} `) as string),
    });
  });

  it('has what a command claimed to be', async () => {
    expect(JSON.parse((await billing('show', 'command/0:7')).out)).toMatchObject({ claimedProducer: 'shop' });
  });

  it('says what is not there', async () => {
    for (const id of [`${consumer}/15:99999`, 'command/9:9', 'gateway:intake/1:1']) {
      const { code, err } = await billing('show', id);
      expect([code, err]).toEqual([1, `There is no dead letter ${id}: it was digested, or never there.\n`]);
    }
  });
});

describe('billing dead-letters retry', () => {
  it('says that a command has to be sent again, and by whom', async () => {
    const { code, err } = await billing('retry', 'command/0:7');
    expect(code).toBe(1);
    expect(err).toContain('its signature was dropped; ask producer shop to send it again');
  });

  it('names what a blocked event waits behind', async () => {
    const { code, err } = await billing('retry', idAt(1));
    expect([code, err]).toEqual([1, `${idAt(1)}: it only waits behind ${idAt(0)}; retry that one\n`]);
  });

  it('tells that it failed again', async () => {
    const { code, err } = await billing('retry', idAt(0));
    expect(code).toBe(1);
    expect(err).toMatch(/failed again, after \d+ tries: Error: the table is/);
  });

  it('tells that it was digested, and its stream goes on', async () => {
    isBroken = false;
    const { code, out } = await billing('retry', '--consumer', consumer);
    expect([code, out]).toEqual([0, `1 to be tried again.\n${idAt(0)}: digested\n`]);
    const deadline = Date.now() + 5_000;
    let left = -1;
    while (left !== 0 && Date.now() < deadline) {
      const { rows } = await database.admin.query<{ left: number }>(
        'select count(*)::integer as left from billing.dead_letter where consumer = $1',
        [consumer],
      );
      left = rows[0]?.left ?? -1;
    }
    expect(left).toBe(0);
    const again = await billing('retry', '--all');
    expect([again.code, again.out]).toEqual([1, '0 to be tried again.\n']);
  });

  it('says that nobody has tried yet where no consumer runs, or does not wait', async () => {
    await addLetter('gateway:intake');
    const unwaited = await billing('retry', '--all', '--no-wait');
    expect([unwaited.code, unwaited.out]).toEqual([0, '1 to be tried again.\n']);
    const { code, err } = await billing('retry', `gateway:intake/${poison.shard}:1`);
    expect(code).toBe(1);
    expect(err).toContain('not tried yet; does the gateway run?');
  }, 30_000);
});

const addLetter = (of: string): Promise<unknown> =>
  database.admin.query(
    `insert into billing.dead_letter (consumer, shard, position, tenant_id, stream_id, event_id, event_type, reason, error)
     select $1, shard, position, tenant_id, stream_id, event_id, type, 'poison', 'Error: x' from billing.event where shard = $2 and position = 1`,
    [of, poison.shard],
  );

describe('billing dead-letters discard', () => {
  it('is for good: it asks, or is told --yes', async () => {
    const id = `gateway:intake/${poison.shard}:1`;
    const { code, err } = await billing('discard', id, '--reason', 'test data');
    expect([code, err]).toEqual([64, 'error: discarding is for good: say --yes where nobody can be asked\n']);
    const done = await billing('discard', id, '--reason', 'test data', '--by', 'ada', '--yes');
    expect([done.code, done.out]).toEqual([0, `${id}: discarded; 0 events may go on.\n`]);
    const { rows } = await database.admin.query<Record<string, unknown>>(
      'select discarded_by, discard_reason, discarded_at is not null as discarded from billing.dead_letter',
    );
    expect(rows).toEqual([{ discarded_by: 'ada', discard_reason: 'test data', discarded: true }]);
    expect((await billing('list', '--consumer', 'gateway:intake')).out).toContain('0 shown');
    expect((await billing('list', '--discarded')).out).toContain('test data');
    const again = await billing('discard', id, '--reason', 'x', '--yes');
    expect([again.code, again.err]).toEqual([1, `${id}: it was discarded before\n`]);
    expect((await billing('retry', id)).err).toBe(`${id}: it was discarded by ada\n`);
  });

  it('refuses what is not there, a command, and a reason that is none', async () => {
    const why = async (...args: string[]) => {
      const { code, err } = await billing('discard', ...args, '--yes');
      return [code, err];
    };
    expect(await why(`${consumer}/15:99999`, '--reason', 'x')).toEqual([
      1,
      `${consumer}/15:99999: there is no such dead letter\n`,
    ]);
    expect((await why('command/0:7', '--reason', 'x'))[1]).toContain('deleted after 30 days');
    expect((await why(`${consumer}/1:1`, '--reason', ' '))[0]).toBe(64);
  });
});
