import { jest } from '@jest/globals';
import { Readable } from 'node:stream';

import { OpenStreams } from './open-streams.js';

beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] }));
afterEach(() => {
  jest.useRealTimers();
});

describe('an open stream whose client takes nothing', () => {
  it('is cut five seconds after its end, and its place is free again', async () => {
    const streams = new OpenStreams({ perTenant: 1, perProcess: 10 });
    const open = streams.open('tenant');
    const body = new Readable({ read: () => undefined });
    body.on('error', () => undefined);
    open.carriedBy(body);
    open.end(new Error('the right to it has ended'));
    await jest.advanceTimersByTimeAsync(4_900);
    expect(body.destroyed).toBe(false);
    expect(() => streams.open('tenant')).toThrow('event streams open here');
    await jest.advanceTimersByTimeAsync(200);
    expect(body.destroyed).toBe(true);
    expect(() => streams.open('tenant')).not.toThrow();
  });

  it('leaves no timer behind where it ends by itself', async () => {
    const open = new OpenStreams().open('tenant');
    const body = Readable.from(['last words']);
    open.carriedBy(body);
    open.end();
    body.resume();
    await jest.advanceTimersByTimeAsync(0);
    expect([body.destroyed, jest.getTimerCount()]).toEqual([true, 0]);
  });
});
