import type { AppendBatch, AppendCommand, AppendResult } from './append.js';
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
    ['a transaction that was idle for too long', '25P03'],
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

describe('a batch that shards share', () => {
  const named = (commandId: string) => ({ commandId }) as AppendCommand;
  const done: AppendResult = { status: 'ok', version: 1, position: 1 };
  /** A store that says what it was asked to write, and answers shared batches by `across`. */
  const store = (
    across: (commandId: string) => AppendResult | undefined,
    alone: (commandId: string) => AppendResult = () => done,
  ) => {
    const asked: string[] = [];
    const named = (commands: readonly AppendCommand[]) => commands.map(({ commandId }) => commandId);
    const append: AppendBatch = Object.assign(
      (shard: number, commands: readonly AppendCommand[]) => {
        asked.push(`${String(shard)}: ${named(commands).join()}`);
        return Promise.resolve().then(() => named(commands).map(alone));
      },
      {
        across: (commands: readonly AppendCommand[]) => {
          asked.push(`all: ${named(commands).join()}`);
          return Promise.resolve().then(() => named(commands).map(across));
        },
      },
    );
    return { asked, append };
  };

  it('holds the commands of all shards that are ready, and no more than a batch may', async () => {
    const { asked, append } = store(() => done);
    const batcher = new Batcher(append, { maxBatch: 3 });
    await Promise.all([
      ...['a', 'b'].map((id) => batcher.append(1, named(id))),
      ...['c', 'd'].map((id) => batcher.append(2, named(id))),
      batcher.append(3, named('e')),
    ]);
    expect(asked).toEqual(['all: a,b,e', '2: c,d']);
    expect(batcher.queued).toBe(0);
  });

  it('leaves out whom another writer holds up: they go alone, before those that came meanwhile', async () => {
    const { asked, append } = store((id) => (id === 'b' ? undefined : done));
    const batcher = new Batcher(append);
    const first = [batcher.append(1, named('a')), batcher.append(2, named('b'))];
    await Promise.resolve();
    expect(await Promise.all([...first, batcher.append(2, named('c'))])).toEqual([done, done, done]);
    expect(asked).toEqual(['all: a,b', '2: b,c']);
  });

  it('goes again shard by shard where it raised, and a shard that still raises shares none until it does not', async () => {
    const poison = (id: string): AppendResult => {
      if (id.startsWith('x')) throw failing('42501');
      return done;
    };
    const { asked, append } = store(poison, poison);
    const batcher = new Batcher(append);
    const all = (...ids: string[]) => Promise.allSettled(ids.map((id, shard) => batcher.append(shard, named(id))));
    expect((await all('a', 'x')).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await all('b', 'c', 'd');
    await all('e', 'f');
    expect(asked).toEqual(['all: a,x', '0: a', '1: x', 'all: b,d', '1: c', 'all: e,f']);
  });
});
