import { recordOf } from '#log';
import type { EventRow } from '#event-store';
import { eventColumns } from '#event-store';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';

import type { TestDatabase } from '../../../test/database/index.js';
import { changeLog } from '../../../test/database/change-log.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { generateLog } from '../../../test/bench/generated-log.js';
import type { TestTopics } from '../../../test/kafka/suite.js';
import { createTopics, describeWithKafka, testKafka } from '../../../test/kafka/suite.js';
import { openOperator } from '../operator/index.js';
import type { ReplayFormat } from './format.js';
import { formatterOf } from './format.js';
import { KafkaSource } from './kafka-source.js';
import { PostgresSource } from './postgres-source.js';
import { boundOf } from './range.js';
import { ResumeFile } from './resume-file.js';
import type { Replayed } from './run.js';
import { replay } from './run.js';
import type { ReplayQuery, ReplaySource } from './source.js';

const events = 9_000;
let database: TestDatabase;
let tenants: string[];
let directory: string;
/** The shard that has most of the events. */
let main: number;

beforeAll(async () => {
  database = await createTestDatabase();
  tenants = await generateLog(database.admin, { events, tenants: 5 });
  // As if the log had grown over eight days, a little out of order, as appends that wait for their turn are recorded.
  await changeLog(
    database.admin,
    `update billing.event e set recorded_at = timestamptz '2026-11-01 00:00:00.000001+00' + position * interval '192.000017 seconds'
       - (position % 7) * interval '30 seconds', metadata = case when position % 3 = 0
         then jsonb_build_object('actor', jsonb_build_object('type', 'person', 'subject', e'ada "the first", \\u00fc\\u2028\\n=1'), 'traceparent', '00-1-1-01')
         else metadata end`,
  );
  const { rows } = await database.admin.query<{ shard: number }>(
    'select shard from billing.log_head order by position desc limit 1',
  );
  main = rows[0]?.shard ?? 0;
  directory = mkdtempSync(join(tmpdir(), 'billing-replay-'));
}, 60_000);
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await database.drop();
});

interface Run extends Replayed {
  text: string;
}

interface Options {
  format?: ReplayFormat;
  raw?: boolean;
  resume?: string;
  /** Stops as Ctrl-C does after so many writes, or as `head` does. */
  interruptAfter?: number;
  closeAfter?: number;
}

const fromPostgres = (): ReplaySource =>
  new PostgresSource(openOperator({ DATABASE_URL: database.adminUrl }, 'billing_analyst'));

const run = async (source: ReplaySource, query: ReplayQuery, options: Options = {}): Promise<Run> => {
  const { format = 'ndjson', raw = false, resume, interruptAfter, closeAfter } = options;
  const controller = new AbortController();
  let text = '';
  let writes = 0;
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      writes += 1;
      if (closeAfter !== undefined && writes > closeAfter) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
        return;
      }
      text += chunk.toString();
      if (writes === interruptAfter) controller.abort();
      setImmediate(done);
    },
  });
  output.on('error', () => undefined);
  try {
    const replayed = await replay({
      source,
      query,
      formatter: formatterOf(format, raw),
      output,
      progress: { update: () => undefined },
      resume: resume === undefined ? undefined : new ResumeFile(resume, 'the same'),
      signal: controller.signal,
    });
    return { ...replayed, text };
  } finally {
    await source.close();
  }
};

const placesOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { position: string }).position);

const rowsWhere = async (where: string): Promise<EventRow[]> => {
  const { rows } = await database.admin.query<EventRow>(
    `select ${eventColumns} from billing.event where ${where} order by event.shard, event.position`,
  );
  return rows;
};

const shardsFrom = (position: number): string =>
  [main, (main + 1) % 16, (main + 15) % 16].map((shard) => `${shard}:${position}`).join(',');

const queries: [name: string, query: () => ReplayQuery, where: () => string][] = [
  ['everything', () => ({}), () => 'true'],
  [
    'some types',
    () => ({ types: ['PaymentCaptured', 'RefundSucceeded'] }),
    () => `type in ('PaymentCaptured', 'RefundSucceeded')`,
  ],
  ['a tenant', () => ({ tenantId: tenants[1] }), () => `tenant_id = '${tenants[1]}'`],
  [
    'a time, to the microsecond',
    () => ({ from: boundOf('--from', '2026-11-02'), to: boundOf('--to', '2026-11-03T12:00:00.000001Z') }),
    () => `recorded_at >= '2026-11-02 00:00:00+00' and recorded_at < '2026-11-03 12:00:00.000001+00'`,
  ],
  ['a time before the log', () => ({ to: boundOf('--to', '1970-01-01') }), () => 'false'],
  ['a time after it', () => ({ from: boundOf('--from', '2050-01-01') }), () => 'false'],
  [
    'positions of some shards',
    () => ({ from: boundOf('--from', shardsFrom(50)), to: boundOf('--to', shardsFrom(1_000)) }),
    () => `shard in (${main}, ${(main + 1) % 16}, ${(main + 15) % 16}) and position between 50 and 1000`,
  ],
];

