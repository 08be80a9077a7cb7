import { randomUUID } from 'node:crypto';

import type { Log, LogObserver, Subscription, SubscriptionOptions } from '#log';
import pg from 'pg';

import type { TestDatabase } from '../database/index.js';
import { createEffects, deadLettersOf, effectsOf, recordEffects } from './effects.js';
import { StreamWriter } from './log-writer.js';

/** What an adapter brings to be tested. */
export interface LogSetUp {
  database: TestDatabase;
  /** Opens the log as one more process would, logged in as billing_projector. */
  open(observer: LogObserver): Log;
  tearDown(): Promise<void>;
}

/** What every adapter of the log port has to do. Adapters call it in a spec of their own. */
export const logContract = (name: string, setUp: () => Promise<LogSetUp>): void => {
  describe(`the log over ${name}`, () => {
    let log: LogSetUp;
    let database: TestDatabase;
    let one: StreamWriter;
    let other: StreamWriter;
    let logs: Log[];
    let warnings: string[];
    let consumer: string;

    beforeAll(async () => {
      log = await setUp();
      ({ database } = log);
      await createEffects(database);
      one = await StreamWriter.in(database, 3);
      other = await StreamWriter.in(database, 11);
    });
    afterAll(() => log.tearDown());
    beforeEach(() => {
      logs = [];
      warnings = [];
      consumer = `projector:contract-${randomUUID()}`;
    });
    afterEach(() => Promise.all(logs.map((opened) => opened.close())));

    const open = (): Log => {
      const opened = log.open({ warn: (message) => warnings.push(message) });
      logs.push(opened);
      return opened;
    };
    /** Subscribes as a process of its own; records effects unless told otherwise. */
    const subscribe = (options: Partial<SubscriptionOptions> = {}): Promise<Subscription> =>
      open().subscribe({ consumer, handle: recordEffects(consumer), ...options });
    const effects = () => effectsOf(database, consumer);
    const letters = () => deadLettersOf(database, consumer);
    const ends = async (): Promise<Map<number, number>> => {
      const { rows } = await database.admin.query<{ shard: number; position: string }>(
        'select shard, position from billing.log_head',
      );
      return new Map(rows.map(({ shard, position }) => [shard, Number(position)]));
    };
    /** Everything that ever was appended took effect once, in the order of each shard, without a gap. */
    const expectEverythingOnce = async (): Promise<void> => {
      const seen = await effects();
      for (const [shard, end] of await ends()) {
        const positions = seen.filter((effect) => effect.shard === shard).map(({ position }) => position);
        expect(positions).toEqual(Array.from({ length: end }, (_, at) => at + 1));
      }
    };

    it('is at its end at once where the log is empty, or has nothing new', async () => {
      const subscription = await subscribe();
      await subscription.whenCaughtUp();
      await subscription.whenCaughtUp();
      await expectEverythingOnce();
    });

    it('gives a new consumer everything from position 1 on, in the order of each shard and without a gap', async () => {
      const streams = [one.newStream(), one.newStream()];
      await one.append(...streams, ...streams, ...streams);
      await other.append(other.newStream(), other.newStream());
      const subscription = await subscribe({ batchSize: 2 });
      await subscription.whenCaughtUp();
      await expectEverythingOnce();
      expect(subscription.positions()).toEqual(await ends());
    });

    it('delivers what is appended while it runs, at most batchSize events at once', async () => {
      const sizes: number[] = [];
      const record = recordEffects(consumer);
      const subscription = await subscribe({
        batchSize: 3,
        handle: async (events, client) => {
          sizes.push(events.length);
          await record(events, client);
        },
      });
      const stream = one.newStream();
      await Promise.all([
        one.append(stream, stream, stream, stream, stream),
        other.append(other.newStream(), other.newStream()),
      ]);
      await subscription.whenCaughtUp();
      await expectEverythingOnce();
      expect(Math.max(...sizes)).toBeLessThanOrEqual(3);
    });

    it('goes on after its checkpoint, and replays from any position that is put there', async () => {
      await one.append(one.newStream(), one.newStream(), one.newStream());
      const first = await subscribe();
      await first.whenCaughtUp();
      await first.close();
      const before = await effects();
      const again = await subscribe();
      await again.whenCaughtUp();
      await again.close();
      expect(await effects()).toEqual(before);

      const end = (await ends()).get(3) ?? 0;
      await database.admin.query('update billing.checkpoint set position = $2 where consumer = $1 and shard = 3', [
        consumer,
        end - 2,
      ]);
      const replaying = await subscribe();
      await replaying.whenCaughtUp();
      expect((await effects()).slice(before.length).map(({ position }) => position)).toEqual([end - 1, end]);
    });

    it('takes effect once where the process is killed between the work and the checkpoint', async () => {
      await one.append(one.newStream(), one.newStream());
      const record = recordEffects(consumer);
      const killed = new Promise<void>((resolve) => {
        void subscribe({
          handle: async (events, client) => {
            await record(events, client);
            const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
            await database.admin.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
            resolve();
            throw new Error('killed');
          },
        });
      });
      await killed;
      await Promise.all(logs.splice(0).map((opened) => opened.close()));
      expect(await effects()).toEqual([]);
      const next = await subscribe();
      await next.whenCaughtUp();
      await expectEverythingOnce();
      expect(await letters()).toEqual([]);
    });

    it('sets a poison event aside after bounded tries; its stream waits behind it, in order, and nothing else does (nest #14664)', async () => {
      const [poisoned, healthy] = [one.newStream(), one.newStream()];
      await one.append(poisoned, healthy, poisoned, poisoned, healthy);
      let tries = 0;
      const record = recordEffects(consumer);
      const options: Partial<SubscriptionOptions> = {
        maxTries: 3,
        handle: async (events, client) => {
          if (events.some(({ streamId, version }) => streamId === poisoned && version === 2)) {
            tries += Number(events.length === 1);
            throw new Error('cannot digest this: the connection of the dots is missing');
          }
          await record(events, client);
        },
      };
      const subscription = await subscribe(options);
      await subscription.whenCaughtUp();
      expect(tries).toBe(3);
      expect(await letters()).toEqual([
        { stream: poisoned, reason: 'poison', error: expect.stringContaining('cannot digest') as string, tries: 3 },
        { stream: poisoned, reason: 'blocked', error: null, tries: 0 },
      ]);
      await subscription.close();

      const restarted = await subscribe(options);
      await one.append(poisoned, healthy);
      await restarted.whenCaughtUp();
      expect((await letters()).map(({ reason }) => reason)).toEqual(['poison', 'blocked', 'blocked']);
      const versions = async (stream: string) =>
        (await effects()).filter((effect) => effect.stream === stream).map(({ version }) => version);
      expect(await versions(poisoned)).toEqual([1]);
      expect(await versions(healthy)).toEqual([1, 2, 3]);
    });

    it('sets aside an event that this release cannot read, and goes on', async () => {
      const stream = other.newStream();
      const healthy = other.newStream();
      await other.append(stream);
      await other.appendUnreadable(stream);
      await other.append(stream, healthy);
      try {
        const subscription = await subscribe();
        await subscription.whenCaughtUp();
        const ofStream = (await letters()).filter((letter) => letter.stream === stream);
        expect(ofStream).toMatchObject([{ reason: 'poison', tries: 1 }, { reason: 'blocked' }]);
        const seen = (await effects()).map((effect) => effect.stream);
        expect(seen).toContain(healthy);
        expect(seen.filter((of) => of === stream)).toHaveLength(1);
      } finally {
        // The other cases read the whole log.
        await database.admin.query(
          `update billing.event set type = 'PaymentCreated' where shard = $1 and type = 'FromTheFuture'`,
          [other.shard],
        );
      }
    });

    it('goes on after a handler threw, as often as it takes (nestjs/cqrs #1401, #1838)', async () => {
      let failures = 0;
      const record = recordEffects(consumer);
      const subscription = await subscribe({
        handle: async (events, client) => {
          await record(events, client);
          if (failures < 3) {
            failures += 1;
            throw new TypeError('undefined is not a function');
          }
        },
      });
      await one.append(one.newStream());
      await subscription.whenCaughtUp();
      await one.append(one.newStream());
      await subscription.whenCaughtUp();
      await expectEverythingOnce();
      expect(await letters()).toEqual([]);
    });

    it('takes a listener that throws after the commit for what it is: the effect stands', async () => {
      const told: number[] = [];
      const subscription = await subscribe({
        committed: (events) => {
          told.push(events.length);
          throw new Error('nobody listens');
        },
      });
      await one.append(one.newStream());
      await subscription.whenCaughtUp();
      await expectEverythingOnce();
      expect(told.length).toBeGreaterThan(0);
    });

    it('waits for a slow consumer, and loses and repeats nothing meanwhile', async () => {
      const record = recordEffects(consumer);
      const subscription = await subscribe({
        batchSize: 5,
        handle: async (events, client) => {
          await new Promise((resolve) => setTimeout(resolve, 20));
          await record(events, client);
        },
      });
      const stream = one.newStream();
      await one.append(...Array.from({ length: 12 }, () => stream));
      await subscription.whenCaughtUp();
      await expectEverythingOnce();
    });

    it('goes on when its connections are cut, and cut again', async () => {
      const subscription = await subscribe({ batchSize: 4 });
      const streams = Array.from({ length: 12 }, () => one.newStream());
      for (const stream of streams) {
        await one.append(stream);
        await database.admin.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
          where usename = 'billing_projector' and datname = current_database()`,
        );
      }
      await subscription.whenCaughtUp();
      await expectEverythingOnce();
      expect(warnings.length).toBeGreaterThan(0);
      expect(await letters()).toEqual([]);
    });

    it('lets two processes of one consumer fence each other: no event takes effect twice', async () => {
      const subscriptions = await Promise.all([subscribe({ batchSize: 3 }), subscribe({ batchSize: 5 })]);
      const streams = Array.from({ length: 30 }, () => one.newStream());
      await one.append(...streams);
      await Promise.all(subscriptions.map((subscription) => subscription.whenCaughtUp()));
      await expectEverythingOnce();
      expect(await letters()).toEqual([]);
    });

    it('hides nothing behind a transaction that is open in another database (sliceworkz #103)', async () => {
      const elsewhere = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL });
      await elsewhere.connect();
      try {
        await elsewhere.query('begin');
        await elsewhere.query('select pg_current_xact_id()');
        const subscription = await subscribe();
        await one.append(one.newStream());
        await subscription.whenCaughtUp();
        await expectEverythingOnce();
      } finally {
        await elsewhere.end();
      }
    });

    it('tells who waits for the end of the log when it is closed first', async () => {
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      const record = recordEffects(consumer);
      const subscription = await subscribe({
        batchSize: 1,
        handle: async (events, client) => {
          await held;
          await record(events, client);
        },
      });
      await one.append(one.newStream(), one.newStream());
      const waiting = expect(subscription.whenCaughtUp()).rejects.toThrow('closed before');
      await new Promise(setImmediate);
      const closing = subscription.close();
      release();
      await Promise.all([waiting, closing]);
      await expect(subscription.whenCaughtUp()).rejects.toThrow('closed before');
    });
  });
};
