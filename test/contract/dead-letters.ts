import type { SubscriptionOptions } from '#log';

import { recordEffects } from './effects.js';
import type { LogSetUp } from './rig.js';
import { Rig, until } from './rig.js';

/** What every adapter of the log port does with events that cannot be digested. */
export const deadLetterContract = (name: string, setUp: () => Promise<LogSetUp>): void => {
  describe(`dead letters over ${name}`, () => {
    const rig = new Rig(setUp);

    it('sets a poison event aside after bounded tries; its stream waits behind it, in order, and nothing else does (nest #14664)', async () => {
      const [poisoned, healthy] = [rig.one.newStream(), rig.one.newStream()];
      await rig.one.append(poisoned, healthy, poisoned, poisoned, healthy);
      let tries = 0;
      const record = recordEffects(rig.consumer);
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
      const subscription = await rig.subscribe(options);
      await subscription.whenCaughtUp();
      expect(tries).toBe(3);
      expect(await rig.letters()).toEqual([
        { stream: poisoned, reason: 'poison', error: expect.stringContaining('cannot digest') as string, tries: 3 },
        { stream: poisoned, reason: 'blocked', error: null, tries: 0 },
      ]);
      await subscription.close();

      const restarted = await rig.subscribe(options);
      await rig.one.append(poisoned, healthy);
      await restarted.whenCaughtUp();
      expect((await rig.letters()).map(({ reason }) => reason)).toEqual(['poison', 'blocked', 'blocked']);
      expect(await rig.versionsOf(poisoned)).toEqual([1]);
      expect(await rig.versionsOf(healthy)).toEqual([1, 2, 3]);
    });

    /** A handler that cannot digest some versions of a stream, until it is mended. */
    const failingOn = (stream: string, ...versions: number[]) => {
      const poison = new Set(versions);
      const { consumer } = rig;
      const record = recordEffects(consumer);
      const options: Partial<SubscriptionOptions> = {
        maxTries: 1,
        handle: async (events, client) => {
          if (events.some(({ streamId, version }) => streamId === stream && poison.has(version)))
            throw new Error('cannot digest this');
          await record(events, client);
        },
      };
      return { options, mend: (version: number) => poison.delete(version) };
    };
    /** What `billing dead-letters` does, in the role in which it does it. */
    const operate = async (change: string, stream: string): Promise<void> => {
      const { rowCount } = await rig.database
        .pool('billing_projector', { max: 1 })
        .query(
          `update billing.dead_letter set ${change} where consumer = $1 and stream_id = $2 and reason = 'poison'`,
          [rig.consumer, stream],
        );
      expect(rowCount).toBe(1);
    };
    const retry = (stream: string) => operate('retry_requested_at = now()', stream);
    const discard = (stream: string) =>
      operate("discarded_at = now(), discarded_by = 'ops', discard_reason = 'a test event'", stream);
    const lettersOf = async (stream: string) => (await rig.letters()).filter((letter) => letter.stream === stream);

    it('digests a dead letter that an operator has retried, then what waited behind it, then what came meanwhile', async () => {
      const [stream, healthy] = [rig.one.newStream(), rig.one.newStream()];
      await rig.one.append(stream, stream, stream);
      const { options, mend } = failingOn(stream, 2);
      const subscription = await rig.subscribe(options);
      await subscription.whenCaughtUp();
      expect((await lettersOf(stream)).map(({ reason }) => reason)).toEqual(['poison', 'blocked']);

      mend(2);
      await retry(stream);
      for (let round = 0; round < 10; round += 1) await rig.one.append(stream, healthy);
      await until(async () => (await lettersOf(stream)).length === 0);
      await rig.one.append(stream);
      await subscription.whenCaughtUp();
      await rig.expectStreamOnce(stream, 14);
      await rig.expectStreamOnce(healthy, 10);
    });

    it('puts a dead letter back that fails again, and stops at the next one that fails', async () => {
      const stream = rig.one.newStream();
      await rig.one.append(stream, stream, stream, stream);
      const { options, mend } = failingOn(stream, 2, 3);
      const subscription = await rig.subscribe(options);
      await subscription.whenCaughtUp();
      await retry(stream);
      await until(async () => (await lettersOf(stream))[0]?.tries === 2);
      expect(await rig.versionsOf(stream)).toEqual([1]);

      mend(2);
      await retry(stream);
      const isPutBack = (letters: { reason: string }[]): boolean =>
        letters.length === 2 && letters[0]?.reason === 'poison';
      await until(async () => isPutBack(await lettersOf(stream)));
      expect(await lettersOf(stream)).toMatchObject([
        { reason: 'poison', error: 'Error: cannot digest this', tries: 1 },
        { reason: 'blocked', tries: 0 },
      ]);
      expect(await rig.versionsOf(stream)).toEqual([1, 2]);

      mend(3);
      await retry(stream);
      await until(async () => (await lettersOf(stream)).length === 0);
      await rig.expectStreamOnce(stream, 4);
    });

    it('goes on without a dead letter that an operator has discarded, and keeps a record of it', async () => {
      const stream = rig.one.newStream();
      await rig.one.append(stream, stream, stream);
      const { options } = failingOn(stream, 2);
      const first = await rig.subscribe(options);
      await first.whenCaughtUp();
      await first.close();
      await discard(stream); // while nobody runs
      const subscription = await rig.subscribe(options);
      await until(async () => (await lettersOf(stream)).length === 1);
      await rig.one.append(stream);
      await subscription.whenCaughtUp();
      expect(await rig.versionsOf(stream)).toEqual([1, 3, 4]);
      expect(await lettersOf(stream)).toMatchObject([{ reason: 'poison' }]);
    });

    it('retries in whichever process has the shard, also where two share the consumer', async () => {
      const streams = [rig.one.newStream(), rig.other.newStream()] as const;
      await rig.one.append(streams[0], streams[0], streams[0]);
      await rig.other.append(streams[1], streams[1], streams[1]);
      const record = recordEffects(rig.consumer);
      let mended = false;
      const options: Partial<SubscriptionOptions> = {
        maxTries: 1,
        handle: async (events, client) => {
          const poison = events.some(({ streamId, version }) => streams.includes(streamId) && version === 2);
          if (poison && !mended) throw new Error('cannot digest this');
          await record(events, client);
        },
      };
      const subscriptions = await Promise.all([rig.subscribe(options), rig.subscribe(options)]);
      await Promise.all(subscriptions.map((subscription) => subscription.whenCaughtUp()));
      mended = true;
      for (const stream of streams) await retry(stream);
      for (let round = 0; round < 10; round += 1) {
        await rig.one.append(streams[0]);
        await rig.other.append(streams[1]);
      }
      await until(async () => (await rig.letters()).length === 0);
      await Promise.all(subscriptions.map((subscription) => subscription.whenCaughtUp()));
      await until(async () => (await rig.letters()).length === 0);
      for (const stream of streams) await rig.expectStreamOnce(stream, 13);
    });

    it('sets aside an event that this release cannot read, and goes on', async () => {
      const stream = rig.other.newStream();
      const healthy = rig.other.newStream();
      await rig.other.append(stream);
      await rig.other.appendUnreadable(stream);
      await rig.other.append(stream, healthy);
      const subscription = await rig.subscribe();
      await subscription.whenCaughtUp();
      const ofStream = (await rig.letters()).filter((letter) => letter.stream === stream);
      expect(ofStream).toMatchObject([{ reason: 'poison', tries: 1 }, { reason: 'blocked' }]);
      expect(await rig.versionsOf(healthy)).toEqual([1]);
      expect(await rig.versionsOf(stream)).toEqual([1]);
    });
  });
};
