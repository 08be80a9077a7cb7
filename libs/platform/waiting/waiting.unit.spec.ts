import { Pause, Rounds, within } from './index.js';

const never = new Promise<void>(() => undefined);

/** How long it took, in milliseconds. */
const timed = async (work: Promise<void>): Promise<number> => {
  const begun = performance.now();
  await work;
  return performance.now() - begun;
};

describe('a pause', () => {
  it('lasts as long as it is told', async () => {
    expect(await timed(new Pause().last(30))).toBeGreaterThanOrEqual(28);
  });

  it('ends early for whoever has news', async () => {
    const pause = new Pause();
    const lasting = timed(pause.last(60_000));
    pause.end();
    expect(await lasting).toBeLessThan(5_000);
  });

  it('is begun again after its end, and lasts anew', async () => {
    const pause = new Pause();
    pause.end();
    const first = pause.last(60_000);
    pause.end();
    await first;
    expect(await timed(pause.last(30))).toBeGreaterThanOrEqual(28);
  });
});

describe('rounds', () => {
  it('follow each other with the rest that each asks for, also after one that failed, and end early when they are closed', async () => {
    const rounds = new Rounds();
    const [done, failures]: [boolean[], string[]] = [[], []];
    const { promise: third, resolve } = Promise.withResolvers<undefined>();
    rounds.start(
      () => {
        done.push(rounds.closed);
        if (done.length === 2) return Promise.reject(new Error('broken'));
        if (done.length === 3) resolve(undefined);
        return Promise.resolve(done.length === 3 ? 60_000 : 1);
      },
      (error) => {
        failures.push((error as Error).message);
        return 1;
      },
    );
    await third;
    expect(await timed(rounds.close(60_000))).toBeLessThan(5_000);
    expect([done, failures, rounds.closed]).toEqual([[false, false, false], ['broken'], true]);
  });

  it('are waited for while one is at hand, for as long as it is said, and none follows', async () => {
    const rounds = new Rounds();
    let begun = 0;
    const { promise: work, resolve } = Promise.withResolvers<number>();
    rounds.start(
      () => {
        begun += 1;
        return work;
      },
      () => 0,
    );
    expect(await timed(rounds.close(30))).toBeGreaterThanOrEqual(28);
    resolve(0);
    await rounds.close(60_000);
    expect([begun, rounds.closed]).toEqual([1, true]);
  });
});

describe('waiting within a time', () => {
  it('ends with the work, or with the time', async () => {
    expect(await timed(within(Promise.resolve(), 60_000))).toBeLessThan(5_000);
    expect(await timed(within(never, 30))).toBeGreaterThanOrEqual(28);
  });

  it('fails with the work', async () => {
    await expect(within(Promise.reject(new Error('broken')), 60_000)).rejects.toThrow('broken');
  });
});
