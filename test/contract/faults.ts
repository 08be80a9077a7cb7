import type { LogSetUp } from './rig.js';
import { Rig } from './rig.js';

/** What an adapter brings to be tested with a network and a server that fail. */
export interface FaultSetUp extends LogSetUp {
  /** Has what the log is read from fall over and come back; resolves once it is back. */
  restart(): Promise<void>;
  /** Has the next answer be lost that says something was stored; resolves once it is. */
  loseAnswer(): Promise<void>;
}

/** What every adapter of the log port survives. `said` says what falls over and whose answer is lost there. */
export const faultContract = (
  name: string,
  said: { restart: string; lostAnswer: string },
  setUp: () => Promise<FaultSetUp>,
): void => {
  describe(`faults of the log over ${name}`, () => {
    const rig = new Rig(setUp);

    it(`goes on after ${said.restart}, and again`, async () => {
      const subscription = await rig.subscribe({ batchSize: 4 });
      for (let round = 0; round < 2; round += 1) {
        const streams = Array.from({ length: 8 }, () => rig.one.newStream());
        await rig.one.append(...streams);
        const back = rig.setUp.restart();
        await rig.other.append(...streams.map(() => rig.other.newStream()));
        await back;
        await rig.one.append(...streams);
        await subscription.whenCaughtUp();
      }
      await rig.expectEverythingOnce();
      expect(await rig.letters()).toEqual([]);
    }, 60_000);

    it(`loses and repeats nothing when ${said.lostAnswer}`, async () => {
      const subscription = await rig.subscribe({ batchSize: 5 });
      await subscription.whenCaughtUp();
      for (let round = 0; round < 3; round += 1) {
        const lost = rig.setUp.loseAnswer();
        await rig.one.append(...Array.from({ length: 4 }, () => rig.one.newStream()));
        await lost;
        await rig.one.append(rig.one.newStream());
        await rig.other.append(rig.other.newStream());
      }
      await subscription.whenCaughtUp();
      await rig.expectEverythingOnce();
      expect(await rig.letters()).toEqual([]);
    }, 60_000);
  });
};
