import pg from 'pg';

import type { SubscriptionOptions } from '#log';

import { recordEffects } from './effects.js';
import type { LogSetUp } from './rig.js';
import { Rig, until } from './rig.js';

export type { LogSetUp };

/** What every adapter of the log port has to do. Adapters call it in a spec of their own. */
export const logContract = (name: string, setUp: () => Promise<LogSetUp>): void => {
  describe(`the log over ${name}`, () => {
    const rig = new Rig(setUp);

    it('is at its end at once where the log is empty, or has nothing new', async () => {
      const subscription = await rig.subscribe();
      await subscription.whenCaughtUp();
      await subscription.whenCaughtUp();
      await rig.expectEverythingOnce();
    });

    it('gives a new consumer everything from position 1 on, in the order of each shard and without a gap', async () => {
      const streams = [rig.one.newStream(), rig.one.newStream()];
      await rig.one.append(...streams, ...streams, ...streams);
      await rig.other.append(rig.other.newStream(), rig.other.newStream());
      const subscription = await rig.subscribe({ batchSize: 2 });
      await subscription.whenCaughtUp();
      await rig.expectEverythingOnce();
      expect(subscription.positions()).toEqual(await rig.ends());
    });

    it('delivers what is appended while it runs, at most batchSize events at once', async () => {
      const sizes: number[] = [];
      const record = recordEffects(rig.consumer);
      const subscription = await rig.subscribe({
        batchSize: 3,
        handle: async (events, client) => {
          sizes.push(events.length);
          await record(events, client);
        },
      });
      const stream = rig.one.newStream();
      await Promise.all([
        rig.one.append(stream, stream, stream, stream, stream),
        rig.other.append(rig.other.newStream(), rig.other.newStream()),
      ]);
      await subscription.whenCaughtUp();
      await rig.expectEverythingOnce();
      expect(Math.max(...sizes)).toBeLessThanOrEqual(3);
    });

    it('goes on after its checkpoint, and replays from any position that is put there', async () => {
      await rig.one.append(rig.one.newStream(), rig.one.newStream(), rig.one.newStream());
      const first = await rig.subscribe();
      await first.whenCaughtUp();
      await first.close();
      const before = await rig.effects();
      const again = await rig.subscribe();
      await again.whenCaughtUp();
      await again.close();
      expect(await rig.effects()).toEqual(before);

      const end = (await rig.ends()).get(3) ?? 0;
      await rig.database.admin.query('update billing.checkpoint set position = $2 where consumer = $1 and shard = 3', [
        rig.consumer,
        end - 2,
      ]);
      const replaying = await rig.subscribe();
      await replaying.whenCaughtUp();
      expect((await rig.effects()).slice(before.length).map(({ position }) => position)).toEqual([end - 1, end]);
    });

    it('takes effect once where the process is killed between the work and the checkpoint', async () => {
      await rig.one.append(rig.one.newStream(), rig.one.newStream());
      const record = recordEffects(rig.consumer);
      const killed = new Promise<void>((resolve) => {
        void rig.subscribe({
          handle: async (events, client) => {
            await record(events, client);
            const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
            await rig.database.admin.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
            resolve();
            throw new Error('killed');
          },
        });
      });
      await killed;
      await rig.closeLogs();
      expect(await rig.effects()).toEqual([]);
      const next = await rig.subscribe();
      await next.whenCaughtUp();
      await rig.expectEverythingOnce();
      expect(await rig.letters()).toEqual([]);
    });

    it('goes on after a handler threw, as often as it takes (nestjs/cqrs #1401, #1838)', async () => {
      let failures = 0;
      const record = recordEffects(rig.consumer);
      const subscription = await rig.subscribe({
        handle: async (events, client) => {
          await record(events, client);
          if (failures < 3) {
            failures += 1;
            throw new TypeError('undefined is not a function');
          }
        },
      });
      await rig.one.append(rig.one.newStream());
      await subscription.whenCaughtUp();
      await rig.one.append(rig.one.newStream());
      await subscription.whenCaughtUp();
      await rig.expectEverythingOnce();
      expect(await rig.letters()).toEqual([]);
    });

    it('takes a listener that throws after the commit for what it is: the effect stands', async () => {
      const told: number[] = [];
      const subscription = await rig.subscribe({
        committed: (events) => {
          told.push(events.length);
          throw new Error('nobody listens');
        },
      });
      await rig.one.append(rig.one.newStream());
      await subscription.whenCaughtUp();
      await rig.expectEverythingOnce();
      expect(told.length).toBeGreaterThan(0);
    });

    it('waits for a slow consumer, and loses and repeats nothing meanwhile', async () => {
      const record = recordEffects(rig.consumer);
      const subscription = await rig.subscribe({
        batchSize: 5,
        handle: async (events, client) => {
          await new Promise((resolve) => setTimeout(resolve, 20));
          await record(events, client);
        },
      });
      const stream = rig.one.newStream();
      await rig.one.append(...Array.from({ length: 12 }, () => stream));
      await subscription.whenCaughtUp();
      await rig.expectEverythingOnce();
    });

    it('goes on when its connections are cut, and cut again', async () => {
      const subscription = await rig.subscribe({ batchSize: 4 });
      // A cut between two statements is not noticed; one of these meets a batch.
      for (let cuts = 0; cuts < 12 || (rig.warnings.length === 0 && cuts < 500); cuts += 1) {
        await rig.one.append(rig.one.newStream());
        await rig.database.admin.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
          where usename = 'billing_projector' and datname = current_database()`,
        );
      }
      await subscription.whenCaughtUp();
      await rig.expectEverythingOnce();
      expect(rig.warnings.length).toBeGreaterThan(0);
      expect(await rig.letters()).toEqual([]);
    });

    it('lets two processes of one consumer fence each other: no event takes effect twice', async () => {
      const subscriptions = await Promise.all([rig.subscribe({ batchSize: 3 }), rig.subscribe({ batchSize: 5 })]);
      const streams = Array.from({ length: 30 }, () => rig.one.newStream());
      await rig.one.append(...streams);
      await Promise.all(subscriptions.map((subscription) => subscription.whenCaughtUp()));
      await rig.expectEverythingOnce();
      expect(await rig.letters()).toEqual([]);
    });

    it('shares the shards with a process that joins while it reads, and takes them back when that one leaves', async () => {
      const streams = Array.from({ length: 20 }, () => rig.one.newStream());
      const others = streams.map(() => rig.other.newStream());
      const slow: Partial<SubscriptionOptions> = {
        batchSize: 7,
        handle: async (events, client) => {
          await recordEffects(rig.consumer)(events, client);
          await new Promise((resolve) => setTimeout(resolve, 10));
        },
      };
      let digested = 0;
      const appending = (async () => {
        // Until the second has its part, however quick the first is, and the same again while it leaves.
        for (let round = 0, more = 5; more > 0 && round < 200; round += 1) {
          await Promise.all([rig.one.append(...streams), rig.other.append(...others)]);
          if (digested > 0) more -= 1;
        }
      })();
      const first = await rig.subscribe(slow);
      await until(async () => (await rig.effects()).length > 0);
      const second = await rig.subscribe({ ...slow, committed: (events) => (digested += events.length) });
      await until(() => digested > 0);
      await second.close(); // in the middle of it
      await appending;
      await first.whenCaughtUp();
      await rig.expectEverythingOnce();
      expect(await rig.letters()).toEqual([]);
    }, 60_000);

    it('says when another process went on, so that the handler trusts nothing that it remembers', async () => {
      let overtaken = 0;
      const first = await rig.subscribe({ overtaken: () => (overtaken += 1) });
      await rig.one.append(rig.one.newStream());
      await first.whenCaughtUp();
      expect(overtaken).toBe(0);
      // As one who swaps in a read model that was rebuilt, or another process that had the shard for a while.
      await rig.database.admin.query('update billing.checkpoint set epoch = epoch + 1 where consumer = $1', [
        rig.consumer,
      ]);
      await rig.one.append(rig.one.newStream());
      await first.whenCaughtUp();
      expect(overtaken).toBe(1);
      await rig.expectEverythingOnce();
    });

    it('hides nothing behind a transaction that is open in another database (sliceworkz #103)', async () => {
      const elsewhere = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL });
      await elsewhere.connect();
      try {
        await elsewhere.query('begin');
        await elsewhere.query('select pg_current_xact_id()');
        const subscription = await rig.subscribe();
        await rig.one.append(rig.one.newStream());
        await subscription.whenCaughtUp();
        await rig.expectEverythingOnce();
      } finally {
        await elsewhere.end();
      }
    });

    it('tells who waits for the end of the log when it is closed first', async () => {
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      const record = recordEffects(rig.consumer);
      const subscription = await rig.subscribe({
        batchSize: 1,
        handle: async (events, client) => {
          await held;
          await record(events, client);
        },
      });
      await rig.one.append(rig.one.newStream(), rig.one.newStream());
      const waiting = expect(subscription.whenCaughtUp()).rejects.toThrow('closed before');
      await new Promise(setImmediate);
      const closing = subscription.close();
      release();
      await Promise.all([waiting, closing]);
      await expect(subscription.whenCaughtUp()).rejects.toThrow('closed before');
    });
  });
};
