import { Pause, within } from './index.js';

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

describe('waiting within a time', () => {
  it('ends with the work, or with the time', async () => {
    expect(await timed(within(Promise.resolve(), 60_000))).toBeLessThan(5_000);
    expect(await timed(within(never, 30))).toBeGreaterThanOrEqual(28);
  });

  it('fails with the work', async () => {
    await expect(within(Promise.reject(new Error('broken')), 60_000)).rejects.toThrow('broken');
  });
});
