import type { DomainEvent } from '#contracts';
import { Batcher, StreamReader, TenantShards, appendOver } from '#event-store';
import { LogTail } from '#log';
import { randomUUID } from 'node:crypto';

import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';
import type { Aggregate } from './aggregates.js';
import type { Task } from './executor.js';
import { CommandExecutor } from './executor.js';
import { IdempotencyKeyReused } from './refusals.js';

/** The types of its events, in order. */
const history: Aggregate<readonly string[], DomainEvent> = {
  streamOf: (id) => `payment-${id}`,
  initial: [],
  evolve: (types, { type }) => [...types, type],
};

let database: TestDatabase;
let tenantId: string;
const tails: LogTail[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  tenantId = await database.addTenant();
});
afterAll(async () => {
  await Promise.all(tails.map((tail) => tail.close()));
  await database.drop();
});

/** What lets all of `count` go on once the last has arrived; who comes later is not held up. */
const barrier = (count: number): (() => Promise<void>) => {
  let arrived = 0;
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return () => {
    arrived += 1;
    if (arrived === count) open();
    return opened;
  };
};

/** An executor with pools of its own, as another process would have. It meets the others at `meet` after each read. */
const process = async (meet: () => Promise<void>): Promise<CommandExecutor> => {
  const pool = database.pool('billing_api');
  const tail = new LogTail(pool, database.url('billing_api'), { warn: () => undefined });
  await tail.start();
  tails.push(tail);
  const reader = new StreamReader(pool);
  const read = reader.read.bind(reader);
  reader.read = async (wanted) => {
    const found = await read(wanted);
    await meet();
    return found;
  };
  return new CommandExecutor({ shards: new TenantShards(pool), reader, batcher: new Batcher(appendOver(pool)), tail });
};

const task = (commandId: string, id: string, asked = 'this'): Task<readonly string[], DomainEvent> => ({
  context: {
    tenantId,
    actor: { type: 'person', subject: 'tester' },
    commandId,
    fingerprint: Buffer.from(asked.padEnd(32)),
    at: '2026-11-01T10:00:00.000Z',
    waitMs: 0,
  },
  aggregate: history,
  id,
  decide: (state) => (state.length < 3 ? [{ type: 'PaymentCreated' }] : []),
});

describe('two processes that have both read before either appends', () => {
  it('carry out one command once, and give one answer', async () => {
    const meet = barrier(2);
    const [one, two] = await Promise.all([process(meet), process(meet)]);
    const [commandId, id] = [randomUUID(), randomUUID()];
    const answers = await Promise.all([one.execute(task(commandId, id)), two.execute(task(commandId, id))]);
    expect(answers.map(({ replayed }) => replayed).sort()).toEqual([false, true]);
    for (const answer of answers)
      expect(answer).toMatchObject({ state: ['PaymentCreated'], version: 1, settled: true });
    expect(answers[0].position).toBe(answers[1].position);
  });

  it('refuse the one that asked for something else under the same key', async () => {
    const meet = barrier(2);
    const [one, two] = await Promise.all([process(meet), process(meet)]);
    const [commandId, id] = [randomUUID(), randomUUID()];
    const outcomes = await Promise.allSettled([
      one.execute(task(commandId, id)),
      two.execute(task(commandId, id, 'that')),
    ]);
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(refused).toEqual([expect.any(IdempotencyKeyReused)]);
  });

  it('decide two commands of one stream one after the other', async () => {
    const meet = barrier(2);
    const [one, two] = await Promise.all([process(meet), process(meet)]);
    const id = randomUUID();
    const answers = await Promise.all([one.execute(task(randomUUID(), id)), two.execute(task(randomUUID(), id))]);
    expect(answers.map(({ version }) => version).sort()).toEqual([1, 2]);
    expect(answers.map(({ replayed }) => replayed)).toEqual([false, false]);
  });
});
