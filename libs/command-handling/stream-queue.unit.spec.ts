import { ConcurrentChange } from './refusals.js';
import { StreamQueue } from './stream-queue.js';

/** Work that ends when it is told to. */
const work = () => {
  const told = { end: (): void => undefined, fail: (_: Error): void => undefined };
  const done = new Promise<void>((resolve, reject) => {
    told.end = resolve;
    told.fail = reject;
  });
  return { ...told, run: () => done };
};

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the work of one stream', () => {
  it('is done in order, one at a time, and a failure holds up nobody', async () => {
    const queue = new StreamQueue();
    const log: string[] = [];
    const [first, second] = [work(), work()];
    const runs = [first, second].map((one, at) =>
      queue.run('t1', 's1', () => {
        log.push(`${at} begins`);
        return one.run();
      }),
    );
    await turn();
    expect(log).toEqual(['0 begins']);
    first.fail(new Error('broken'));
    await expect(runs[0]).rejects.toThrow('broken');
    await turn();
    expect(log).toEqual(['0 begins', '1 begins']);
    second.end();
    await runs[1];
  });

  it('is refused when too much of it waits, and taken again when there is room', async () => {
    const queue = new StreamQueue(2);
    const [first, second, later] = [work(), work(), work()];
    const runs = [queue.run('t1', 's1', first.run), queue.run('t1', 's1', second.run)];
    await expect(queue.run('t1', 's1', later.run)).rejects.toThrow(ConcurrentChange);
    first.end();
    await runs[0];
    runs.push(queue.run('t1', 's1', later.run));
    second.end();
    later.end();
    await Promise.all(runs);
  });

  it('is bounded by what waits, not by what a busy stream has seen', async () => {
    const queue = new StreamQueue(2);
    let before = work();
    let running = queue.run('t1', 's1', before.run);
    for (let at = 0; at < 20; at += 1) {
      const next = work();
      const waiting = queue.run('t1', 's1', next.run);
      before.end();
      await running;
      [before, running] = [next, waiting];
    }
    before.end();
    await running;
  });

  it('of another tenant or stream does not wait', async () => {
    const queue = new StreamQueue(1);
    const held = work();
    const holding = queue.run('t1', 's1', held.run);
    await queue.run('t2', 's1', () => Promise.resolve());
    await queue.run('t1', 's2', () => Promise.resolve());
    held.end();
    await holding;
  });
});
