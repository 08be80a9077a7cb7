import { setTimeout as sleep } from 'node:timers/promises';

import type { Producer, ProducerRecord } from 'kafkajs';

import { ClientClosed, SendFailed, TooManyPending } from './errors.js';
import { Sender } from './sender.js';

/** A broker that stores what it is sent, and answers as `answer` says. */
class Broker {
  readonly requests: string[][] = [];
  answer: () => Promise<void> = () => Promise.resolve();

  readonly producer = {
    connect: () => Promise.resolve(),
    send: ({ messages }: ProducerRecord) => {
      this.requests.push(messages.map(({ value }) => value?.toString() ?? ''));
      return this.answer();
    },
  } as unknown as Producer;
}

let broker: Broker;
let sender: Sender;
beforeEach(() => {
  broker = new Broker();
  sender = new Sender(broker.producer, 'commands');
});

const send = (name: string, limitMs = 5_000, bytes = 10): Promise<void> =>
  sender.send({ messageId: name, bytes, record: () => Promise.resolve({ value: name }) }, limitMs);
const passing = () => Promise.reject(Object.assign(new Error('not the leader'), { retriable: true }));

describe('sending', () => {
  it('puts what comes while a request is in flight into the next one, in order', async () => {
    broker.answer = () => sleep(20);
    const first = ['a', 'b'].map((name) => send(name));
    await sleep(5);
    await Promise.all([...first, ...['c', 'd', 'e'].map((name) => send(name))]);
    expect(broker.requests).toEqual([
      ['a', 'b'],
      ['c', 'd', 'e'],
    ]);
  });

  it('tries again what had no answer, before anything else', async () => {
    broker.answer = () => {
      broker.answer = () => Promise.resolve();
      return passing();
    };
    const first = send('a');
    await sleep(10);
    await Promise.all([first, send('b')]);
    expect(broker.requests).toEqual([['a'], ['a'], ['b']]);
  });

  it('gives each command up when its time is over, and says that it may be stored', async () => {
    broker.answer = passing;
    const [short, long] = [send('short', 150), send('long', 1_500)];
    await expect(short).rejects.toThrow(SendFailed);
    await expect(short).rejects.toMatchObject({ messageId: 'short', code: 'send_failed' });
    broker.answer = () => Promise.resolve();
    await long;
    expect(broker.requests.at(-1)).toEqual(['long']);
  });

  it('waits no longer than it is told for a broker that never answers', async () => {
    broker.answer = () => sleep(600);
    await expect(send('a', 100)).rejects.toThrow(SendFailed);
  });

  it('does not try again what can never succeed', async () => {
    broker.answer = () => Promise.reject(new Error('not authorized'));
    await expect(send('a')).rejects.toThrow('not authorized');
    expect(broker.requests).toHaveLength(1);
  });

  it('lets a command that cannot be signed fail alone', async () => {
    const bad = sender.send({ messageId: 'bad', bytes: 1, record: () => Promise.reject(new Error('no key')) }, 1_000);
    await Promise.all([expect(bad).rejects.toThrow('no key'), send('good')]);
    expect(broker.requests).toEqual([['good']]);
  });

  it('keeps requests within what a broker takes', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => send(String(index), 5_000, 60_000)));
    expect(broker.requests.map((names) => names.length)).toEqual([8, 8, 4]);
    expect(broker.requests.flat()).toEqual(Array.from({ length: 20 }, (_, index) => String(index)));
  });

  it('holds only so many', async () => {
    broker.answer = () => sleep(50);
    const all = Array.from({ length: 10_001 }, (_, index) => send(String(index)));
    await expect(all.at(-1)).rejects.toThrow(TooManyPending);
    const others = Promise.allSettled(all);
    await sender.close();
    expect((await others).filter(({ status }) => status === 'rejected').length).toBeGreaterThan(9_000);
    await expect(send('late')).rejects.toThrow(ClientClosed);
  });
});
