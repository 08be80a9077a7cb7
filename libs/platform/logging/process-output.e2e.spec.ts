import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Whole processes run compiled code.
const compiled = new URL('../../../dist/libs/platform/logging/testing/leaky-process.js', import.meta.url);

const numbers = ['4242424242424242', '5555555555554444', '378282246310005', '6011111111111117', '4000056655665556'];

const run = (how: string, reader: string): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    const env = { PATH: process.env.PATH };
    execFile(process.execPath, [fileURLToPath(compiled), how, reader], { env }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });

beforeAll(() => {
  if (!existsSync(compiled))
    throw new Error('this spec runs compiled code: use `npm test -- PATTERN`, which builds it');
});

/** Runs the process, holds that no number is in what it says, and gives that. */
const runWithoutLeak = async (how: string, reader = 'machines') => {
  const ran = await run(how, reader);
  const digits = `${ran.out}${ran.err}`.replaceAll(/[ -]/g, '');
  expect([how, reader, numbers.filter((number) => digits.includes(number))]).toEqual([how, reader, []]);
  expect([how, `${ran.out}${ran.err}`]).toEqual([how, expect.stringContaining('[card number]')]);
  return ran;
};

describe('a process whose output is guarded', () => {
  it('lets no card number out by console, its streams, pino, Nest or a warning, and goes on', async () => {
    const ways = ['console', 'streams', 'pino', 'nest', 'warning'];
    const ran = await Promise.all(ways.map((how) => runWithoutLeak(how)));
    expect(ran.map(({ code }) => code)).toEqual(ways.map(() => 0));
  });

  it('ends with 1 and one line for an error that nobody caught: with its stack and its causes, and no card number', async () => {
    for (const how of ['error', 'thrown', 'rejection', 'rejected']) {
      const { code, out, err } = await runWithoutLeak(how);
      expect([how, code, out]).toEqual([how, 1, '']);
      expect(err.trim().split('\n')).toHaveLength(1);
      const line = JSON.parse(err) as { level: string; app: string; err: { stack: string } };
      expect(line).toMatchObject({ level: 'fatal', app: 'leaky' });
      expect(line.err.stack).toMatch(/leaky-process\.js:\d+|node:internal/);
    }
  });

  it('says the same to people in words', async () => {
    for (const how of ['error', 'thrown', 'rejection', 'rejected', 'warning']) {
      const { code, err } = await runWithoutLeak(how, 'people');
      expect([how, code, err]).toEqual([how, how === 'warning' ? 0 : 1, expect.stringMatching(/^leaky: /)]);
    }
  });
});
