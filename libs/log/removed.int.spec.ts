import { openOperator } from '../../apps/cli/operator/index.js';
import { relayFor } from '../../apps/relay/testing/index.js';
import { PostgresSource } from '../../apps/cli/replay/postgres-source.js';
import { KafkaSource } from '../../apps/cli/replay/kafka-source.js';
import { boundOf } from '../../apps/cli/replay/range.js';
import type { ReplayQuery, ReplaySource } from '../../apps/cli/replay/source.js';
import { StreamWriter } from '../../test/contract/log-writer.js';
import { changeLog } from '../../test/database/change-log.js';
import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';
import type { TestTopics } from '../../test/kafka/suite.js';
import { createTopics, describeWithKafka } from '../../test/kafka/suite.js';
import type { LogObserver } from './index.js';
import { KafkaLog, unexplained } from './index.js';

const shard = 4;

let database: TestDatabase;
let writer: StreamWriter;
beforeAll(async () => {
  database = await createTestDatabase();
  writer = await StreamWriter.in(database, shard);
  await writer.append(...Array.from({ length: 60 }, () => writer.newStream()));
  await changeLog(
    database.admin,
    `update billing.event set recorded_at = timestamptz '2018-01-01Z' + position * interval '1 day'`,
  );
});
afterAll(() => database.drop());

/** As a removal leaves it: rows that are gone, and a note of where they were. */
const removeRange = async (first: number, last: number): Promise<void> => {
  await changeLog(database.admin, 'delete from billing.event where shard = $1 and position between $2 and $3', [
    shard,
    first,
    last,
  ]);
  await database.admin.query('insert into billing.event_removed values ($1, $2, $3)', [shard, first, last]);
};
const left = async (): Promise<number[]> => {
  const { rows } = await database.admin.query<{ position: number }>(
    'select position::integer as position from billing.event where shard = $1 order by position',
    [shard],
  );
  return rows.map(({ position }) => position);
};
const replayed = async (source: ReplaySource, query: ReplayQuery = {}): Promise<number[]> => {
  const found: number[] = [];
  await source.open(query, new Map());
  for await (const { rows } of source.pages(new AbortController().signal))
    found.push(...rows.map(({ position }) => Number(position)));
  await source.close();
  return found;
};

describe('positions that a removal has emptied', () => {
  it('explain a gap where they fill all of it, and no other', async () => {
    await removeRange(1, 7);
    await removeRange(11, 12);
    await removeRange(13, 19);
    await removeRange(31, 40);
    const pool = database.pool('billing_projector', { max: 1 });
    const gap = (first: number, last: number) => ({ shard, first, last });
    const explained = [gap(1, 7), gap(2, 3), gap(11, 19), gap(12, 14), gap(31, 40), gap(40, 40)];
    const not = [gap(1, 8), gap(7, 11), gap(10, 19), gap(19, 31), gap(41, 41), gap(30, 40), { ...gap(1, 7), shard: 5 }];
    expect(await unexplained(pool, [...explained, ...not])).toEqual(not);
    expect(await unexplained(pool, [])).toEqual([]);
  });

  it('are passed over by a replay from Postgres, which finds a time behind them', async () => {
    const source = () => new PostgresSource(openOperator({ DATABASE_URL: database.adminUrl }, 'billing_analyst'));
    expect(await replayed(source())).toEqual(await left());
    for (const position of [1, 8, 12, 20, 31, 35, 41]) {
      const from = boundOf('--from', new Date(Date.UTC(2018, 0, 1 + position)).toISOString());
      expect(await replayed(source(), { from })).toEqual((await left()).filter((each) => each >= position));
    }
  });
});

describeWithKafka('a topic of events', (brokers) => {
  let filledBefore: TestTopics;
  let filledAfter: TestTopics;
  beforeAll(async () => {
    [filledBefore, filledAfter] = await Promise.all([createTopics(brokers), createTopics(brokers)]);
  });
  afterAll(() => Promise.all([filledBefore.drop(), filledAfter.drop()]));

  const carry = async (topics: TestTopics): Promise<string[]> => {
    const relay = relayFor(database, brokers, topics.prefix);
    await relay.start();
    await relay.whenCaughtUp(30_000);
    await relay.close();
    return relay.said;
  };
  /** What a new consumer sees up to the end of the log, and what it is warned of. */
  const consumed = async (topics: TestTopics, consumer: string, proven: boolean): Promise<[number[], string[]]> => {
    const seen: number[] = [];
    const warned: string[] = [];
    const observer: LogObserver = { warn: (message) => void warned.push(message) };
    const settings = { brokers, topicPrefix: topics.prefix } as ConstructorParameters<typeof KafkaLog>[0]['settings'];
    const log = new KafkaLog({
      pool: database.pool('billing_projector', { max: 4 }),
      settings,
      app: 'projector',
      observer,
    });
    const subscription = await log.subscribe({
      consumer,
      proven,
      handle: (events) => {
        seen.push(...events.map(({ position }) => position));
        return Promise.resolve();
      },
    });
    await subscription.whenCaughtUp();
    await log.close();
    return [seen, warned];
  };

  it('is filled over them without a gap, and read over them, by those who ask for proof too', async () => {
    expect((await carry(filledAfter)).filter((line) => line.includes('gap'))).toEqual([]);
    for (const proven of [false, true]) {
      const [seen, warned] = await consumed(filledAfter, `projector:after-${proven}`, proven);
      expect([seen, warned]).toEqual([await left(), []]);
    }
    const settings = { brokers, topicPrefix: filledAfter.prefix } as ConstructorParameters<typeof KafkaSource>[0];
    expect(await replayed(new KafkaSource(settings))).toEqual(await left());
  });

  it('that has kept the events is read by those who ask for proof as if it had not, and carried on', async () => {
    await carry(filledBefore);
    const before = await left();
    await removeRange(45, 50);
    const [seen, warned] = await consumed(filledBefore, 'projector:before', true);
    expect([seen, warned]).toEqual([await left(), []]);
    expect(before.length - seen.length).toBe(6);
    await writer.append(writer.newStream());
    expect(await carry(filledBefore)).toEqual([]);
  });
});