describe('a replay from Postgres', () => {
  it.each(queries)('of %s is what the table holds, shard by shard and in order', async (_, query, where) => {
    const { text, ended } = await run(fromPostgres(), query());
    const rows = await rowsWhere(where());
    expect(ended).toBe('done');
    expect(placesOf(text)).toEqual(rows.map(({ shard, position }) => `${shard}:${position}`));
  });

  it('of a stream is that stream', async () => {
    const [{ stream_id: streamId, tenant_id: tenantId } = { stream_id: '', tenant_id: '' }] =
      await rowsWhere(`type = 'PaymentCaptured'`);
    const { text } = await run(fromPostgres(), { streamId, tenantId });
    expect(placesOf(text)).toHaveLength((await rowsWhere(`stream_id = '${streamId}'`)).length);
    expect((await run(fromPostgres(), { streamId })).text).toBe(text);
  });

  it('refuses a tenant that does not exist', async () => {
    await expect(run(fromPostgres(), { tenantId: '99999999-9999-4999-8999-999999999999' })).rejects.toThrow(
      'there is no tenant 99999999',
    );
  });

  it('has the line of GET /v1/events, and with --raw the data as it was stored', async () => {
    const [row] = await rowsWhere(`type = 'PaymentCreated'`);
    const query = { streamId: row?.stream_id, tenantId: row?.tenant_id, types: ['PaymentCreated'] } as ReplayQuery;
    const stored = JSON.parse(row?.data ?? '') as object;
    const upcast = await run(fromPostgres(), query);
    expect(JSON.parse(upcast.text)).toMatchObject({
      position: `${row?.shard}:${row?.position}`,
      schemaVersion: 1,
      data: { type: 'PaymentCreated', ...stored },
    });
    const raw = await run(fromPostgres(), query, { raw: true });
    expect(raw.text).toContain(`,"data":${row?.data}}\n`);
  });

  it('as CSV keeps what it quotes, under one header', async () => {
    const query: ReplayQuery = { from: boundOf('--from', `${main}:1`), to: boundOf('--to', `${main}:40`) };
    const { text } = await run(fromPostgres(), query, { format: 'csv' });
    const [header, ...records] = parseCsv(text);
    const rows = await rowsWhere(`shard = ${main} and position <= 40`);
    expect(header?.slice(0, 3)).toEqual(['shard', 'position', 'recordedAt']);
    expect(records.map((record) => [record[1], record[12], record[14]])).toEqual(
      rows.map(({ position, metadata, data }) => [position, metadata.actor.subject, data]),
    );
  });

  it('as a table has lines of one width that drive no terminal', async () => {
    const { text } = await run(fromPostgres(), { from: boundOf('--from', `${main}:1`) }, { format: 'table' });
    const lines = text.split('\n').slice(0, -1);
    expect(lines[0]).toMatch(/^POSITION +RECORDED AT +EVENT +STREAM +DATA$/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(160);
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('stops quietly when nobody reads on, as with head', async () => {
    const { ended } = await run(fromPostgres(), {}, { closeAfter: 0 });
    expect(ended).toBe('closed');
  });
});

describe('a replay that is interrupted', () => {
  it('goes on with its file without a repeat or a gap, as often as that happens', async () => {
    const file = join(directory, 'resume');
    const whole = await run(fromPostgres(), {}, { format: 'csv' });
    let text = '';
    for (let runs = 0; runs < 40; runs += 1) {
      const part = await run(fromPostgres(), {}, { format: 'csv', resume: file, interruptAfter: 1 });
      text += part.text;
      if (part.ended === 'done') break;
    }
    expect(text).toBe(whole.text);
    const more = await run(fromPostgres(), {}, { format: 'csv', resume: file });
    expect([more.text, more.events]).toEqual(['', 0]);
  });

  it('refuses a file that is another replay’s, or none', async () => {
    const file = join(directory, 'other');
    writeFileSync(file, JSON.stringify({ version: 1, replay: '--types Refund*', positions: {} }));
    await expect(run(fromPostgres(), {}, { resume: file })).rejects.toThrow('belongs to a replay with other options');
    for (const text of ['', 'x', 'null', '{}', '{"version":1,"replay":"the same","positions":{"0":-1}}']) {
      writeFileSync(file, text);
      await expect(run(fromPostgres(), {}, { resume: file })).rejects.toThrow('is no resume file');
      expect(readFileSync(file, 'utf8')).toBe(text);
    }
    await expect(run(fromPostgres(), {}, { resume: join(directory, 'none', 'x') })).rejects.toThrow(
      'cannot be written',
    );
    await expect(run(fromPostgres(), {}, { resume: directory })).rejects.toThrow('cannot be read');
  });
});

describe('an event that this release cannot read', () => {
  it('ends a replay with its version, and not one with --raw', async () => {
    await changeLog(
      database.admin,
      `update billing.event set schema_version = 9 where shard = ${main} and position = 20`,
    );
    try {
      const query: ReplayQuery = { from: boundOf('--from', `${main}:1`), to: boundOf('--to', `${main}:40`) };
      await expect(run(fromPostgres(), query)).rejects.toThrow(/event \w+ v9 is not known to this release/);
      expect(placesOf((await run(fromPostgres(), query, { raw: true })).text)).toHaveLength(40);
    } finally {
      await changeLog(
        database.admin,
        `update billing.event set schema_version = 1 where shard = ${main} and position = 20`,
      );
    }
  });
});

describeWithKafka('a replay from Kafka', (brokers) => {
  let topics: TestTopics;
  const fromKafka = (prefix = topics.prefix): ReplaySource =>
    new KafkaSource({ brokers, topicPrefix: prefix, tls: undefined, sasl: undefined });

  const publish = async (rows: readonly EventRow[]): Promise<void> => {
    const producer = testKafka(brokers).producer();
    await producer.connect();
    for (let at = 0; at < rows.length; at += 1_000) {
      await producer.send({
        topic: `${topics.prefix}billing.events.v1`,
        messages: rows.slice(at, at + 1_000).map((row) => recordOf(row, 1)),
      });
    }
    await producer.disconnect();
  };

  beforeAll(async () => {
    topics = await createTopics(brokers);
    const rows = await rowsWhere('true');
    // A relay that dies sends its last batch again.
    await publish(
      rows.flatMap((row, at) =>
        at % 500 === 499 ? [row, ...rows.slice(at - 9, at + 1).filter((each) => each.shard === row.shard)] : [row],
      ),
    );
  }, 60_000);
  afterAll(() => topics.drop());

  it.each(queries)('of %s has the same bytes as one from Postgres', async (_, query) => {
    for (const [format, raw] of [
      ['ndjson', false],
      ['csv', true],
    ] as const) {
      const [kafka, postgres] = await Promise.all([
        run(fromKafka(), query(), { format, raw }),
        run(fromPostgres(), query(), { format, raw }),
      ]);
      expect(differenceOf(kafka.text, postgres.text)).toBeUndefined();
      expect(kafka.events).toBe(postgres.events);
    }
  });

  it('that is interrupted goes on with its file, from either source', async () => {
    const file = join(directory, 'resume-kafka');
    const whole = await run(fromPostgres(), {});
    let text = '';
    for (let runs = 0; runs < 60; runs += 1) {
      const part = await run(runs % 2 === 0 ? fromKafka() : fromPostgres(), {}, { resume: file, interruptAfter: 4 });
      text += part.text;
      if (part.ended === 'done') break;
    }
    expect(differenceOf(text, whole.text)).toBeUndefined();
  }, 120_000);

  it('says what is missing: the topic, the brokers, or a position', async () => {
    await expect(run(fromKafka('no-such-'), {})).rejects.toThrow('there is no topic no-such-billing.events.v1');
    const other = await createTopics(brokers);
    const before = topics;
    topics = other;
    try {
      await publish(await rowsWhere(`shard = ${main} and position in (1, 2, 4)`));
      await expect(run(fromKafka(), {})).rejects.toThrow(`goes on with ${main}:4 after ${main}:2`);
    } finally {
      topics = before;
      await other.drop();
    }
  }, 60_000);
});

/** The first line in which two long texts differ: jest would take minutes to tell. */
const differenceOf = (one: string, other: string): unknown => {
  if (one === other) return undefined;
  const [ones, others] = [one.split('\n'), other.split('\n')];
  const at = ones.findIndex((line, index) => line !== others[index]);
  return { at, one: ones[at]?.slice(0, 300), other: others[at]?.slice(0, 300), lines: [ones.length, others.length] };
};

/** RFC 4180, by the book. */
const parseCsv = (text: string): string[][] => {
  const records: string[][] = [[]];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    records.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\n') records.push([]);
  }
  return records.slice(0, -1);
};
