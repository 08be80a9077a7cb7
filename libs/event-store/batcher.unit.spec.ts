import type { AppendCommand } from './append.js';
import { Batcher, isTransient } from './batcher.js';

const failing = (code: string) => Object.assign(new Error('not now'), { code });

describe('a failure of the database', () => {
  it.each([
    ['a statement that took too long', '57014'],
    ['a lock that was not to be had', '55P03'],
    ['too many connections', '53300'],
    ['no memory', '53200'],
    ['a restart', '57P01'],
    ['a lost connection', '08006'],
    ['a deadlock', '40P01'],
    ['nobody who listens', 'ECONNREFUSED'],
  ])('is about the moment: %s', (_, code) => {
    expect(isTransient(failing(code))).toBe(true);
  });

  it.each(['22012', '23505', '42501', '57', 'P0001', 'seal_broken'])('is about the command: %s', (code) => {
    expect(isTransient(failing(code))).toBe(false);
  });
});

describe('a batch', () => {
  it.each([
    ['57014', 1],
    ['55P03', 1],
    ['40P01', 3],
  ])('that fails with %s is tried %i times, and never in parts', async (code, tries) => {
    const sizes: number[] = [];
    const batcher = new Batcher((_, commands) => {
      sizes.push(commands.length);
      return Promise.reject(failing(code));
    });
    const command = {} as AppendCommand;
    const appended = await Promise.allSettled([batcher.append(0, command), batcher.append(0, command)]);
    expect(appended.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(sizes).toEqual(Array.from({ length: tries }, () => 2));
  });
});
