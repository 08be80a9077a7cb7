import { existsSync } from 'node:fs';

import { Restarts } from './restarts.js';
import { SupervisedProcess } from './supervised-process.js';

// Whole processes run compiled code.
const compiled = new URL('../../dist/apps/standalone/', import.meta.url);

const supervise = (environment: NodeJS.ProcessEnv) => {
  const lines: string[] = [];
  const { promise: givenUp, resolve } = Promise.withResolvers<Error>();
  const supervised = new SupervisedProcess({
    name: 'back',
    script: new URL('./process.js', compiled),
    apps: [{ name: 'idle', entry: new URL('./testing/idle-app.js', compiled).href, environment }],
    environment: { PATH: process.env.PATH },
    log: (line) => lines.push(line),
    onGiveUp: resolve,
    restarts: new Restarts(2),
  });
  return { supervised, lines, givenUp };
};
const patient = new AbortController().signal;

beforeAll(() => {
  if (!existsSync(compiled))
    throw new Error('this spec runs compiled code: use `npm test -- PATTERN`, which builds it');
});

describe('a supervised process', () => {
  it('is started again a bounded number of times, then given up with the reason', async () => {
    const { supervised, lines, givenUp } = supervise({ SPEC_END_AFTER_MS: '100' });
    await supervised.start();
    expect((await givenUp).message).toBe('back ended 3 times in a row, at last with: exit code 5');
    expect(lines).toEqual(Array(2).fill('back ended (exit code 5), starting it again'));
    await supervised.stop(patient);
  });

  it('fails its start when it ends before it serves, and is not started again', async () => {
    const { supervised, lines } = supervise({ SPEC_END_AFTER_MS: '0' });
    await expect(supervised.start()).rejects.toThrow('back ended before it was ready (exit code 5)');
    expect(lines).toEqual([]);
    await supervised.stop(patient);
  });

  it('is gone once it was told to stop, also while it starts', async () => {
    const { supervised, lines } = supervise({});
    const start = supervised.start();
    const outcome = Promise.allSettled([start]);
    await supervised.stop(patient);
    await outcome;
    const { pid } = supervised;
    expect(pid).toBeDefined();
    expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH');
    expect(lines).toEqual([]);
  });
});
