import type { DomainEvent } from '#contracts';

import type { Aggregate } from './aggregates.js';
import type { Task } from './executor.js';
import { ClaimHeld, CommandExecutor } from './executor.js';
import { ConcurrentChange, EventsRemoved, IdempotencyKeyReused } from './refusals.js';
import { MemoryStore } from './testing/memory-store.js';

/** The types of its events, in order. */
const history: Aggregate<readonly string[], DomainEvent> = {
  streamOf: (id) => `payment-${id}`,
  initial: [],
  evolve: (types, { type }) => [...types, type],
};

let store: MemoryStore;
let wake: (() => void) | undefined;
let executor: CommandExecutor;

beforeEach(() => {
  store = new MemoryStore();
  wake = undefined;
  executor = new CommandExecutor({
    shards: store.shards,
    reader: store.reader,
    batcher: store.batcher,
    tail: {
      next: ({ afterVersion }, timeoutMs) =>
        new Promise((resolve) => {
          const timer = setTimeout(resolve, timeoutMs, undefined);
          wake = () => {
            clearTimeout(timer);
            resolve(afterVersion + 1);
          };
        }),
    },
  });
});

const task = (
  more: Partial<Task<readonly string[], DomainEvent>> & { commandId?: string; waitMs?: number; asked?: string } = {},
) => {
  const { commandId = 'c1', waitMs = 0, asked = 'this', ...rest } = more;
  return {
    context: {
      tenantId: 't1',
      actor: { type: 'person', subject: 'tester' },
      commandId,
      fingerprint: Buffer.from(asked),
      at: '2026-11-01T10:00:00.000Z',
      waitMs,
    },
    aggregate: history,
    id: 'p1',
    decide: () => [{ type: 'CaptureRequested' }],
    ...rest,
  } satisfies Task<readonly string[], DomainEvent>;
};

/** What another process appends: an outcome of `correlationId`, or a command of its own. */
const elsewhere = (commandId: string, types: string[], correlationId = commandId) => {
  store.write({
    tenantId: 't1',
    streamId: 'payment-p1',
    commandId,
    fingerprint: Buffer.from('theirs'),
    expectedVersion: store.events.length,
    events: types.map((type) => ({ type })),
    correlationId,
    actor: { type: 'system', subject: 'gateway' },
  });
};

describe('a conflict', () => {
  it('is decided again on what the other wrote', async () => {
    store.beforeAppend = () => {
      if (store.appends === 1) elsewhere('other', ['PaymentCanceled']);
      return undefined;
    };
    const seen: (readonly string[])[] = [];
    const answer = await executor.execute(task({ decide: (state) => (seen.push(state), [{ type: 'CaptureFailed' }]) }));
    expect(seen).toEqual([[], ['PaymentCanceled']]);
    expect(answer).toMatchObject({
      state: ['PaymentCanceled', 'CaptureFailed'],
      version: 2,
      settled: true,
      replayed: false,
    });
  });

  it('every time ends after five tries, with nothing written', async () => {
    store.beforeAppend = () => ({ status: 'conflict', version: 7 });
    await expect(executor.execute(task())).rejects.toThrow(ConcurrentChange);
    expect([store.appends, store.events]).toEqual([5, []]);
  });

  it('asks what is required outside of the stream once', async () => {
    let asked = 0;
    store.beforeAppend = () => ({ status: 'conflict', version: 7 });
    const requires = () => {
      asked += 1;
      return Promise.resolve();
    };
    await expect(executor.execute(task({ requires }))).rejects.toThrow(ConcurrentChange);
    expect(asked).toBe(1);
  });
});

