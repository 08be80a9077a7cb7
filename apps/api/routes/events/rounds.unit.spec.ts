import { AccessDenied } from '#access';
import { jest } from '@jest/globals';
import type { FastifyRequest } from 'fastify';

import type { OpenStream } from './open-streams.js';
import { Rounds } from './rounds.js';

beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] }));
afterEach(() => {
  jest.useRealTimers();
});

const revoked = new AccessDenied(403, 'service_not_registered', 'revoked');
const away = new Error('the store is away');

/** Rounds over streams whose requests are named, with what is answered about each; a name without an answer is let in. */
const rounds = () => {
  const answers = new Map<string, () => Promise<void>>();
  const asked: string[] = [];
  const warned: string[] = [];
  const judge = (request: FastifyRequest) => {
    asked.push(request.id);
    return answers.get(request.id)?.() ?? Promise.resolve();
  };
  const going = new Rounds(judge, {
    warn: (_: object, message?: string) => void warned.push(String(message)),
  });
  const open = (id: string) => {
    const controller = new AbortController();
    const stream: OpenStream = {
      signal: controller.signal,
      end: (reason) => {
        controller.abort(reason ?? 'over');
      },
      carriedBy: () => undefined,
    };
    going.watch({ id } as FastifyRequest, stream);
    return { end: () => controller.abort('over'), reason: () => controller.signal.reason as unknown };
  };
  return { answers, asked, warned, open };
};
const seconds = (count: number) => jest.advanceTimersByTimeAsync(count * 1_000);

describe('the rounds over open streams', () => {
  it('judge each every two seconds, and end the one that would not be let in any more', async () => {
    const { answers, asked, open } = rounds();
    const [kept, lost] = [open('kept'), open('lost')];
    await seconds(2);
    expect(asked).toEqual(['kept', 'lost']);
    answers.set('lost', () => Promise.reject(revoked));
    await seconds(2);
    expect([kept.reason(), lost.reason()]).toEqual([undefined, revoked]);
    await seconds(2);
    expect(asked).toEqual(['kept', 'lost', 'kept', 'lost', 'kept']);
  });

  it('have one timer for all streams, and none once the last has ended', async () => {
    const { asked, open } = rounds();
    const streams = [open('1'), open('2'), open('3')];
    expect(jest.getTimerCount()).toBe(1);
    for (const stream of streams) stream.end();
    expect(jest.getTimerCount()).toBe(0);
    open('4');
    await seconds(2);
    expect([asked, jest.getTimerCount()]).toEqual([['4'], 1]);
  });

  it('end no stream while nobody can be asked for a moment, and every stream after ten seconds of it', async () => {
    const { answers, warned, open } = rounds();
    const [one, other] = [open('one'), open('other')];
    for (const id of ['one', 'other']) answers.set(id, () => Promise.reject(away));
    await seconds(8);
    answers.delete('one');
    await seconds(2);
    answers.set('one', () => Promise.reject(away));
    await seconds(6);
    expect(one.reason()).toBeUndefined();
    expect(other.reason()).toMatchObject({ status: 503, code: 'access_unproved' });
    expect(warned).toHaveLength(2);
    await seconds(8);
    expect(one.reason()).toMatchObject({ status: 503, code: 'access_unproved' });
  });

  it('ask once at a time, and wait no longer for an answer that does not come', async () => {
    const { answers, asked, open } = rounds();
    const stream = open('hangs');
    answers.set('hangs', () => new Promise(() => undefined));
    await seconds(12);
    expect([asked, stream.reason()]).toEqual([['hangs'], undefined]);
    await seconds(2);
    expect(stream.reason()).toMatchObject({ status: 503, code: 'access_unproved' });
  });
});