describe('a repeat', () => {
  it('that another process appends in between is found, and decided no more', async () => {
    store.beforeAppend = (command) => {
      if (store.appends === 1) store.write(command);
      return undefined;
    };
    const answer = await executor.execute(task({ decide: () => [{ type: 'PaymentCanceled' }] }));
    expect(answer).toMatchObject({ replayed: true, settled: true, state: ['PaymentCanceled'] });
    expect([store.appends, store.events.length]).toEqual([1, 1]);
  });

  it('is answered through the first resting event, whatever came later', async () => {
    await executor.execute(task());
    elsewhere('refund', ['RefundRequested']);
    elsewhere('g1', ['PaymentCaptured', 'AuthorizationReleased'], 'c1');
    elsewhere('g2', ['RefundSucceeded'], 'refund');
    const answer = await executor.execute(task());
    expect(answer.state).toEqual(['CaptureRequested', 'RefundRequested', 'PaymentCaptured']);
    expect(answer).toMatchObject({ version: 3, settled: true, replayed: true, settledBy: { type: 'PaymentCaptured' } });
  });

  it('is not settled by the resting events of another command', async () => {
    await executor.execute(task());
    elsewhere('g1', ['RefundSucceeded'], 'refund');
    expect(await executor.execute(task())).toMatchObject({ settled: false, version: 2, settledBy: undefined });
  });

  it('is not refused by what is required now', async () => {
    await executor.execute(task());
    const requires = () => Promise.reject(new Error('no longer'));
    expect(await executor.execute(task({ requires }))).toMatchObject({ replayed: true });
    await expect(executor.execute(task({ requires, commandId: 'c2' }))).rejects.toThrow('no longer');
  });

  it('with another fingerprint is refused', async () => {
    await executor.execute(task());
    await expect(executor.execute(task({ asked: 'that' }))).rejects.toThrow(IdempotencyKeyReused);
  });
});

describe('a repeat on a stream that was removed', () => {
  it('is refused at once, however long its caller would wait, and carries nothing out', async () => {
    await executor.execute(task());
    store.events.length = 0;
    const decide = (): never => {
      throw new Error('it was decided again');
    };
    await expect(executor.execute(task({ waitMs: 60_000, decide }))).rejects.toThrow(EventsRemoved);
    await expect(executor.execute(task({ waitMs: 60_000, decide, asked: 'that' }))).rejects.toThrow(
      IdempotencyKeyReused,
    );
    expect([store.appends, store.events]).toEqual([1, []]);
  });
});

describe('a wait', () => {
  it('goes on past events that settle nothing', async () => {
    const waiting = executor.execute(task({ waitMs: 5_000 }));
    await turn();
    elsewhere('other', ['DisputeOpened']);
    wake?.();
    await turn();
    elsewhere('g1', ['PaymentCaptured'], 'c1');
    wake?.();
    expect((await waiting).state).toEqual(['CaptureRequested', 'DisputeOpened', 'PaymentCaptured']);
  });

  it('looks once more and gives up when too many wait already', async () => {
    let asked = 0;
    const crowded = {
      next: () => {
        asked += 1;
        return Promise.resolve(undefined);
      },
    };
    const { shards, reader, batcher } = store;
    const answer = await new CommandExecutor({ shards, reader, batcher, tail: crowded }).execute(
      task({ waitMs: 5_000 }),
    );
    expect(answer).toMatchObject({ settled: false, version: 1 });
    expect(asked).toBe(1);
  });

  it('ends with the patience of the caller', async () => {
    expect(await executor.execute(task({ waitMs: 30 }))).toMatchObject({ settled: false, replayed: false, version: 1 });
  });
});

describe('a command', () => {
  it('that changes nothing appends nothing and is settled', async () => {
    expect(await executor.execute(task({ decide: () => [] }))).toMatchObject({ settled: true, version: 0 });
    expect(store.appends).toBe(0);
  });

  it('reserves what its events need right before it appends, and not for nothing or for a repeat', async () => {
    let reserved = 0;
    const reserves = () => Promise.resolve(void (reserved += 1));
    await executor.execute(task({ commandId: 'c0', decide: () => [], reserves }));
    expect(reserved).toBe(0);
    for (let times = 0; times < 2; times += 1) await executor.execute(task({ reserves }));
    expect(reserved).toBe(1);
    const taken = new Error('somebody else has it');
    const refused = executor.execute(task({ commandId: 'c2', reserves: () => Promise.reject(taken) }));
    await expect(refused).rejects.toBe(taken);
    expect(store.events).toHaveLength(1);
  });

  it('against which a claim stands is refused', async () => {
    store.beforeAppend = () => ({ status: 'refused', rule: 'customer_email', heldBy: 'customer-1' });
    await expect(executor.execute(task())).rejects.toThrow(ClaimHeld);
  });

  it('whose requirement fails is not decided, and leaves no rejection behind', async () => {
    const requires = () => Promise.reject(new Error('refused'));
    await expect(executor.execute(task({ requires }))).rejects.toThrow('refused');
    expect(store.appends).toBe(0);
  });
});

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
